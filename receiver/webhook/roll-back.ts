import type { RelayEvent } from '../../src/event/event.ts';
import { relayPayload } from '../../src/event/relay-payload.ts';
import { type WandbApp, type WandbLink, wandbLinks } from '../../src/event/wandb-links.ts';
import { digest } from '../../src/lib/digest.ts';
import { parseExactJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { EventView, NewDelivery, NewEvent } from '../store/delivery.ts';
import type { PromotionView } from '../store/ledger.ts';
import type { Store } from '../store/store.ts';
import type { AcceptEvent } from './accept-batch.ts';
import { type PlanOptions, planEvent } from './route-event.ts';

export interface RollbackRequest {
  /** See `AliasView`. */
  readonly aliasKey: string;
  /** The version to deploy again; left out: the one that was deployed last, apart from the one that has the alias. */
  readonly to?: string;
  /** The version that is to be undone; nothing is done when neither has the alias nor is deployed any more. Left out: any. */
  readonly from?: string;
  /** Who asked for it: a W&B user name where it is known. The author of the new event. */
  readonly by: string;
  /** Where it was asked for, such as `by the pages`, and why; for the notes of what is dispatched. */
  readonly where?: string;
  readonly reason?: string;
  /** How things stood when somebody looked; nothing is done when they have changed since. Left out: not compared. */
  readonly seen?: SeenStanding;
}

/** What had an alias, and when one of its versions was deployed last. */
export interface SeenStanding extends Pick<PromotionView, 'version' | 'since'> {
  readonly deployedAt: number | null;
}

/** @param history what an alias was given to, the latest first */
export function standingOf(history: readonly PromotionView[]): SeenStanding {
  const [holder] = history;
  const deployed = history.flatMap(({ deployedAt }) => deployedAt ?? []);
  return { version: holder?.version ?? null, since: holder?.since ?? 0, deployedAt: deployed.length === 0 ? null : Math.max(...deployed) };
}

/** What a rollback would be stored as. */
export interface PlannedRollback {
  readonly version: string;
  /** What has the alias now. */
  readonly holder: PromotionView;
  /** With everything that would be sent. */
  readonly planned: NewEvent;
  readonly link: WandbLink | undefined;
}

/** A rollback that is stored; what follows is as after an event of W&B. */
export interface RolledBack {
  readonly eventId: string;
  readonly event: RelayEvent;
  /** The version that is deployed again. */
  readonly version: string;
  readonly deliveries: readonly { readonly id: string; readonly route: string; readonly target: string }[];
  /** Somebody must approve it first. */
  readonly isHeld: boolean;
  /** Which version W&B's alias stays on; `null`: none. */
  readonly holder: string | null;
  /** Where the alias can be moved. */
  readonly link: WandbLink | undefined;
}

/** Deploys a version once more; the error is a sentence for whoever asked. Rejects only when the store fails. */
export type RollBack = (request: RollbackRequest) => Promise<Result<RolledBack, string>>;

/** What a rollback would send; nothing is stored. */
export type PlanRollback = (request: RollbackRequest) => Promise<Result<PlannedRollback, string>>;

export interface PlanRollbackOptions extends PlanOptions {
  readonly store: Pick<Store, 'aliasHistory' | 'promotionEvent' | 'event' | 'backlog'>;
  readonly now: () => number;
  readonly app: () => WandbApp;
}

export interface RollbackOptions extends PlanRollbackOptions {
  readonly accept: AcceptEvent;
}

/** The ledger keeps no more of an alias. */
const WHOLE_HISTORY = 1_000;

/**
 * Dispatches a version again that was deployed before, as a new event of the same type with `rollback: true`: so routes, order,
 * approvals, messages, runs and the ledger treat it like any other. Routes match it as they matched the event by which the
 * version got the alias. It is no duplicate and has no cooldown, and W&B's alias stays where it is.
 */
export function rollBackWith(options: RollbackOptions): RollBack {
  const plan = planRollbackWith(options);
  return async (request) => {
    const found = await plan(request);
    if (!found.ok) return found;
    const { version, holder, planned, link } = found.value;
    const accepted = await options.accept(planned);
    if (accepted.status === 'duplicate') return err(`a rollback to ${version} is under way already (event ${accepted.id})`);
    const isHeld = dispatchesOf(planned).some(({ state }) => state === 'held');
    return ok({
      eventId: accepted.id,
      event: planned.event,
      version,
      deliveries: accepted.deliveries,
      isHeld,
      holder: holder.version,
      link,
    });
  };
}

/** Decides what a rollback would send, or why there can be none. */
export function planRollbackWith(options: PlanRollbackOptions): PlanRollback {
  const { store, now } = options;
  return async ({ aliasKey, to, from, by, where, reason, seen }) => {
    // What they give an alias to is not in the ledger yet, and what they dispatch must not come after the rollback.
    const { events } = await store.backlog();
    if (events > 0) return err(`events that came before still wait to be routed (${events}): try again in a moment`);
    const history = await store.aliasHistory(aliasKey, WHOLE_HISTORY);
    const [holder] = history;
    if (holder === undefined) return err('nothing is known of this alias');
    const changed = seen === undefined ? undefined : changedSince(seen, standingOf(history));
    if (changed !== undefined) return err(changed);
    const target = targetIn(history, to, from);
    if (!target.ok) return target;
    const version = target.value;
    const original = await store.promotionEvent(aliasKey, version);
    if (original === undefined) return err(`the event by which ${version} got the alias is not known`);
    const event = eventOf(original, by, holder, version);
    const kept = await keptEvent(store, history, version);
    const body = kept?.body ?? bodyOf(original);
    const parsed = parseExactJson(body);
    const matchRoutes: PlanOptions['matchRoutes'] = (_event, payload) => options.matchRoutes(original, payload);
    const received = { event, payload: parsed.ok ? parsed.value : null, body, bodyHash: digest(`rollback\n${version}`), receivedAt: now() };
    const planned = planEvent(received, { ...options, matchRoutes });
    if (dispatchesOf(planned).length === 0) return err(`no route of the config dispatches ${version} any more`);
    const who = where === undefined ? by : `${by}, ${where}`;
    const note = `rolled back by ${reason === undefined ? who : `${who}: ${reason}`}`;
    return ok({ version, holder, planned: { ...planned, note }, link: wandbLinks(event, kept?.wandb, options.app())[0] });
  };
}

function dispatchesOf({ firings }: NewEvent): readonly NewDelivery[] {
  return firings.flatMap(({ deliveries }) => deliveries).filter(({ conversation }) => conversation === undefined);
}

function changedSince(seen: SeenStanding, now: SeenStanding): string | undefined {
  const end = 'Nothing was changed: look again';
  const has = now.version === null ? 'no version has it' : `${now.version} has it`;
  if (seen.version !== now.version || seen.since !== now.since) return `the alias has moved since you looked: ${has} now. ${end}`;
  return seen.deployedAt === now.deployedAt ? undefined : `another version was deployed since you looked. ${end}`;
}

/** Which version to go back to, from what an alias was given to, the latest first. */
export function targetIn(history: readonly PromotionView[], to: string | undefined, from?: string): Result<string, string> {
  const holder = history[0]?.version ?? null;
  const deployed = history
    .filter((one) => one.version !== null && one.deployedAt !== null)
    .toSorted((a, b) => (b.deployedAt ?? 0) - (a.deployedAt ?? 0))
    .map(({ version }) => version);
  if (from !== undefined && from !== holder && from !== deployed[0])
    return err(`${from} is not what is deployed any more: ${holder ?? deployed[0] ?? 'another version'} is`);
  const undone = from ?? holder;
  if (to === undefined) {
    const before = deployed.find((version) => version !== undone);
    return typeof before === 'string' ? ok(before) : err('no other version is known to have been deployed successfully');
  }
  if (to === undone) return err(`${to} ${from === undefined ? 'has the alias' : 'is deployed'}: to send it again, replay its delivery`);
  if (deployed.includes(to)) return ok(to);
  const known = [...new Set(deployed)].filter((version) => version !== undone);
  const instead = known.length === 0 ? '' : `; deployed were ${known.slice(0, 10).join(', ')}`;
  return err(`${to} is not known to have been deployed successfully${instead}`);
}

function eventOf(original: RelayEvent, by: string, holder: PromotionView, version: string): RelayEvent {
  const { replaces: _replaces, ...event } = original;
  const replaced = { ...(holder.artifact === null ? {} : { artifact: holder.artifact }), since: new Date(holder.since).toISOString() };
  return {
    ...event,
    author: by,
    ...(holder.version === null || holder.version === version ? {} : { replaces: { version: holder.version, ...replaced } }),
    rollback: true,
  };
}

/** The event by which the version got the alias, while it is kept. */
async function keptEvent(
  store: RollbackOptions['store'],
  history: readonly PromotionView[],
  version: string,
): Promise<EventView | undefined> {
  const eventId = history.find((one) => one.version === version && one.eventId !== null)?.eventId;
  return typeof eventId === 'string' ? store.event(eventId) : undefined;
}

/** What our own automations send for such an event. */
function bodyOf(original: RelayEvent): string {
  const values: Record<string, string | undefined> = {
    event_author: original.author,
    entity_name: original.entity,
    project_name: original.project,
    artifact_collection_name: original.collection,
    artifact_version: original.version,
    artifact_version_string: original.artifact,
    alias: original.alias,
  };
  const payload = { ...relayPayload(original.type, original.automation ?? ''), alias: '' };
  return JSON.stringify(
    Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, values[name] ?? (name in values ? '' : value)])),
  );
}
