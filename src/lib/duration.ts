const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The form of a duration in the config and on the command line: a whole number and a unit. */
export const DURATION_PATTERN = /^(\d{1,6})(ms|s|m|h|d)$/;

/** Reads `30s`, `10m`, `24h` or `3d`. Returns milliseconds, or `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const found = DURATION_PATTERN.exec(text);
  if (found === null) return undefined;
  return Number(found[1]) * UNITS[found[2] as keyof typeof UNITS];
}

/** A duration as the config has it, in the largest unit that keeps it whole: `30s`, `10m`, `24h`, `3d`. */
export function durationInConfig(milliseconds: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find(
    (one) => milliseconds > 0 && milliseconds % UNITS[one] === 0 && (one !== 'd' || milliseconds > UNITS.d),
  );
  return unit === undefined ? `${milliseconds}ms` : `${milliseconds / UNITS[unit]}${unit}`;
}

/** How long something took: `42 s`, `3 min`, `1 h 5 min`, `2 d 3 h`. */
export function durationWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60 > 0) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
