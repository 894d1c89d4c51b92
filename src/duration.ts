const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a duration looks like in the config and on the command line: a whole number and a unit. */
export const DURATION_PATTERN = /^(\d{1,6})(ms|s|m|h|d)$/;

/** Reads `30s`, `10m`, `24h` or `3d`. Returns milliseconds, or `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const found = DURATION_PATTERN.exec(text);
  if (found === null) return undefined;
  return Number(found[1]) * UNITS[found[2] as keyof typeof UNITS];
}
