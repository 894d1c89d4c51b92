import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../../test/stand-ins/postgres.ts';
import { type Account, accountFor } from './accounting.ts';
import { sendBursts } from './bursts.ts';
import { Deciders } from './deciders.ts';
import { disturbAll } from './disturber.ts';
import { GitHub } from './github.ts';
import { killAll } from './killer.ts';
import type { Ledger } from './ledger.ts';
import type { StoreKind, TortureOptions } from './options.ts';
import { Receiver } from './receiver.ts';
import { type Dice, seeded } from './seeded.ts';
import { ALIASES, sendAll } from './senders.ts';
import { readStoredState } from './stored-state.ts';

export interface RunResult {
  readonly store: StoreKind;
  readonly account: Account;
  readonly ledger: Omit<Ledger, 'arrivals' | 'arrivedMeanwhile'>;
  readonly dispatches: number;
  readonly seconds: number;
}

const SECRET = 'a-webhook-secret-for-the-torture-only';
const ADMIN_TOKEN = 'an-admin-token-for-the-torture-only';
const CONFIG = `version: 1
settings: { github_writes_per_second: 100, dedupe_window: 2h }
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: ${ALIASES.deploy} }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
      - workflow_dispatch: { repository: acme/models, workflow: deploy.yml, ref: main, inputs: { delivery_id: "{{ delivery_id }}" } }
  - name: gated
    on: { event: add_artifact_alias, alias: ${ALIASES.gated} }
    approval: { slack: "#ml-deploys" }
    to: [{ repository_dispatch: { repository: acme/gated, event_type: model-gated } }]
`;
/** As the config above has it. */
const DELIVERIES_OF = { deploy: 2, gated: 1 } as const;

/** Even when starting took all the time there is. */
const SHORTEST_SENDING_MS = 6_000;
const START_LIMIT_MS = 60_000;
const SENDER_PAUSE_MS = 250;
const LONGEST_LIFE_MS = 1_200;
const DECIDE_EVERY_MS = 250;
const DRAIN_CHECK_MS = 250;
/** Of so many bursts some must have been stored as they came. Of fewer, all may have met a receiver that was just killed. */
const MANY_BURSTS = 5;
/** Who was due for so long, with nobody disturbing, is stuck. */
const OVERDUE_MS = 60_000;

/** One store's torture from start to account. */
export class Run {
  readonly #store: StoreKind;
  readonly #options: TortureOptions;
  readonly #say: (line: string) => void;
  readonly #folder = mkdtempSync(join(tmpdir(), 'relay-torture-'));
  readonly #startedAt = Date.now();
  readonly #ledger: Omit<Ledger, 'arrivals' | 'arrivedMeanwhile'> = {
    acknowledged: [],
    kills: [],
    disturbances: [],
    decisions: [],
    crashes: [],
  };
  readonly #receivers: Receiver[] = [];
  #server: PostgresServer | undefined;
  #github: GitHub | undefined;

  constructor(store: StoreKind, options: TortureOptions, say: (line: string) => void) {
    this.#store = store;
    this.#options = options;
    this.#say = say;
  }

  async toAccount(): Promise<RunResult> {
    const { seed } = this.#options;
    const github = await GitHub.start(seed);
    this.#github = github;
    const environment = await this.#environment();
    const count = this.#store === 'sqlite' ? 1 : 2;
    for (let number = 0; number < count; number++) this.#startReceiver(number, github.url, environment);
    await Promise.all(this.#receivers.map((receiver) => receiver.up()));
    this.#say(`${count === 1 ? 'one receiver is' : 'two receivers are'} up`);

    const deciders = this.#deciders(environment);
    await this.#disturbWhileSending(deciders);
    github.calm();
    const quietSince = Date.now();
    await this.#drain(deciders);
    const url = await this.#anyUrl();
    const arrivals = await github.arrivals();
    const stored = await readStoredState({ cwd: this.#folder, environment, url, adminToken: ADMIN_TOKEN, arrivals });
    // What waits is sent while the store is read.
    const arrivedMeanwhile = (await github.arrivals()).slice(arrivals.length);
    const isLongQuiet = Date.now() - quietSince > OVERDUE_MS;
    const hasBursts = this.#options.bursts >= MANY_BURSTS;
    const rules = { deliveriesOf: DELIVERIES_OF, hasBursts, ...(isLongQuiet ? { overdueBefore: Date.now() - OVERDUE_MS } : {}) };
    const account = accountFor({ ...this.#ledger, arrivals, arrivedMeanwhile }, stored, rules);
    return {
      store: this.#store,
      account,
      ledger: this.#ledger,
      dispatches: arrivals.length,
      seconds: Math.round((Date.now() - this.#startedAt) / 1_000),
    };
  }

  /** Ends everything that was started. May be called at any time, and twice. */
  async end(): Promise<void> {
    await Promise.all(this.#receivers.splice(0).map((receiver) => receiver.stop()));
    this.#github?.stop();
    const server = this.#server;
    this.#server = undefined;
    await server?.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #environment(): Promise<Record<string, string>> {
    writeFileSync(join(this.#folder, 'wandb-relay.yaml'), CONFIG);
    if (this.#store === 'postgres') this.#server = await startPostgres();
    return {
      DATABASE_URL: (await this.#server?.newDatabase()) ?? 'file:relay.db',
      WANDB_WEBHOOK_SECRET: SECRET,
      RELAY_ADMIN_TOKEN: ADMIN_TOKEN,
      GITHUB_TOKEN: 'ghp_a_token_for_the_torture_only',
      // A restart does not compile everything again.
      NODE_COMPILE_CACHE: join(this.#folder, 'compiled'),
    };
  }

  #startReceiver(number: number, githubUrl: string, environment: Readonly<Record<string, string>>): void {
    const receiver = new Receiver({
      name: `${this.#store}-${number}`,
      cwd: this.#folder,
      environment,
      githubUrl,
      crashed: (crash) => {
        this.#ledger.crashes.push(crash);
        this.#say(`${crash.receiver} ended by itself: ${crash.detail}`);
      },
    });
    this.#receivers.push(receiver);
    receiver.start();
  }

  #deciders(environment: Readonly<Record<string, string>>): Deciders {
    return new Deciders({
      adminToken: ADMIN_TOKEN,
      dice: seeded(this.#options.seed).fork(`deciders ${this.#store}`),
      cwd: this.#folder,
      environment,
      urls: this.#urls,
      decided: (decision) => this.#ledger.decisions.push(decision),
    });
  }

  /** Sends, kills, disturbs and decides, all at once, until all of it is done or time is up. */
  async #disturbWhileSending(deciders: Deciders): Promise<void> {
    const { events, kills, minutes, seed, disturbances } = this.#options;
    const { acknowledged, kills: killed } = this.#ledger;
    const dice = seeded(seed).fork(this.#store);
    const beganAt = Date.now();
    const overAt = Math.max(this.#startedAt + minutes * 60_000, beganAt + SHORTEST_SENDING_MS);
    const isOver = (): boolean => Date.now() >= overAt;
    let isQuiet = false;
    const killing = killAll({
      receivers: this.#receivers,
      kills,
      dice: dice.fork('killer'),
      longestLifeMs: LONGEST_LIFE_MS,
      isOver,
      killed: (kill) => killed.push(kill),
    });
    const disturbing = disturbAll({
      receivers: this.#receivers,
      server: this.#server,
      times: disturbances,
      dice: dice.fork('disturber'),
      progress: () => Math.max(share(acknowledged.length, events), share(Date.now() - beganAt, overAt - beganAt)),
      isOver: () => isQuiet || isOver(),
      disturbed: (disturbance) => this.#ledger.disturbances.push(disturbance),
    });
    const untilQuiet = (everyMs: number, work: () => Promise<unknown>) => repeatUntil(() => isQuiet, everyMs, work);
    const deciding = untilQuiet(DECIDE_EVERY_MS, () => deciders.decideAll());
    const reporting = untilQuiet(Math.max(5_000, minutes * 500), () => this.#reportProgress());
    await Promise.all([killing, this.#send(dice, isOver), this.#sendBursts(dice, beganAt, overAt)]);
    isQuiet = true;
    await Promise.all([disturbing, deciding, reporting]);
    this.#say('no more kills: what waits is sent now');
  }

  #send(dice: Dice, isOver: () => boolean): Promise<void> {
    const { events, kills } = this.#options;
    const { acknowledged, kills: killed } = this.#ledger;
    return sendAll({
      events,
      subjects: Math.max(4, Math.min(40, Math.round(events / 25))),
      pauseMs: SENDER_PAUSE_MS,
      secret: SECRET,
      dice: dice.fork('senders'),
      urls: this.#urls,
      progress: () => share(killed.length, kills),
      isOver,
      acknowledged: (acknowledgement) => acknowledged.push(acknowledgement),
    });
  }

  /** By time: all of them are sent, however far the rest gets. */
  #sendBursts(dice: Dice, beganAt: number, overAt: number): Promise<void> {
    return sendBursts({
      bursts: this.#options.bursts,
      receivers: this.#receivers,
      secret: SECRET,
      dice: dice.fork('bursts'),
      urls: this.#urls,
      progress: () => share(Date.now() - beganAt, overAt - beganAt),
      isOver: () => Date.now() >= overAt,
      acknowledged: (acknowledgement) => this.#ledger.acknowledged.push(acknowledgement),
    });
  }

  /** Waits until nothing is to be sent any more, or until time is up. */
  async #drain(deciders: Deciders): Promise<void> {
    const until = Date.now() + this.#options.drainMs;
    while (Date.now() < until) {
      await deciders.decideAll();
      if ((await this.#unfinished()) === 0) return;
      await pause(DRAIN_CHECK_MS);
    }
    this.#say(`time is up, and ${(await this.#unfinished()) ?? 'nobody knows how many'} deliveries wait`);
  }

  /** Of a receiver that is up, or will soon be. */
  async #anyUrl(): Promise<string> {
    const late = pause(START_LIMIT_MS).then(() => undefined);
    await Promise.race([...this.#receivers.map((receiver) => receiver.up()), late]);
    const [url] = this.#urls();
    if (url === undefined) throw new Error(`no receiver on ${this.#store} starts any more: ${JSON.stringify(this.#ledger.crashes.at(-1))}`);
    return url;
  }

  /** `undefined` when no receiver answers. */
  async #unfinished(): Promise<number | undefined> {
    const [url] = this.#urls();
    if (url === undefined) return undefined;
    try {
      const response = await fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
      const { deliveries, events } = (await response.json()) as Record<'deliveries' | 'events', Record<string, number>>;
      return ['pending', 'in_flight', 'held'].reduce((sum, state) => sum + (deliveries[state] ?? 0), events.unrouted ?? 0);
    } catch {
      return undefined;
    }
  }

  async #reportProgress(): Promise<void> {
    const { events, kills } = this.#options;
    const { acknowledged, kills: killed } = this.#ledger;
    const dispatches = (await this.#github?.count()) ?? 0;
    this.#say(`${acknowledged.length}/${events} events acknowledged, ${killed.length}/${kills} kills, ${dispatches} dispatches arrived`);
  }

  readonly #urls = (): string[] => this.#receivers.flatMap(({ url }) => url ?? []);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function repeatUntil(isOver: () => boolean, everyMs: number, work: () => Promise<unknown>): Promise<void> {
  for (let at = Date.now(); !isOver(); await pause(50)) {
    if (Date.now() < at) continue;
    await work();
    at = Date.now() + everyMs;
  }
}

const share = (done: number, all: number): number => (all === 0 ? 1 : done / all);
