import type { NewEvent } from '../../receiver/store/delivery.ts';
import { Sending } from '../../receiver/store/sqlite/sending.ts';
import { type Dice, seeded } from '../../scripts/torture/seeded.ts';
import { APPROVAL } from '../receiver/store/conversation-samples.ts';
import { deliveryOf, eventOf, firingOf } from '../receiver/store/samples.ts';
import { ModelledGitHub, wait } from './modelled-github.ts';
import { Rules } from './rules.ts';
import { DEDUPE_WINDOW_MS, openDatabase, SimulatedProcess } from './simulated-process.ts';
import { Trace } from './trace.ts';

/** The timers of the simulation, which stand still until they are told. */
export interface VirtualTime {
  /** Moves the time to the next timer and runs it. */
  next(): void;
  /** Resolves when everything that follows from it without a timer has happened. */
  settled(): Promise<void>;
}

export interface SimulationResult {
  readonly events: number;
  readonly effects: number;
  readonly crashes: number;
  /** What happened, a line each: the same for the same seed. */
  readonly lines: readonly string[];
}

const EVENTS = 40;
const SUBJECTS = ['red', 'green', 'blue'];
/** Events come in during this time, and things go wrong for as long. Milliseconds. */
const TROUBLE_MS = 240_000;
const COOLDOWN_MS = 45_000;
const CLOCK_ERRORS = [15_000, 200_000, 900_000, -15_000, -200_000];
/** Virtual. By then all that waits has been sent, or never will be. */
const LONGEST_MS = 2 * 3_600_000;

/**
 * Runs the real outbox over the real store on a SQLite file, against a modelled GitHub. Time, order, faults, crashes and clocks
 * come from the seed, so the same seed does the same.
 *
 * @throws BrokenRule with what happened before it
 */
export async function simulate(seed: number, path: string, time: VirtualTime): Promise<SimulationResult> {
  return new Simulation(seed, path).run(time);
}

class Simulation {
  readonly #dice: Dice;
  readonly #path: string;
  readonly #startedAt = Date.now();
  readonly #trace = new Trace(() => Date.now() - this.#startedAt);
  readonly #observer: ReturnType<typeof openDatabase>;
  readonly #github: ModelledGitHub;
  readonly #rules: Rules;
  readonly #processes: SimulatedProcess[] = [];
  #sending = new Sending();
  readonly #isAlone: boolean;
  #running: SimulatedProcess[] = [];
  #aheadMs = 0;
  #wereClocksSet = false;
  #isCalm = false;
  #crashes = 0;
  #tokens = 0;
  #waiting = 0;

  constructor(seed: number, path: string) {
    this.#dice = seeded(seed);
    this.#path = path;
    this.#isAlone = this.#dice.chance(0.5);
    this.#observer = openDatabase(path);
    this.#github = new ModelledGitHub({
      dice: this.#dice.fork('github'),
      trace: this.#trace,
      now: this.#now,
      isCalm: () => this.#isCalm,
      clocksWereSet: () => this.#wereClocksSet,
    });
    this.#rules = new Rules(this.#observer, this.#github, this.#trace);
  }

  async run({ next, settled }: VirtualTime): Promise<SimulationResult> {
    try {
      this.#begin();
      await settled();
      while (!this.#isOver()) {
        next();
        await settled();
        this.#trace.throwIfBroken();
        const isLate = Date.now() - this.#startedAt > LONGEST_MS;
        this.#trace.expect(!isLate, `${this.#rules.unfinished().join(', ')} are stuck: nothing goes wrong any more, and they are not sent`);
        this.#trace.throwIfBroken();
      }
      await this.#rules.inspect();
      if (!this.#wereClocksSet) this.#rules.checkOrderOfEffects();
      this.#trace.throwIfBroken();
      const { lines } = this.#trace;
      return { events: EVENTS, effects: this.#github.effects.length, crashes: this.#crashes, lines };
    } finally {
      for (const process of this.#processes) await process.close();
      this.#observer.close();
    }
  }

  readonly #now = (): number => Date.now() + this.#aheadMs;

  #isOver(): boolean {
    return this.#isCalm && this.#waiting === 0 && this.#rules.unfinished().length === 0;
  }

  #begin(): void {
    for (let number = 0; number < (this.#isAlone ? 1 : 2); number++) this.#startProcess(number);
    for (let number = 1; number <= EVENTS; number++) this.#later(() => this.#sendEvent(number));
    for (let number = 0; number < 2 * EVENTS; number++) this.#later(() => this.#decide());
    for (let number = 0; number < 3; number++) this.#later(() => this.#cancel());
    for (let number = 0; number < 2; number++) this.#later(async () => this.#dice.pick(this.#running)?.crash('killed'));
    if (this.#dice.chance(0.3)) this.#later(() => this.#setClock());
    setTimeout(() => {
      this.#trace.add('nothing goes wrong any more');
      this.#isCalm = true;
    }, TROUBLE_MS);
  }

  /** Does something at a moment that the seed chooses. */
  #later(work: () => Promise<unknown>): void {
    this.#waiting++;
    const done = (): void => {
      this.#waiting--;
    };
    setTimeout(() => void work().then(done, done), this.#dice.between(0, TROUBLE_MS));
  }

  #startProcess(number: number): void {
    if (this.#isAlone) this.#sending = new Sending();
    const process = new SimulatedProcess({
      name: `process ${number}`,
      path: this.#path,
      isAlone: this.#isAlone,
      sending: this.#sending,
      dice: this.#dice.fork(`process ${number} after ${this.#crashes} crashes`),
      github: this.#github,
      rules: this.#rules,
      trace: this.#trace,
      now: this.#now,
      newToken: () => `token ${++this.#tokens}`,
      isCalm: () => this.#isCalm,
      crashed: () => {
        this.#crashes++;
        this.#running = this.#running.filter((other) => other !== process);
        setTimeout(() => this.#startProcess(number), this.#dice.between(100, 5_000));
      },
    });
    this.#processes.push(process);
    this.#running.push(process);
    void process.start();
  }

  /** A sender, which sends again until it has an answer. */
  async #sendEvent(number: number): Promise<void> {
    const subject = this.#dice.pick(SUBJECTS);
    const kind = this.#dice.pick(['fifo', 'fifo', 'latest', 'latest', 'held', 'cooldown'] as const);
    // Now and then somebody sends what was sent before.
    const body = this.#dice.chance(0.1) ? `the usual about ${subject}` : `body ${number}`;
    for (let tries = 1; ; tries++) {
      const process = this.#running.length === 0 ? undefined : this.#dice.pick(this.#running);
      const event = newEvent(`e${number}.${tries}`, { subject, kind, body, at: this.#now() });
      if (process !== undefined && (await this.#acceptBy(process, event))) return;
      await wait(1_000);
    }
  }

  /** False when the process ended before it answered. */
  async #acceptBy(process: SimulatedProcess, event: NewEvent): Promise<boolean> {
    const accepted = process.call('accept', async (store) => {
      const [result] = await store.accept([event], { dedupeWindowMs: DEDUPE_WINDOW_MS });
      if (result === undefined) throw new Error('the store did not answer');
      this.#trace.add(`${process.name} accepts ${event.id} (${event.firings[0]?.route}, ${event.subjectKey}): ${result.status}`);
      await this.#rules.accepted(event, result, DEDUPE_WINDOW_MS);
      return true;
    });
    // Nobody waits for ever.
    const isAnswered = await Promise.race([accepted, wait(5_000).then(() => false)]);
    if (isAnswered) process.wake();
    return isAnswered;
  }

  /** Two people decide about the same at the same moment, through whatever process runs. */
  async #decide(): Promise<void> {
    const held = this.#rules.held();
    if (held.length === 0 || this.#running.length === 0) return;
    const { eventId, route } = this.#dice.pick(held);
    this.#rules.deciding(eventId);
    const people = ['ada', 'grace'].map((by) => ({ by, decision: this.#dice.pick(['approved', 'approved', 'rejected'] as const) }));
    const ways = people.map((person) => ({ ...person, process: this.#dice.pick(this.#running) }));
    const decisions = ways.map(({ process, by, decision }) =>
      process.call('decide', async (store) => {
        const result = await store.decide({ eventId, route, decision, by, at: this.#now() });
        this.#trace.add(`${by} at ${process.name}: ${eventId} is ${decision}: ${result.done ? 'done' : result.why}`);
        await this.#rules.decided(eventId, result.done, result.done && decision === 'approved' ? result.deliveries : []);
        process.wake();
      }),
    );
    await Promise.race([Promise.all(decisions), wait(1_000)]);
  }

  async #cancel(): Promise<void> {
    const pending = this.#rules.pending();
    if (pending.length === 0 || this.#running.length === 0) return;
    const id = this.#dice.pick(pending);
    const cancelling = this.#dice.pick(this.#running).call('cancel', async (store) => {
      await store.cancel([id], this.#now());
      await this.#rules.inspect();
    });
    await Promise.race([cancelling, wait(1_000)]);
  }

  async #setClock(): Promise<void> {
    const set = (aheadMs: number): void => {
      this.#trace.add(`the clock is ${aheadMs / 1_000} s ahead`);
      this.#aheadMs = aheadMs;
      this.#wereClocksSet = true;
      this.#rules.clockWasSet();
    };
    set(this.#dice.pick(CLOCK_ERRORS));
    await wait(this.#dice.between(1_000, 60_000));
    set(0);
  }
}

interface EventFacts {
  readonly subject: string;
  readonly kind: 'fifo' | 'latest' | 'held' | 'cooldown';
  readonly body: string;
  /** Milliseconds since 1970, by the receiver's clock. */
  readonly at: number;
}

/** An event with a delivery for each of two targets; every kind has a route of its own, and all share the order of their subject. */
function newEvent(id: string, { subject, kind, body, at }: EventFacts): NewEvent {
  const deliveries = ['deploy', 'models'].map((target) =>
    deliveryOf(`${id}-${target}`, {
      route: kind,
      target: `repository_dispatch:acme/${target}`,
      credential: target,
      orderKey: `${target} ${subject}`,
      replacesOlder: kind === 'latest',
      ...(kind === 'held' ? { state: 'held' as const, reason: 'waits for approval' } : {}),
    }),
  );
  const isCooling = kind === 'cooldown';
  const firing = firingOf(deliveries, isCooling ? `cooldown ${subject}` : null, isCooling ? COOLDOWN_MS : 0);
  const firings = [kind === 'held' ? { ...firing, approval: APPROVAL } : firing];
  return eventOf(id, { subject, body, at, firings });
}
