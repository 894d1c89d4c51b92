import { onTestFinished } from 'vitest';
import { dispatchTarget } from '../../../receiver/github/dispatch-target.ts';
import { githubRunSource } from '../../../receiver/github/run-source.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import type { ClaimedDelivery, NewDelivery } from '../../../receiver/store/delivery.ts';
import type { RunView } from '../../../receiver/store/run.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { createFailedJobs } from '../../../receiver/watch/failed-jobs.ts';
import { type CommitLookup, createRecordRuns } from '../../../receiver/watch/record-runs.ts';
import type { RunSource } from '../../../receiver/watch/run-source.ts';
import { createRunWatch } from '../../../receiver/watch/run-watch.ts';
import type { Alert } from '../../../src/route/alert.ts';
import type { AlertPolicy } from '../../../src/route/alert-policy.ts';
import type { DispatchRequest } from '../../../src/route/target.ts';
import { type GitHubStandIn, type StandInWorkflow, startGitHub } from '../../stand-ins/github.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, attemptAt, claim, deliveryOf, eventOf, MINUTE, SECOND, T0 } from '../store/samples.ts';
import { temporaryDatabase } from '../store/temporary-database.ts';

export const POLICY: AlertPolicy = { mention: ['U012ABC'], broadcast: true, channel: '#ml-ops' };
export const TOKEN = 'ghp_a_token_for_tests_only';
export const LISTENS: StandInWorkflow = { repository: 'acme/deploy', file: 'deploy.yml', types: ['model'], namesRuns: true };
/** Started by hand, with a title of its own. */
export const BY_HAND: StandInWorkflow = { repository: 'acme/deploy', file: 'train.yml', inputs: ['delivery_id'] };

export interface FollowedOptions {
  readonly workflows?: readonly StandInWorkflow[];
  readonly webhook?: boolean;
  readonly commitStatus?: CommitLookup;
  readonly wrap?: (store: Store) => Store;
}

/** Dispatches over a real store to a real (stand-in) GitHub, and a watch over their runs; one clock for all of it. */
export class FollowedRuns {
  now = T0;
  readonly log: { level: string; message: string }[] = [];
  changes = 0;
  readonly path = temporaryDatabase();
  readonly store: Store;
  readonly watch: ReturnType<typeof createRunWatch>;
  readonly record: ReturnType<typeof createRecordRuns>;
  readonly github: GitHubStandIn;
  readonly #options: FollowedOptions;
  #ids = 0;

  private constructor(github: GitHubStandIn, options: FollowedOptions) {
    this.github = github;
    this.#options = options;
    this.store = this.#openStore();
    ({ watch: this.watch, record: this.record } = this.watcher(this.store));
  }

  static async start(options: FollowedOptions = {}): Promise<FollowedRuns> {
    let self: FollowedRuns | undefined;
    const github = await startGitHub({
      repositories: ['acme/deploy', 'acme/train', 'other/train'],
      workflows: options.workflows ?? [LISTENS, BY_HAND],
      tokens: { [TOKEN]: 'acme' },
      now: () => self?.now ?? T0,
    });
    onTestFinished(() => github.close());
    self = new FollowedRuns(github, options);
    return self;
  }

  #openStore(): Store {
    const driver = openMigrated(this.path);
    onTestFinished(() => driver.close());
    return (this.#options.wrap ?? ((store) => store))(sqliteStore(driver));
  }

  /** Another receiver on the same database. */
  secondWatch(): ReturnType<typeof createRunWatch> {
    return this.watcher(this.#openStore()).watch;
  }

  watcher(store: Store, changes: Partial<RunSource> = {}) {
    const now = () => this.now;
    const line = (level: string) => (_fields: object, message: string) => void this.log.push({ level, message });
    const log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
    const wake = () => {
      this.changes++;
    };
    const { commitStatus, webhook = false } = this.#options;
    const runs = { ...githubRunSource({ credentials: tokenCredentials(TOKEN), apiUrl: this.github.url, fetch, now }), ...changes };
    const failedJobs = createFailedJobs({ store, runs, now, log, limitMs: 1_000 });
    const record = createRecordRuns({
      store,
      now,
      log,
      wake,
      newId: () => `consequence-${++this.#ids}`,
      alerts: () => POLICY,
      failedJobs,
      commitStatus: () => commitStatus,
    });
    return { record, watch: createRunWatch({ store, runs, record, alerts: () => POLICY, webhook, now, log, wake, paceMs: 0 }) };
  }

  /** An event whose dispatch leaves now, reported in one conversation. Returns the delivery's id. */
  async dispatch(id: string, request?: DispatchRequest): Promise<string> {
    const deliveryId = `d-${id}`;
    await this.acceptAndClaim(id, request).then((claimed) => this.send(claimed));
    this.now += SECOND;
    return deliveryId;
  }

  async acceptAndClaim(id: string, request?: DispatchRequest): Promise<ClaimedDelivery> {
    const deliveries: NewDelivery[] = [
      deliveryOf(`d-${id}`, { orderKey: id, ...(request === undefined ? {} : { request }) }),
      deliveryOf(`m-${id}`, {
        target: 'slack:#ml',
        credential: 'slack:#ml',
        orderKey: `c-${id}`,
        request: { kind: 'slack', channel: '#ml', text: null, thread: true },
        conversation: { key: `c-${id}`, channel: '#ml', canMute: true },
      }),
    ];
    await accept(this.store, eventOf(id, { at: this.now, subject: id, deliveries }));
    const claimed = await claim(this.store, this.now, { serves: (credential) => !credential.startsWith('slack:') });
    const mine = claimed.find((delivery) => delivery.id === `d-${id}`);
    if (mine === undefined) throw new Error(`the dispatch of ${id} was not to be had`);
    return mine;
  }

  /** Sends a dispatch for real; `settle` writes down that it left. */
  async send(claimed: ClaimedDelivery): Promise<void> {
    const settle = await this.sendOnly(claimed);
    await settle();
  }

  async sendOnly(claimed: ClaimedDelivery): Promise<() => Promise<void>> {
    const target = dispatchTarget({ credentials: tokenCredentials(TOKEN), apiUrl: this.github.url, fetch, now: () => this.now });
    const context = {
      deliveryId: claimed.id,
      eventId: claimed.eventId,
      conversation: null,
      attempts: 0,
      signal: new AbortController().signal,
    };
    const result = await target.send(claimed.request as DispatchRequest, context);
    if (result.outcome !== 'delivered') throw new Error(`the stand-in refused: ${result.detail}`);
    return async () => {
      await this.store.settle(claimed, attemptAt(this.now, 'delivered'), { state: 'delivered', run: result.run });
    };
  }

  /** Lets time pass, and looks whenever a look is due. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      const next = await this.store.earliestPollAt();
      if (next === undefined || next > end) break;
      this.now = Math.max(this.now, next);
      await this.watch.runOnce();
    }
    this.now = end;
  }

  async runOf(deliveryId: string): Promise<RunView | null | undefined> {
    return (await this.store.delivery(deliveryId))?.delivery.run;
  }

  async notesOf(deliveryId: string): Promise<string[]> {
    return (await this.store.delivery(deliveryId))?.notes.map(({ text }) => text) ?? [];
  }

  /** What waits to be told in threads, oldest first. */
  async alerts(): Promise<Alert[]> {
    const deliveries = await this.store.deliveries({ limit: 1000 });
    return deliveries.flatMap(({ request }) => (request?.kind === 'slack_reply' && 'alert' in request ? [request.alert] : [])).toReversed();
  }

  /** The requests for runs that cost something of the allowance, and those that did not. */
  counted(): { paid: number; free: number } {
    const free = this.github.reads.filter(({ status }) => status === 304).length;
    return { paid: this.github.reads.length - free, free };
  }

  warnings(): string[] {
    return this.log.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message);
  }
}

export const HOUR = 60 * MINUTE;
export { MINUTE, SECOND, T0 };
