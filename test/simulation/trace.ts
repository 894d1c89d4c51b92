/** A rule that the outbox or the store has broken. */
export class BrokenRule extends Error {}

/** Lines that a failure prints. */
const LINES_SHOWN = 60;

/**
 * What happened, a line each, and the first rule that was broken. A rule may be broken deep inside of what catches exceptions,
 * so it is written down here and thrown by the loop.
 */
export class Trace {
  readonly lines: string[] = [];
  readonly #time: () => number;
  #broken: string | undefined;

  /** @param time milliseconds since the simulation began */
  constructor(time: () => number) {
    this.#time = time;
  }

  add(line: string): void {
    this.lines.push(`${(this.#time() / 1_000).toFixed(3).padStart(9)}  ${line}`);
  }

  /** Writes down that a rule does not hold, unless it does. */
  expect(holds: boolean, rule: string): void {
    if (holds) return;
    this.add(`BROKEN: ${rule}`);
    this.#broken ??= rule;
  }

  /** @throws BrokenRule when a rule was broken */
  throwIfBroken(): void {
    if (this.#broken === undefined) return;
    throw new BrokenRule(`${this.#broken}\n${this.lines.slice(-LINES_SHOWN).join('\n')}`);
  }
}
