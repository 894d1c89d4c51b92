/** Which config a receiver works by, and whether the file says something else by now. */
export interface ConfigStatus {
  /** As people named it. */
  readonly file: string;
  /** Since when the config is in use, milliseconds since 1970. */
  readonly since: number;
  /** The file was changed since, and what is in it cannot be used; left out: it says what is in use. */
  readonly refused?: {
    /** Milliseconds since 1970. */
    readonly at: number;
    /** Lines for people; at least one. */
    readonly problems: readonly string[];
  };
}

/** What a person should know and do about it: one sentence, on `/readyz` and on every page. `undefined`: nothing. */
export function configTrouble({ file, since, refused }: ConfigStatus): string | undefined {
  if (refused === undefined) return undefined;
  const [first = '', ...others] = refused.problems;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `${file} was changed and is refused, so the config of ${utc(since)} stays in use: ${first}${more}. Correct the file`;
}

function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
