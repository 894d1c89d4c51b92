import * as z from 'zod';
import { parseDuration } from '../../src/lib/duration.ts';
import { parseJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { FieldError } from '../http/problem.ts';
import { DELIVERY_STATES, EVENT_OUTCOMES } from '../store/delivery.ts';
import { person } from './person-name.ts';

/**
 * What may be asked of the admin API. An error is a sentence for whoever asked: which parameter, and what it may be. The API's
 * document (`openapi/`) is made from these same schemas, with their descriptions.
 */

/** A page has at most so many items. */
export const PAGE_LIMIT = 100;
/** At most so many deliveries are changed by one request: each takes a few rows of a transaction. */
export const CHANGE_LIMIT = 500;
/** The longest mute. Hours. */
export const LONGEST_MUTE_H = 24 * 90;
/** Of a text to search for. Characters. */
const SEARCH_LENGTH = 200;

/** Why a request is refused: in one sentence without its end, and part by part. */
export interface Refusal {
  readonly detail: string;
  readonly errors?: readonly FieldError[];
}

const cursor = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the "next" of another page')
  .transform(Number)
  .meta({ description: 'The `next` of another page', examples: ['4711'] });

const states = z.array(oneOf(DELIVERY_STATES)).meta({ description: 'Only deliveries in one of these states', examples: [['dead']] });

/** A time, or how long ago it was. */
const time = (description: string) =>
  z
    .string()
    .refine((text) => timeOf(text, 0) !== undefined, {
      error: ({ input }) => `"${input}" is neither a duration, such as 24h, nor a time, such as 2026-11-27T09:00:00Z`,
    })
    .meta({ description, examples: ['24h', '2026-11-27T09:00:00Z'] });
const since = time('Received or created then or later: a time, or how long ago');

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: ({ input }) => `"${input}" is none of ${values.join(', ')}` });
}

const limit = (most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a number from 1 to ${most}`)
    .transform(Number)
    .pipe(z.number().min(1, `must be a number from 1 to ${most}`).max(most, `must be a number from 1 to ${most}`))
    .default(most)
    .meta({ description: `At most so many items, from 1 to ${most}`, examples: ['50'] });

const pageQuery = { cursor: cursor.optional(), limit: limit(PAGE_LIMIT) };
const route = z.string().meta({ description: 'Of this route', examples: ['deploy'] });

export const deliveriesQuery = z.strictObject({ state: states.optional(), since: since.optional(), route: route.optional(), ...pageQuery });

const searched = (description: string, example: string) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(SEARCH_LENGTH, `may have at most ${SEARCH_LENGTH} characters`)
    .meta({ description, examples: [example] });

/** The filters of the pages' list of events, besides those that the API has had before. */
const SEARCH = {
  until: time('Received before: a time, or how long ago').optional(),
  source_name: searched('From this source: the last part of the webhook’s address', 'prod').optional(),
  collection: searched('About this collection', 'resnet50').optional(),
  alias: searched('About this alias', 'production').optional(),
  run: searched('About this run', 'kx3v9d1p').optional(),
  text: searched('With this text in the fields or the body, in any case of letters', 'resnet').optional(),
};

export const eventsQuery = z.strictObject({
  outcome: z
    .array(oneOf(EVENT_OUTCOMES))
    .optional()
    .meta({ description: 'Only events with one of these outcomes', examples: [['unmatched']] }),
  type: z
    .string()
    .optional()
    .meta({ description: 'Only events of this type', examples: ['add_artifact_alias'] }),
  since: since.optional(),
  include: z
    .literal('body', 'may only be "body"')
    .optional()
    .meta({ description: 'With the bodies. Only beside `outcome`, `type` and `since`' }),
  state: states.optional().meta({ description: 'With a delivery in one of these states' }),
  route: route.optional().meta({ description: 'With a delivery of this route' }),
  ...SEARCH,
  ...pageQuery,
});

export const aliasesQuery = z.strictObject({
  collection: z
    .string()
    .optional()
    .meta({ description: 'A name, or `entity/project/collection`', examples: ['resnet50'] }),
  alias: z
    .string()
    .optional()
    .meta({ description: 'Only this alias', examples: ['production'] }),
  cursor: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be the "next" of another page')
    .optional()
    .meta({ description: 'The `next` of another page' }),
  limit: limit(PAGE_LIMIT),
});

export const exportQuery = z.strictObject({
  since: time('Received, or given the alias, then or later: a time, or how long ago').optional(),
  until: time('Before then: a time, or how long ago').optional(),
  cursor: z.string().max(50, 'must be the "next" of another page').optional().meta({ description: 'The `next` of another page' }),
});
export const rejectedQuery = z.strictObject(pageQuery);
export const historyQuery = z.strictObject({ limit: limit(PAGE_LIMIT) });

const REPEATED: readonly string[] = ['state', 'outcome'];
/** On Workers, which object is asked; elsewhere one receiver has all sources. */
const SOURCE = 'source';

export const readDeliveriesQuery = (query: URLSearchParams) => readQuery(deliveriesQuery, query);
export const readEventsQuery = (query: URLSearchParams) => readQuery(eventsQuery, query);
export const readAliasesQuery = (query: URLSearchParams) => readQuery(aliasesQuery, query);
export const readExportQuery = (query: URLSearchParams) => readQuery(exportQuery, query);
export const readRejectedQuery = (query: URLSearchParams) => readQuery(rejectedQuery, query);
export const readHistoryQuery = (query: URLSearchParams) => readQuery(historyQuery, query);

function readQuery<T extends z.ZodType>(schema: T, query: URLSearchParams): Result<z.output<T>, Refusal> {
  const names = [...new Set(query.keys())].filter((name) => name !== SOURCE);
  const twice = names.find((name) => !REPEATED.includes(name) && query.getAll(name).length > 1);
  if (twice !== undefined)
    return err({ detail: `${twice}: may be given once`, errors: [{ detail: 'may be given once', parameter: twice }] });
  const given = Object.fromEntries(names.map((name) => [name, REPEATED.includes(name) ? query.getAll(name) : query.get(name)]));
  return checked(schema, given, (path) => ({ parameter: String(path[0] ?? '') }));
}

const ids = z
  .array(z.string().max(100))
  .min(1, 'must name a delivery')
  .max(CHANGE_LIMIT, `may name at most ${CHANGE_LIMIT} deliveries`)
  .meta({ description: `Ids of deliveries, at most ${CHANGE_LIMIT}` });

const BY = { description: 'Who does it. Left out with a named token: its name', examples: ['ada'] };
const REASON = { description: 'Why. It is kept and shown', examples: ['checked by hand'] };
const reason = z.string().max(2_000, 'may have at most 2,000 characters').optional().meta(REASON);

const actorShape = { by: person.optional().meta(BY) };
const deciderShape = {
  by: z
    .string({ error: 'is missing: say who decides, such as {"by": "ada"}; the admin token alone is no name' })
    .pipe(person)
    .meta({ description: 'Who decides. May be left out with a named token', examples: ['ada'] }),
  reason,
};

export const actorBody = z.strictObject(actorShape);
export const deciderBody = z.strictObject(deciderShape);
const idsBody = z.strictObject({ ids, ...actorShape });
export const decidedIdsBody = z.strictObject({ ids, ...deciderShape });

export const rollbackBody = z.strictObject({
  by: z
    .string({ error: 'is missing: say who rolls back, such as {"by": "ada"}; the admin token alone is no name' })
    .pipe(person)
    .meta({ description: 'Who rolls back. May be left out with a named token', examples: ['ada'] }),
  to: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'The version to deploy again. Left out: the one that was deployed before', examples: ['v11'] }),
});

const filterBody = z.strictObject({
  ...actorShape,
  filter: z
    .strictObject({
      state: states.min(1, 'must name a state'),
      since: since.optional(),
      route: route.optional(),
      type: z.string().optional().meta({ description: 'Of events of this type' }),
      ...SEARCH,
    })
    .meta({ description: 'All deliveries that match, the oldest first' }),
  limit: z.int().min(1).max(CHANGE_LIMIT, `may be at most ${CHANGE_LIMIT}`).default(CHANGE_LIMIT),
  cursor: cursor.optional(),
  dry_run: z.boolean().default(false).meta({ description: 'true: only says which' }),
});
export const bulkBody = z.union([idsBody, filterBody]);

export const muteBody = z.strictObject({
  route: z
    .string({ error: 'is missing: name the route whose messages are muted' })
    .min(1, 'must be a name')
    .max(300, 'may have at most 300 characters')
    .meta({ description: 'The route', examples: ['tell-team'] }),
  hours: z
    .number({ error: 'is missing: for how many hours, such as 8' })
    .positive('must be above 0')
    .max(LONGEST_MUTE_H, `may be at most ${LONGEST_MUTE_H}`)
    .meta({ description: 'For how long', examples: [8] }),
  ...actorShape,
});
export const unmuteBody = muteBody.omit({ hours: true });

export type FilterBody = z.output<typeof filterBody>;
export type ChangeBody = z.output<typeof idsBody> | z.output<typeof decidedIdsBody> | FilterBody;

/** What may be done: a decision is somebody's, and about what they have seen, never about whatever matches by then. */
export type ChangeKind = 'decision' | 'change';

/** `{"ids": […]}`, or, if it is no decision, `{"filter": {…}}`. */
export function readChangeBody(body: string, kind: ChangeKind): Result<ChangeBody, Refusal> {
  const json = parseJson(body);
  if (!json.ok) return err({ detail: `the body is not JSON: ${json.error}` });
  const { value } = json;
  if (kind === 'decision') return checkedBody(decidedIdsBody, value);
  const byFilter = typeof value === 'object' && value !== null && !Array.isArray(value) && 'filter' in value;
  return byFilter ? checkedBody(filterBody, value) : checkedBody(idsBody, value);
}

export interface ActorBody {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** Who does it, and why. Without a body nobody is named. */
export function readActorBody(body: string, kind: ChangeKind): Result<ActorBody, Refusal> {
  return kind === 'decision' ? readBodyAs(deciderBody, body) : readBodyAs(actorBody, body);
}

export const readRollbackBody = (body: string) => readBodyAs(rollbackBody, body);
export const readMuteBody = (body: string) => readBodyAs(muteBody, body);
export const readUnmuteBody = (body: string) => readBodyAs(unmuteBody, body);

/** Reads a body by its schema; none at all is `{}`. */
export function readBodyAs<T extends z.ZodType>(schema: T, body: string): Result<z.output<T>, Refusal> {
  const json = body.trim() === '' ? ok({}) : parseJson(body);
  return json.ok ? checkedBody(schema, json.value) : err({ detail: `the body is not JSON: ${json.error}` });
}

function checkedBody<T extends z.ZodType>(schema: T, value: unknown): Result<z.output<T>, Refusal> {
  return checked(schema, value, (path) => ({ pointer: pointerOf(path) }));
}

/** RFC 6901, as the fragment of an address. */
function pointerOf(path: readonly PropertyKey[]): string {
  return `#${path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
}

type PlaceOf = (path: readonly PropertyKey[]) => { readonly parameter: string } | { readonly pointer: string };

function checked<T extends z.ZodType>(schema: T, value: unknown, placeOf: PlaceOf): Result<z.output<T>, Refusal> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const errors = parsed.error.issues.flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ detail: 'not known here', ...placeOf([...issue.path, key]) }))
      : [{ detail: issue.message, ...placeOf(issue.path) }],
  );
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') return err({ detail: `${issue.keys.join(', ')}: not known here`, errors });
  const [name = 'the body', ...rest] = (issue?.path ?? []).filter((part) => typeof part === 'string');
  return err({ detail: `${[name, ...rest].join('.')}: ${issue?.message ?? 'not valid'}`, errors });
}

/** Milliseconds since 1970; `undefined` when the text is neither a duration nor a time. */
export function timeOf(text: string, now: number): number | undefined {
  const age = parseDuration(text);
  if (age !== undefined) return now - age;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
