import type { SqlValue } from './work.ts';

/** Conditions with the values that their placeholders stand for. */
export class Where {
  readonly values: SqlValue[] = [];
  readonly #conditions: string[];

  constructor(...conditions: string[]) {
    this.#conditions = conditions;
  }

  /** `?` in `condition` is the value. */
  and(condition: string, value?: SqlValue): void {
    if (value !== undefined) this.values.push(value);
    this.#conditions.push(condition.replace('?', `$${this.values.length}`));
  }

  /** Adds to the latest condition. */
  more(text: string, value?: SqlValue): void {
    if (value !== undefined) this.values.push(value);
    const last = this.#conditions.pop() ?? '';
    this.#conditions.push(`${last}${text.replace('?', `$${this.values.length}`)}`);
  }

  toString(): string {
    return `WHERE ${this.#conditions.join(' AND ')}`;
  }
}
