/** Random numbers that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Values as runs log them, and worse: plateaus, spikes of any magnitude, NaN, infinities, zeros. */
export function randomValues(random: () => number, count: number): number[] {
  const wild = random() < 0.5;
  const bad = random() < 0.5 ? 0.02 : 0.002;
  let level = random() * 10;
  return Array.from({ length: count }, () => {
    const dice = random();
    if (dice < bad) return Number.NaN;
    if (dice < bad * 1.5) return Number.POSITIVE_INFINITY;
    if (dice < bad * 2) return Number.NEGATIVE_INFINITY;
    if (dice < 0.1) return 0;
    if (dice < 0.3) return level;
    if (wild && dice < 0.45) return (random() - 0.5) * 10 ** (Math.floor(random() * 60) - 30);
    level += random() - 0.5;
    return dice < 0.6 ? Math.round(level) : level;
  });
}
