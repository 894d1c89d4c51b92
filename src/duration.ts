const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a duration looks like in the config and on the command line: a whole number and a unit. */
export const DURATION_PATTERN = /^(\d{1,6})(ms|s|m|h|d)$/;

/** Reads `30s`, `10m`, `24h` or `3d`. Returns milliseconds, or `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const found = DURATION_PATTERN.exec(text);
  if (found === null) return undefined;
  return Number(found[1]) * UNITS[found[2] as keyof typeof UNITS];
}

const SMALLER = { d: 'h', h: 'm', m: 's' } as const;

/** Writes milliseconds for a person: the largest unit that keeps at most one decimal, such as `4.2s` or `3d`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  for (const unit of ['d', 'h', 'm'] as const) {
    // What would round up to a whole larger unit is one: 59.96 s are 1m, not 60s.
    if (Math.round((ms / UNITS[SMALLER[unit]]) * 10) * UNITS[SMALLER[unit]] >= UNITS[unit] * 10) return `${trim(ms / UNITS[unit])}${unit}`;
  }
  return `${trim(ms / 1000)}s`;
}

function trim(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
