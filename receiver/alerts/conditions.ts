import { durationWords } from '../../src/lib/duration.ts';
import type { ApprovalView } from '../store/approvals.ts';
import { MOST_TOLD_ALONE } from '../store/rules/alerts.ts';
import type { Undelivered } from '../store/search.ts';
import type { AlertKind, Condition } from './condition.ts';

/** What the alerts are made from. All of it is read at one moment. */
export interface Facts {
  readonly now: number;
  readonly undelivered: readonly Undelivered[];
  /** When the oldest was created that is to be sent and that nobody has paused; `undefined`: there is none. */
  readonly oldestToSend: number | undefined;
  /** Those whose question could not be asked. */
  readonly notAsked: readonly ApprovalView[];
  readonly isRefused: (service: 'github' | 'wandb') => boolean | undefined;
  /** What Slack says about the app; `undefined`: nothing is wrong. Left out: Slack is not connected. */
  readonly slackTrouble?: { readonly text: string | undefined; readonly isKnown: boolean };
  readonly sources: readonly { readonly name: string; readonly refusals: number }[];
  /** How late the engine is. Milliseconds; `undefined`: nothing is watched here. */
  readonly engineLagMs: number | undefined;
  /** This machine's clock has jumped, or the store holds times that lie ahead. */
  readonly isClockWrong: boolean;
  /** Why a changed config is refused; `undefined`: it is in use. */
  readonly configTrouble: string | undefined;
  /** `alerts.undelivered_after`. Milliseconds. */
  readonly undeliveredAfterMs: number;
}

/** So many refusals in five minutes are no slip of one sender. */
const MOST_REFUSALS = 10;
const ENGINE_LAG_MS = 5 * 60_000;
const LIST = 'wandb-relay deliveries --state';

/** How everything stands, in the order in which people should hear of it. */
export function conditionsOf(facts: Facts): Condition[] {
  return [
    failed(facts),
    manyFailed(facts),
    ...credentials(facts),
    undelivered(facts),
    notAsked(facts),
    ...facts.sources.map(sourceRefused),
    engine(facts),
    plain('clock_wrong', facts.isClockWrong, "This machine's clock is wrong: it has jumped", 'Set the clock, by NTP for instance'),
    plain(
      'config_refused',
      facts.configTrouble !== undefined,
      facts.configTrouble ?? 'The config is in use as it is written',
      'Correct the file; until then the earlier config stays in use',
    ),
  ];
}

function failed({ undelivered: all }: Facts): Condition {
  const dead = all.filter(({ state }) => state === 'dead');
  const count = dead.reduce((sum, { count: n }) => sum + n, 0);
  return {
    ...plain(
      'delivery_failed',
      count > 0,
      `${many(count, 'delivery', 'deliveries')} failed and will not be tried again`,
      `Look at them (${LIST} dead), then replay or cancel`,
    ),
    count,
    since: oldest(dead),
  };
}

/** Each of a few is told by itself, see `MOST_TOLD_ALONE`. */
function manyFailed(facts: Facts): Condition {
  const all = failed(facts);
  return { ...all, kind: 'many_failed', state: all.count > MOST_TOLD_ALONE ? 'bad' : 'ok' };
}

function undelivered({ undelivered: all, oldestToSend: since, undeliveredAfterMs, now }: Facts): Condition {
  const open = all.filter(({ state }) => state === 'pending' || state === 'in_flight');
  const age = since === undefined ? 0 : now - since;
  const base = plain(
    'undelivered',
    age > undeliveredAfterMs,
    `Something waits for ${durationWords(Math.max(age, 0))} to be sent`,
    `Look why (${LIST} pending)`,
  );
  return { ...base, count: open.reduce((sum, { count }) => sum + count, 0), since };
}

function credentials({ isRefused, slackTrouble }: Facts): Condition[] {
  const refused = (what: 'github' | 'wandb', summary: string, action: string): Condition => {
    const is = isRefused(what);
    return { ...plain('credential_refused', is === true, summary, action), what, state: is === undefined ? 'unknown' : is ? 'bad' : 'ok' };
  };
  return [
    refused(
      'github',
      'GitHub refuses the credential (401): nothing can be dispatched',
      "Set a new GITHUB_TOKEN, or check the App's key, restart, and replay what failed",
    ),
    refused('wandb', 'W&B refuses the API key: no run can be stopped', 'Set a new WANDB_API_KEY, restart, and replay what failed'),
    ...(slackTrouble === undefined
      ? []
      : [
          {
            ...plain(
              'credential_refused',
              slackTrouble.text !== undefined,
              `Slack: ${slackTrouble.text ?? 'the token works'}`,
              'Install the app again and set SLACK_BOT_TOKEN',
            ),
            what: 'slack',
            state: slackState(slackTrouble),
          },
        ]),
  ];
}

/** Nothing is known before Slack was asked for the first time. */
function slackState({ text, isKnown }: NonNullable<Facts['slackTrouble']>): Condition['state'] {
  if (text !== undefined) return 'bad';
  return isKnown ? 'ok' : 'unknown';
}

function notAsked({ notAsked: open }: Facts): Condition {
  const base = plain(
    'not_asked',
    open.length > 0,
    `${many(open.length, 'approval')} could not be asked: ${open[0]?.notAsked ?? ''}`,
    'Decide with wandb-relay approve or reject, or repair the channel and replay the message',
  );
  return { ...base, count: open.length };
}

function sourceRefused({ name, refusals }: Facts['sources'][number]): Condition {
  const base = plain(
    'source_refused',
    refusals >= MOST_REFUSALS,
    `${refusals} requests of the source "${name}" failed authentication in five minutes`,
    'Compare the secret in W&B with that of the receiver; if nobody changed it, somebody else tries to send',
  );
  return { ...base, what: name, count: refusals };
}

function engine({ engineLagMs, now }: Facts): Condition {
  const lag = engineLagMs ?? 0;
  const base = plain(
    'engine_behind',
    lag > ENGINE_LAG_MS,
    `Automations with engine: relay are evaluated ${durationWords(lag)} late`,
    'wandb-relay automations says which project, and why',
  );
  return { ...base, ...(engineLagMs === undefined ? { state: 'unknown' } : {}), since: lag > 0 ? now - lag : undefined };
}

function plain(kind: AlertKind, isBad: boolean, summary: string, action: string): Condition {
  return { kind, what: '', state: isBad ? 'bad' : 'ok', summary, action, count: 1, since: undefined };
}

function oldest(some: readonly Undelivered[]): number | undefined {
  return some.length === 0 ? undefined : Math.min(...some.map(({ oldestAt }) => oldestAt));
}

function many(n: number, one: string, more = `${one}s`): string {
  return `${n} ${n === 1 ? one : more}`;
}
