import * as z from 'zod';
import { DELIVERY_STATES, EVENT_OUTCOMES } from '../../store/delivery.ts';

/** What the admin API answers with, for its document. A test compares every answer with these. */

const T0 = 1_800_000_000_000;
const ms = (description: string) => z.int().meta({ description: `${description}. Milliseconds since 1970`, examples: [T0] });
const text = (description: string, example: string) => z.string().meta({ description, examples: [example] });
const maybe = (description: string, example: string) =>
  z
    .string()
    .nullable()
    .meta({ description, examples: [example] });

const event = z
  .looseObject({
    type: text('The type', 'add_artifact_alias'),
    source: text('Which source sent it', 'default'),
  })
  .meta({
    description: 'How it was understood: the fields that it has, such as `collection`, `alias`, `version`, `run`, `metric`',
    examples: [{ type: 'add_artifact_alias', source: 'default', collection: 'resnet50', alias: 'production', version: 'v12' }],
  });

const run = z
  .object({
    id: maybe('GitHub’s id', '16000000001'),
    url: maybe('Where to see it', 'https://github.com/acme/deploy/actions/runs/16000000001'),
    status: z.enum(['expected', 'queued', 'in_progress', 'completed', 'missing', 'unknown']).meta({ description: 'How far it is' }),
    conclusion: maybe('GitHub’s own word; `null` until it is completed', 'success'),
    attempt: z.int().meta({ description: 'From 1; a re-run has the next number' }),
    startedAt: ms('When it started').nullable(),
    endedAt: ms('When it ended').nullable(),
    isGivenUp: z.literal(true).optional().meta({ description: 'It is not followed any more' }),
  })
  .meta({ description: 'A workflow run' });

export const delivery = z
  .object({
    id: text('Its id', '01981e5c-0000-7000-8000-000000000002'),
    eventId: text('Of which event', '01981e5c-0000-7000-8000-000000000001'),
    route: text('Of which route', 'deploy'),
    target: text('Where it goes', 'repository_dispatch:acme/deploy'),
    credential: text('Whose rate limit it counts against, and what a pause of a credential names', 'github'),
    state: z
      .enum(DELIVERY_STATES)
      .meta({ description: 'The stored state; pages and commands show `dead` as failed, `held` as awaiting approval' }),
    attempts: z.int().meta({ description: 'Since it was accepted or last replayed' }),
    createdAt: ms('When it was stored'),
    updatedAt: ms('When it changed last'),
    dueAt: ms('When it is tried next; `null` unless pending').nullable(),
    reason: maybe('Why it is in this state', 'GitHub answered 404: there is no such repository'),
    runUrl: maybe('The workflow run', 'https://github.com/acme/deploy/actions/runs/16000000001'),
    request: z.looseObject({ kind: z.string() }).nullable().meta({ description: 'What is sent, without credentials' }),
    run: run.nullable().meta({ description: 'The workflow run, once the dispatch has left' }),
    message: z.object({ channel: z.string(), ts: z.string() }).nullable().meta({ description: 'The message in Slack' }),
  })
  .meta({ id: 'Delivery', description: 'One request that an event asked for' });

export const deliveryRecord = z
  .object({
    delivery,
    attempts: z
      .array(
        z.object({
          startedAt: ms('When'),
          durationMs: z.int(),
          outcome: z.enum(['delivered', 'found', 'refused', 'limited', 'failed', 'ambiguous']),
          status: z.int().nullable().meta({ description: 'The HTTP status, if there was an answer' }),
          detail: z.string().meta({ description: 'What happened, for a person' }),
        }),
      )
      .meta({ description: 'Oldest first' }),
    notes: z
      .array(z.object({ at: ms('When'), text: z.string() }))
      .meta({ description: 'Decisions, replays, what its run did; oldest first' }),
    earlierRuns: z.array(run).optional().meta({ description: 'From before it was sent again; left out: none' }),
  })
  .meta({ id: 'DeliveryRecord', description: 'One delivery, whole' });

const eventFields = {
  id: text('Its id', '01981e5c-0000-7000-8000-000000000001'),
  receivedAt: ms('When it came'),
  outcome: z.enum(EVENT_OUTCOMES).meta({ description: 'What became of it' }),
  duplicateOf: maybe('Of which event', '01981e5c-0000-7000-8000-000000000000'),
  event,
  wandb: z
    .looseObject({})
    .nullable()
    .optional()
    .meta({ description: 'What W&B’s API knows about it; left out: not asked; `null`: nothing' }),
  subjectKey: text('What it is about: the order is kept per subject, and a mute applies to it', 'acme/train/resnet50'),
};

const body = z.string().meta({ description: 'As it came, secrets replaced' });

export const eventSummary = z
  .object({
    ...eventFields,
    bodyLength: z.int().optional().meta({ description: 'Of the body, in characters; where neither `body` nor `deliveries` is there' }),
    body: body.optional(),
    deliveries: z.array(delivery).optional().meta({ description: 'With one of the filters of a search' }),
  })
  .meta({ id: 'EventSummary', description: 'An event in a list' });

const approval = z
  .object({
    eventId: z.string(),
    route: z.string(),
    channel: text('Where it was asked', '#ml-ops'),
    by: z.array(z.string()).nullable().meta({ description: 'Slack ids that may decide; `null`: everyone in the channel' }),
    allowSelf: z.boolean().optional(),
    allowAdmin: z.boolean().optional(),
    expiresMs: z.int(),
    approvals: z.int().optional(),
    compare: z.array(z.string()).optional(),
    remindMs: z.int().optional(),
    escalate: z.object({ afterMs: z.int(), to: z.string() }).optional(),
    expiresAt: ms('When it expires'),
    decision: z.enum(['approved', 'rejected', 'expired', 'cancelled']).nullable(),
    decidedBy: z.string().nullable(),
    decidedAt: ms('When it was decided').nullable(),
    notAsked: z.string().optional().meta({ description: 'Why it could not be asked' }),
    reason: z.string().optional(),
    votes: z.array(z.object({ by: z.string(), persons: z.array(z.string()), at: ms('When'), reason: z.string().optional() })).optional(),
    remindedAt: ms('When people were reminded').optional(),
    escalatedAt: ms('When others were asked').optional(),
  })
  .meta({ id: 'Approval', description: 'An approval that was asked for' });

export const wholeEvent = z
  .object({
    event: z.object({ ...eventFields, body }).meta({ id: 'Event', description: 'An event' }),
    routes: z
      .array(z.object({ route: z.string(), matches: z.boolean(), why: z.array(z.string()).meta({ description: 'Why it does not match' }) }))
      .meta({ description: 'By the config in use now' }),
    deliveries: z.array(deliveryRecord).meta({ description: 'Oldest first, the first fifty' }),
    moreDeliveries: z.boolean().meta({ description: 'There are more than are here' }),
    approvals: z.array(approval),
    mutes: z.array(z.object({ route: z.string(), until: ms('Until when'), by: z.string() })).meta({ description: 'Of its subject' }),
  })
  .meta({ description: 'An event with everything about it' });

const next = z
  .string()
  .optional()
  .meta({ description: 'The `cursor` of the next page; left out: this is the last one', examples: ['4711'] });
export const erased = z.object({
  pseudonym: text('What takes the place of the names', 'erased-1a2b3c4d'),
  tables: z.array(
    z.object({
      table: text('Where', 'events'),
      changed: z.int().meta({ description: 'Rows that were changed; with `dry_run`: would be' }),
      open: z.int().meta({ description: 'Rows that stay as they are for now: something of their events is not finished' }),
    }),
  ),
  next,
});
export const pageOf = (name: string, item: z.ZodType) => z.object({ [name]: z.array(item), next });
export const eventPage = z.object({
  events: z.array(eventSummary),
  next,
  partial: z.literal(true).optional().meta({ description: 'Searching old events stopped at a bound: `next` goes on from there' }),
});

const version = { version: z.string(), artifact: z.string().nullable(), since: ms('Since when') };
export const promotion = z
  .object({
    version: maybe('Which version has, or had, the alias; `null`: none', 'v12'),
    artifact: maybe('Its full name', 'acme/train/resnet50:v12'),
    since: ms('Since when'),
    by: maybe('The W&B user who gave it', 'ada'),
    origin: z.enum(['event', 'api']).meta({ description: 'From an event, or because W&B was asked' }),
    eventId: z.string().nullable().meta({ description: 'The event, while it is kept' }),
    replaced: z.object(version).nullable(),
    deployedAt: ms('When all that its event dispatched had succeeded').nullable(),
    run: z.object({ conclusion: z.string(), url: z.string().nullable(), endedAt: ms('When') }).nullable(),
  })
  .meta({ id: 'Promotion', description: 'One time that a version was given an alias' });

export const alias = z
  .object({
    key: text('Identifies it', '0123456789abcdef0123456789abcdef'),
    source: z.string(),
    entity: z.string().nullable(),
    project: z.string().nullable(),
    registry: z.string().nullable(),
    collection: text('The collection', 'resnet50'),
    alias: text('The alias', 'production'),
    holder: promotion.meta({ description: 'Which version has it' }),
    deployed: promotion.nullable().meta({ description: 'The latest version whose deployment succeeded' }),
  })
  .meta({ id: 'Alias', description: 'One alias of one collection' });

const credentialPause = z.object({ kind: z.enum(['route', 'credential']), name: z.string() });
export const pause = z
  .object({
    scope: z.union([z.object({ kind: z.literal('everything') }), credentialPause]),
    by: text('Who paused it', 'ada'),
    at: ms('When'),
    reason: maybe('Why', 'GitHub is migrated'),
  })
  .meta({ id: 'Pause', description: 'What is not sent until somebody resumes it' });

export const rejected = z
  .object({
    receivedAt: ms('When it came'),
    source: z.string(),
    status: z.int().meta({ description: 'How it was answered' }),
    reason: z.string(),
    body,
  })
  .meta({ id: 'Rejected', description: 'An authentic request that could not be read' });

export const counted = z.object({ given: z.int(), needed: z.int() }).meta({ description: 'Counted; more approvals are needed' });
export const changed = z.object({ id: z.string(), status: z.literal('ok'), counted: counted.optional() });
export const changedMany = z.object({
  ids: z.array(z.string()).meta({ description: 'Which deliveries it is about' }),
  results: z
    .array(z.object({ id: z.string(), done: z.boolean(), why: z.string().optional(), counted: counted.optional() }))
    .meta({ description: 'One for each; none with `dry_run`' }),
  next,
  more: z.literal(true).optional().meta({ description: 'More match than one request changes: ask again' }),
});

export const status = z.object({
  events: z.record(z.string(), z.int()).meta({ description: 'By outcome', examples: [{ routed: 12 }] }),
  deliveries: z.record(z.string(), z.int()).meta({ description: 'By state', examples: [{ delivered: 12, dead: 1 }] }),
  rejected: z.int(),
  holdBacks: z
    .array(z.object({ credential: z.string(), until: ms('Until when'), reason: z.string() }))
    .meta({ description: 'What is throttled' }),
});

export const rolledBack = z.object({
  id: text('Of the new event', '01981e5c-0000-7000-8000-000000000003'),
  version: text('What is deployed again', 'v11'),
  deliveries: z.array(z.object({ id: z.string(), route: z.string(), target: z.string() })),
  held: z.boolean().meta({ description: 'Somebody must approve it first' }),
  holder: z.string().nullable().meta({ description: 'Which version W&B’s alias stays on' }),
  wandb_url: z.string().nullable().meta({ description: 'Where it can be moved' }),
});
