import { Hono } from 'hono';
import * as z from 'zod';
import { parseJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { problem } from '../http/problem.ts';
import { readBody, refuseUnread } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { cleanReason } from '../reason.ts';
import type { PauseScope, PauseStore } from '../store/pause.ts';
import type { AdminContext } from './access.ts';
import { identityOf } from './guard.ts';
import { nameProblem } from './requests.ts';

export interface PausesApiOptions {
  readonly store: PauseStore;
  readonly now: () => number;
  readonly wake: () => void;
}

const LIMIT = { maxBytes: 16_384, from: 'a limit of this receiver' } as const;
const utf8 = new TextDecoder();

const name = z.string().min(1, 'must be a name').max(300, 'may have at most 300 characters');
const scope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('everything') }),
  z.strictObject({ kind: z.enum(['route', 'credential']), name }),
]);
const body = z.strictObject({
  do: z.enum(['pause', 'resume'], 'must be pause or resume'),
  scope,
  by: z.string().optional(),
  reason: z.string().max(2_000, 'may have at most 2,000 characters').optional(),
});
type PauseBody = z.output<typeof body>;

/** `/pauses` of the admin API: what is paused; pausing and resuming. Behind the API's guard. */
export function pausesApi({ store, now, wake }: PausesApiOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/', async (c) => c.json({ pauses: await store.pauses() }));
  app.post('/', async (c) => {
    const bytes = refuseUnread(c, LIMIT) ?? (await readBody(c, LIMIT, true));
    if (bytes instanceof Response) return bytes;
    const read = readPause(utf8.decode(bytes));
    const by = read.ok ? actorOf(c, read.value) : read;
    if (!read.ok || !by.ok) return refuse(c, read.ok && !by.ok ? by.error : read.ok ? '' : read.error);
    const isDone = await setPause(store, read.value, by.value, now());
    if (isDone) wake();
    return c.json({ changed: isDone });
  });
  return app;
}

async function setPause(store: PauseStore, { do: what, scope, reason }: PauseBody, by: string, at: number): Promise<boolean> {
  const paused: PauseScope = scope;
  if (what === 'resume') return store.resume(paused);
  return store.pause({ scope: paused, by, at, reason: cleanReason(reason ?? '') ?? null });
}

function readPause(text: string): Result<PauseBody, string> {
  const json = parseJson(text);
  if (!json.ok) return err(`the body is not JSON: ${json.error}`);
  const parsed = body.safeParse(json.value);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return err(`${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not valid'}`);
}

/** Nobody acts in the name of somebody else; whoever shares a token says who it is. */
function actorOf(c: AdminContext, { by }: PauseBody): Result<string, string> {
  const identity = identityOf(c);
  if (identity.isShared !== true)
    return by === undefined || by === identity.name ? ok(identity.name) : err(`by: this token is ${identity.name}'s, so leave it out`);
  const given = by?.trim();
  if (given === undefined) return err('by: is missing: say who it is, such as {"by": "ada"}; the admin token alone is no name');
  const wrong = nameProblem(given);
  return wrong === undefined ? ok(given) : err(`by: ${wrong}`);
}

function refuse(c: AdminContext, detail: string): Response {
  return problem(c, { status: 400, title: 'Bad Request', detail: `${detail}.` });
}
