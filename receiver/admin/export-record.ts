import * as z from 'zod';
import { EVENT_FIELDS } from '../../src/event/event.ts';
import type { ApprovalView } from '../store/approvals.ts';
import type { AuditedEvent } from '../store/audit.ts';
import type { Mute } from '../store/conversations.ts';
import { DELIVERY_STATES, EVENT_OUTCOMES, type Note } from '../store/delivery.ts';
import type { AliasView, PromotionView } from '../store/ledger.ts';
import type { Pause } from '../store/pause.ts';

/** The lines of `wandb-relay export-events`. Field names stay; more may come. Times are ISO 8601, in UTC. Pure. */

const text = z.string();
const time = z.iso.datetime();

const change = z
  .strictObject({
    at: time,
    what: z
      .enum(['approved', 'rejected', 'replayed', 'cancelled', 'other'])
      .describe('other: what its run did, or what the relay noted itself'),
    by: text.optional().describe('Who, and where: "ada, by the command line", "ada (U012ABC)"'),
    text: text.describe('The whole note'),
  })
  .describe('What was done with a delivery besides sending it');

const delivery = z.strictObject({
  id: text,
  route: text,
  target: text.describe('repository_dispatch:acme/deploy, slack:#ml-ops, …'),
  state: z.enum(DELIVERY_STATES),
  reason: text.optional().describe('Why it is in this state'),
  attempts: z.number(),
  createdAt: time,
  updatedAt: time,
  runUrl: text.optional().describe('The workflow run that it started'),
  runStatus: text.optional(),
  conclusion: text.optional().describe('How the run ended: success, failure, …'),
  runEndedAt: time.optional(),
  changes: z.array(change).describe('Oldest first'),
});

const decision = z
  .strictObject({
    route: text,
    channel: text.describe('Where people were asked'),
    decision: z.enum(['approved', 'rejected', 'expired', 'cancelled']).optional().describe('Left out: nobody has decided yet'),
    by: text.optional(),
    at: time.optional(),
    reason: text.optional(),
    votes: z
      .array(z.strictObject({ by: text, at: time, reason: text.optional() }))
      .optional()
      .describe('Where several people must approve'),
  })
  .describe('What was asked of people');

const eventRecord = z
  .strictObject({
    kind: z.literal('event'),
    id: text,
    receivedAt: time,
    type: text,
    ...(Object.fromEntries(EVENT_FIELDS.map((field) => [field, text.optional()])) as Record<
      (typeof EVENT_FIELDS)[number],
      z.ZodOptional<typeof text>
    >),
    outcome: z.enum(EVENT_OUTCOMES),
    duplicateOf: text.optional().describe('The id of the event that came first'),
    rollback: z.literal(true).optional().describe('Somebody rolled back: author is who'),
    deliveries: z.array(delivery),
    decisions: z.array(decision),
  })
  .describe('An event. author is who caused it: who promoted the version, where it gives an alias');

const promotionRecord = z
  .strictObject({
    kind: z.literal('promotion'),
    collection: text,
    entity: text.optional(),
    project: text.optional(),
    registry: text.optional(),
    alias: text,
    version: text.optional().describe('Left out: since then no version has the alias'),
    artifact: text.optional(),
    since: time,
    by: text.optional(),
    origin: z.enum(['event', 'api']).describe("api: found by asking W&B's API"),
    eventId: text.optional(),
    deployedAt: time.optional(),
    conclusion: text.optional(),
    runUrl: text.optional(),
    endedAt: time.optional(),
  })
  .describe('An entry of the ledger, which outlives events: a version was given an alias');

const muteRecord = z
  .strictObject({ kind: z.literal('mute'), route: text, subject: text.describe('The hash of what it is about'), until: time, by: text })
  .describe('A mute that is in force');

const pauseRecord = z
  .strictObject({
    kind: z.literal('pause'),
    scope: z.enum(['everything', 'route', 'credential']),
    name: text.optional(),
    at: time,
    by: text,
    reason: text.optional(),
  })
  .describe('A pause that is in force');

export const exportRecordSchema = z.discriminatedUnion('kind', [eventRecord, promotionRecord, muteRecord, pauseRecord]);
export type ExportRecord = z.output<typeof exportRecordSchema>;

export function exportRecordJsonSchema(): object {
  return { title: 'a line of wandb-relay export-events', ...z.toJSONSchema(exportRecordSchema, { target: 'draft-7' }) };
}

export function eventRecordOf({ id, receivedAt, outcome, duplicateOf, event, deliveries, approvals }: AuditedEvent): ExportRecord {
  const fields = Object.fromEntries(EVENT_FIELDS.flatMap((field) => (event[field] === undefined ? [] : [[field, event[field]]])));
  return {
    kind: 'event',
    id,
    receivedAt: iso(receivedAt),
    type: event.type,
    ...fields,
    outcome,
    ...given('duplicateOf', duplicateOf),
    ...(event.rollback === true ? { rollback: true as const } : {}),
    deliveries: deliveries.map(({ notes, createdAt, updatedAt, reason, runUrl, runStatus, conclusion, runEndedAt, ...rest }) => ({
      id: rest.id,
      route: rest.route,
      target: rest.target,
      state: rest.state,
      ...given('reason', reason),
      attempts: rest.attempts,
      createdAt: iso(createdAt),
      updatedAt: iso(updatedAt),
      ...given('runUrl', runUrl),
      ...given('runStatus', runStatus),
      ...given('conclusion', conclusion),
      ...given('runEndedAt', isoOrNull(runEndedAt)),
      changes: notes.map(changeOf),
    })),
    decisions: approvals.map(decisionOf),
  };
}

/** Notes about what people did begin with what and who (`rules/changes.ts`, `rules/decisions.ts`); a reason follows a colon. */
const CHANGE = /^(approved|rejected|replayed|cancelled) by ([^:]+)/;

function changeOf({ at, text: note }: Note) {
  const [, what, by] = CHANGE.exec(note) ?? [];
  const known = what as 'approved' | 'rejected' | 'replayed' | 'cancelled' | undefined;
  return { at: iso(at), what: known ?? ('other' as const), ...given('by', by ?? null), text: note };
}

function decisionOf({ route, channel, decision: decided, decidedBy, decidedAt, reason, votes }: ApprovalView) {
  return {
    route,
    channel,
    ...given('decision', decided),
    ...given('by', decidedBy),
    ...given('at', isoOrNull(decidedAt)),
    ...given('reason', reason ?? null),
    ...(votes === undefined
      ? {}
      : { votes: votes.map(({ by, at, reason: why }) => ({ by, at: iso(at), ...given('reason', why ?? null) })) }),
  };
}

export function promotionRecordOf(alias: AliasView, promotion: PromotionView): ExportRecord {
  const { version, artifact, since, by, origin, eventId, deployedAt, run } = promotion;
  return {
    kind: 'promotion',
    collection: alias.collection,
    ...given('entity', alias.entity),
    ...given('project', alias.project),
    ...given('registry', alias.registry),
    alias: alias.alias,
    ...given('version', version),
    ...given('artifact', artifact),
    since: iso(since),
    ...given('by', by),
    origin,
    ...given('eventId', eventId),
    ...given('deployedAt', isoOrNull(deployedAt)),
    ...given('conclusion', run?.conclusion ?? null),
    ...given('runUrl', run?.url ?? null),
    ...given('endedAt', isoOrNull(run?.endedAt ?? null)),
  };
}

export function muteRecordOf({ route, subjectKey, until, by }: Mute): ExportRecord {
  return { kind: 'mute', route, subject: subjectKey, until: iso(until), by };
}

export function pauseRecordOf({ scope, at, by, reason }: Pause): ExportRecord {
  return {
    kind: 'pause',
    scope: scope.kind,
    ...given('name', scope.kind === 'everything' ? null : scope.name),
    at: iso(at),
    by,
    ...given('reason', reason),
  };
}

function given<Name extends string, T>(name: Name, value: T | null): { [N in Name]?: T } {
  return value === null ? {} : ({ [name]: value } as { [N in Name]?: T });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
