/** How the W&B stand-in goes wrong, on purpose. */

/**
 * Of the connection: `hang` never answers, `reset` breaks the connection, `slow` answers after a second, `502` and `html` come
 * from a gateway, `429` with `Retry-After`, `429-day` with one of a day, `errors` is a 200 that has them beside data that is null,
 * `cut` ends the JSON in its middle, `cut-connection` breaks it there, and `cut-hang` sends no more, without an end.
 *
 * Of answers about runs, all of them seen or possible: `empty-pages` come before others and say that there are more;
 * `repeated-runs`: a page begins with the last run of the page before; `stuck-cursor` never moves; `fewer-specs`: the last one
 * is not answered; `no-history`: null; `repeated-rows`: every row comes twice; `mixed-rows`: in another order;
 * `late-rows`: the newest row is counted, and not there yet; `refused-filters`: filters on other things than names are refused.
 */
export type MisbehaviourKind =
  | 'hang'
  | 'reset'
  | 'slow'
  | '502'
  | 'html'
  | '429'
  | '429-day'
  | 'errors'
  | 'cut'
  | 'cut-connection'
  | 'cut-hang'
  | 'empty-pages'
  | 'repeated-runs'
  | 'stuck-cursor'
  | 'fewer-specs'
  | 'no-history'
  | 'repeated-rows'
  | 'mixed-rows'
  | 'late-rows'
  | 'refused-filters';

export interface MisbehaviourOptions {
  /** How often; default once. `Infinity`: until the returned function is called. */
  readonly times?: number;
  /** Of the connection: only for requests whose document has this text. */
  readonly on?: string;
}

interface Active {
  readonly kind: MisbehaviourKind;
  readonly on: string | undefined;
  left: number;
}

const OF_CONNECTION: readonly MisbehaviourKind[] = [
  'hang',
  'reset',
  'slow',
  '502',
  'html',
  '429',
  '429-day',
  'errors',
  'cut',
  'cut-connection',
  'cut-hang',
];

/** What goes wrong next. */
export class Misbehaviour {
  readonly #active: Active[] = [];

  /** @returns ends it */
  begin(kind: MisbehaviourKind, { times = 1, on }: MisbehaviourOptions = {}): () => void {
    const active = { kind, on, left: times };
    this.#active.push(active);
    return () => {
      active.left = 0;
    };
  }

  /** Everything goes well from now on. */
  end(): void {
    for (const active of this.#active) active.left = 0;
  }

  /** What happens to the connection of this request, used up once. */
  takeOfConnection(document: string): MisbehaviourKind | undefined {
    return this.#take(({ kind, on }) => OF_CONNECTION.includes(kind) && (on === undefined || document.includes(on)));
  }

  /** Whether an answer about runs goes wrong in this way, used up once. */
  take(wanted: MisbehaviourKind): boolean {
    return this.#take(({ kind }) => kind === wanted) !== undefined;
  }

  #take(fits: (active: Active) => boolean): MisbehaviourKind | undefined {
    const found = this.#active.find((active) => active.left > 0 && fits(active));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.kind;
  }
}
