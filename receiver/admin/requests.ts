import * as z from 'zod';
import { parseDuration } from '../../src/lib/duration.ts';
import { parseJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { DELIVERY_STATES, EVENT_OUTCOMES } from '../store/delivery.ts';

/** What may be asked of the admin API. An error is a sentence for whoever asked: which parameter, and what it may be. */

/** A page has at most so many items. */
export const PAGE_LIMIT = 100;
/** At most so many deliveries are changed by one request: each takes a few rows of a transaction. */
export const CHANGE_LIMIT = 500;

const cursor = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the "next" of another page')
  .transform(Number);

const states = z.array(oneOf(DELIVERY_STATES));

/** A time, or how long ago it was. */
const since = z.string().refine((text) => timeOf(text, 0) !== undefined, {
  error: ({ input }) => `"${input}" is neither a duration, such as 24h, nor a time, such as 2026-11-27T09:00:00Z`,
});

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: ({ input }) => `"${input}" is none of ${values.join(', ')}` });
}

const limit = (most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a number from 1 to ${most}`)
    .transform(Number)
    .pipe(z.number().min(1, `must be a number from 1 to ${most}`).max(most, `must be a number from 1 to ${most}`))
    .default(most);

const pageQuery = { cursor: cursor.optional(), limit: limit(PAGE_LIMIT) };

const deliveriesQuery = z.strictObject({ state: states.optional(), since: since.optional(), route: z.string().optional(), ...pageQuery });

const eventsQuery = z.strictObject({
  outcome: z.array(oneOf(EVENT_OUTCOMES)).optional(),
  type: z.string().optional(),
  since: since.optional(),
  include: z.literal('body', 'may only be "body"').optional(),
  ...pageQuery,
});

const aliasesQuery = z.strictObject({
  collection: z.string().optional(),
  alias: z.string().optional(),
  cursor: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be the "next" of another page')
    .optional(),
  limit: limit(PAGE_LIMIT),
});

const rejectedQuery = z.strictObject(pageQuery);

const REPEATED: readonly string[] = ['state', 'outcome'];
/** On Workers, which object is asked; elsewhere one receiver has all sources. */
const SOURCE = 'source';

export const readDeliveriesQuery = (query: URLSearchParams) => readQuery(deliveriesQuery, query);
export const readEventsQuery = (query: URLSearchParams) => readQuery(eventsQuery, query);
export const readAliasesQuery = (query: URLSearchParams) => readQuery(aliasesQuery, query);
export const readRejectedQuery = (query: URLSearchParams) => readQuery(rejectedQuery, query);

function readQuery<T extends z.ZodType>(schema: T, query: URLSearchParams): Result<z.output<T>, string> {
  const names = [...new Set(query.keys())].filter((name) => name !== SOURCE);
  const twice = names.find((name) => !REPEATED.includes(name) && query.getAll(name).length > 1);
  if (twice !== undefined) return err(`${twice}: may be given once`);
  return checked(schema, Object.fromEntries(names.map((name) => [name, REPEATED.includes(name) ? query.getAll(name) : query.get(name)])));
}

const ids = z.array(z.string().max(100)).min(1, 'must name a delivery').max(CHANGE_LIMIT, `may name at most ${CHANGE_LIMIT} deliveries`);

/** Who acts: a person, as W&B names them. It is shown, and counts: so it has no ends that nobody sees. */
const person = z
  .string()
  .trim()
  .min(1, 'must be a name')
  .max(80, 'may have at most 80 characters')
  .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, 'must be one line of visible characters');

/** What is wrong with a name, or `undefined`. */
export function nameProblem(name: string): string | undefined {
  return person.safeParse(name).error?.issues[0]?.message;
}

const actorShape = { by: person.optional() };
const deciderShape = {
  by: z.string({ error: 'is missing: say who decides, such as {"by": "ada"}; the admin token alone is no name' }).pipe(person),
  reason: z.string().max(2_000, 'may have at most 2,000 characters').optional(),
};

const actorBody = z.strictObject(actorShape);
const deciderBody = z.strictObject(deciderShape);
const idsBody = z.strictObject({ ids, ...actorShape });
const decidedIdsBody = z.strictObject({ ids, ...deciderShape });

const rollbackBody = z.strictObject({
  by: z.string({ error: 'is missing: say who rolls back, such as {"by": "ada"}; the admin token alone is no name' }).pipe(person),
  to: z.string().max(200).optional(),
});

const filterBody = z.strictObject({
  ...actorShape,
  filter: z.strictObject({ state: states.min(1, 'must name a state'), since: since.optional(), route: z.string().optional() }),
  limit: z.int().min(1).max(CHANGE_LIMIT, `may be at most ${CHANGE_LIMIT}`).default(CHANGE_LIMIT),
  cursor: cursor.optional(),
  dry_run: z.boolean().default(false),
});

export type ChangeBody = z.output<typeof idsBody> | z.output<typeof decidedIdsBody> | z.output<typeof filterBody>;

/** What may be done: a decision is somebody's, and about what they have seen, never about whatever matches by then. */
export type ChangeKind = 'decision' | 'change';

/** `{"ids": […]}`, or, if it is no decision, `{"filter": {…}}`. */
export function readChangeBody(body: string, kind: ChangeKind): Result<ChangeBody, string> {
  const json = parseJson(body);
  if (!json.ok) return err(`the body is not JSON: ${json.error}`);
  const { value } = json;
  if (kind === 'decision') return checked(decidedIdsBody, value);
  const byFilter = typeof value === 'object' && value !== null && !Array.isArray(value) && 'filter' in value;
  return byFilter ? checked(filterBody, value) : checked(idsBody, value);
}

export interface ActorBody {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** Who does it, and why. Without a body nobody is named. */
export function readActorBody(body: string, kind: ChangeKind): Result<ActorBody, string> {
  const json = body.trim() === '' ? ok({}) : parseJson(body);
  if (!json.ok) return err(`the body is not JSON: ${json.error}`);
  return kind === 'decision' ? checked(deciderBody, json.value) : checked(actorBody, json.value);
}

export function readRollbackBody(body: string): Result<z.output<typeof rollbackBody>, string> {
  const json = body.trim() === '' ? ok({}) : parseJson(body);
  return json.ok ? checked(rollbackBody, json.value) : err(`the body is not JSON: ${json.error}`);
}

function checked<T extends z.ZodType>(schema: T, value: unknown): Result<z.output<T>, string> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') return err(`${issue.keys.join(', ')}: not known here`);
  const [name = 'the body', ...rest] = (issue?.path ?? []).filter((part) => typeof part === 'string');
  return err(`${[name, ...rest].join('.')}: ${issue?.message ?? 'not valid'}`);
}

/** Milliseconds since 1970; `undefined` when the text is neither a duration nor a time. */
export function timeOf(text: string, now: number): number | undefined {
  const age = parseDuration(text);
  if (age !== undefined) return now - age;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
