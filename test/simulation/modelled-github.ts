import type { PriorResult, SendContext, SendResult, Target } from '../../receiver/outbox/target.ts';
import type { Dice } from '../../scripts/torture/seeded.ts';
import type { Trace } from './trace.ts';

export interface GitHubOptions {
  readonly dice: Dice;
  readonly trace: Trace;
  /** Milliseconds since 1970, by the clock of whoever asks. */
  readonly now: () => number;
  /** Everything works from now on. */
  readonly isCalm: () => boolean;
  /** Two processes may hold the lease of one delivery, each by its own clock. */
  readonly clocksWereSet: () => boolean;
}

/** What the process that asks goes through on the way: it may end there. */
export type Boundary = (what: string) => Promise<void>;

type Fate = 'ok' | 'late' | 'unreachable' | 'error' | 'accepted, no answer' | 'hang' | 'accepted, hang' | 'limited' | 'refused';

/** In hundredths; the rest is `ok`. */
const FATES: readonly (readonly [Fate, number])[] = [
  ['late', 5],
  ['unreachable', 7],
  ['error', 8],
  ['accepted, no answer', 10],
  ['hang', 2],
  ['accepted, hang', 2],
  ['limited', 4],
  ['refused', 4],
];

const base = { status: null } as const;

/** GitHub as far as the outbox can see it: dispatches take effect or not, and runs are listed some time later. */
export class ModelledGitHub {
  readonly #options: GitHubOptions;
  /** Deliveries that took effect, in that order; one that did so twice stands there twice. */
  readonly effects: string[] = [];
  readonly #listedAt = new Map<string, number>();
  /** Whether the last attempt of a delivery may have had an effect that nobody has looked for since. */
  readonly #isUnclear = new Map<string, boolean>();

  constructor(options: GitHubOptions) {
    this.#options = options;
  }

  /** The way of one process to GitHub. */
  targetFor(boundary: Boundary): Target {
    return {
      send: (_request, context) => this.#send(context, boundary),
      findPrior: (_request, context) => this.#look(context, boundary),
    };
  }

  /** The process that had this in flight ended, or its lease did. */
  becameUnclear(deliveryId: string): void {
    this.#isUnclear.set(deliveryId, true);
  }

  async #send({ deliveryId, signal }: SendContext, boundary: Boundary): Promise<SendResult> {
    const { dice, trace, now, clocksWereSet } = this.#options;
    const isKnown = this.#isUnclear.get(deliveryId) !== true || clocksWereSet();
    trace.expect(isKnown, `${deliveryId} is sent again, and nobody has looked what the last attempt did`);
    await boundary(`send ${deliveryId}`);
    const fate = this.#options.isCalm() ? 'ok' : this.#chooseFate();
    trace.add(`GitHub: ${deliveryId}: ${fate}`);
    if (fate === 'unreachable') return { ...base, outcome: 'failed', ambiguous: false, detail: fate };
    this.#isUnclear.set(deliveryId, fate !== 'refused' && fate !== 'limited');
    if (fate === 'ok' || fate === 'late' || fate.startsWith('accepted')) this.#takeEffect(deliveryId);
    if (fate.endsWith('hang')) return new Promise((resolve) => whenAborted(signal, () => resolve(unclear(fate))));
    await wait(fate === 'late' ? dice.between(5_000, 50_000) : dice.between(1, 400));
    await boundary(`answer to ${deliveryId}`);
    switch (fate) {
      case 'ok':
      case 'late':
        return { ...base, outcome: 'delivered', run: null, detail: fate };
      case 'limited':
        return { ...base, outcome: 'limited', until: now() + dice.between(1_000, 90_000), detail: fate };
      case 'refused':
        return { ...base, outcome: 'refused', detail: 'refused: no such repository' };
      default:
        return unclear(fate);
    }
  }

  async #look({ deliveryId }: SendContext, boundary: Boundary): Promise<PriorResult> {
    const { dice, trace, now, isCalm } = this.#options;
    await boundary(`look ${deliveryId}`);
    await wait(dice.between(1, 400));
    await boundary(`answer about ${deliveryId}`);
    const luck = isCalm() ? 1 : dice.next();
    if (luck < 0.05) return { ...base, outcome: 'failed', ambiguous: false, detail: 'GitHub answered 503' };
    if (luck < 0.08) return { ...base, outcome: 'limited', until: now() + dice.between(1_000, 30_000), detail: 'limited' };
    this.#isUnclear.set(deliveryId, false);
    if (luck < 0.1) return { outcome: 'unknowable', detail: 'not permitted' };
    const isListed = (this.#listedAt.get(deliveryId) ?? Number.POSITIVE_INFINITY) <= Date.now();
    trace.add(`GitHub: ${deliveryId} is ${isListed ? '' : 'not '}listed`);
    return isListed ? { outcome: 'found', run: null } : { outcome: 'not_found' };
  }

  #takeEffect(deliveryId: string): void {
    const { dice, isCalm } = this.#options;
    this.effects.push(deliveryId);
    if (!this.#listedAt.has(deliveryId)) this.#listedAt.set(deliveryId, Date.now() + (isCalm() ? 0 : dice.between(0, 12_000)));
  }

  #chooseFate(): Fate {
    let rest = this.#options.dice.next() * 100;
    for (const [fate, weight] of FATES) {
      rest -= weight;
      if (rest < 0) return fate;
    }
    return 'ok';
  }
}

function unclear(detail: string): SendResult {
  return { ...base, outcome: 'failed', ambiguous: true, detail };
}

function whenAborted(signal: AbortSignal, work: () => void): void {
  if (signal.aborted) work();
  else signal.addEventListener('abort', work, { once: true });
}

/** Virtual milliseconds. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
