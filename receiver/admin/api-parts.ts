import { isJsonObject, parseJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody, refuseUnread } from '../http/request-body.ts';
import { cleanReason } from '../reason.ts';
import type { Page } from '../store/page.ts';
import type { ChangeOptions } from '../store/store.ts';
import type { AdminContext } from './access.ts';
import { identityOf } from './guard.ts';
import type { Identity } from './identity.ts';
import { type ActorBody, type Refusal, timeOf } from './requests.ts';

/** What all endpoints of the admin API have in common: how they read a request, and how they answer. */

/** A POST that changes nothing: whoever reads may send it. @param path with the base path and `/api` */
export function changesNothing(path: string): boolean {
  return path.endsWith('/api/simulate');
}

/** Nothing of the admin API has a body of any size. */
export const ADMIN_BODY_LIMIT: BodyLimit = { maxBytes: 1024 * 1024, from: 'a limit of this receiver' };
/** A page with bodies holds at most so many characters of them, or one. A body may be larger than this alone. */
export const BODY_ROOM = 2 * 1024 * 1024;

/** An event with more deliveries is shown with the first ones. */
export const MOST_DELIVERIES = 50;

/** The details of a 404 for something that is not stored, apart from that of an address that does not exist. */
export const NO_SUCH_DELIVERY = 'There is no such delivery.';
export const NO_SUCH_EVENT = 'There is no such event.';
/** Of an event of a burst, or of one that could not be routed. */
export const NOT_ROUTED_YET =
  'The event is stored, and its routes were not tried yet. That usually takes a moment; if it stays so, /readyz says why.';
export const NO_SUCH_ALIAS = 'Nothing is known of this alias.';

/** How notes say where something was done. */
export const ADMIN_API = 'the admin API';

/** Who acts, and where: `ada, by the admin API`. */
export function actsAs({ by, reason }: ActorBody, where: string): ChangeOptions {
  const why = reason === undefined ? undefined : cleanReason(reason);
  return {
    ...(by === undefined ? {} : { by: `${by}, by ${where}`, persons: [by] }),
    ...(why === undefined ? {} : { reason: why }),
  };
}

/** The log's word for a change: `pause everything by ada`. Whoever shares a token and gives no name is called as the token is. */
export function logChange(c: AdminContext, what: string, by: string | undefined): void {
  c.get('logFields').result = `${what} by ${by ?? identityOf(c).name}`;
}

const utf8 = new TextDecoder();

/** The body, read by a schema, with who acts; or the answer that refuses it. */
export async function readAs<T extends object>(c: AdminContext, read: (body: string) => Result<T, Refusal>): Promise<T | Response> {
  const body = refuseUnread(c, ADMIN_BODY_LIMIT) ?? (await readBody(c, ADMIN_BODY_LIMIT, true));
  if (body instanceof Response) return body;
  const text = withActor(utf8.decode(body), identityOf(c));
  const result = text.ok ? read(text.value) : text;
  return result.ok ? result.value : badRequest(c, result.error);
}

/** A body that says who acts: whoever sent it, unless the token is shared. Nobody acts in the name of somebody else. */
function withActor(body: string, { name, isShared }: Identity): Result<string, Refusal> {
  if (isShared === true) return ok(body);
  const json = body.trim() === '' ? ok({}) : parseJson(body);
  // What is no object is refused by whoever reads it.
  if (!json.ok || !isJsonObject(json.value)) return ok(body);
  const { by = name } = json.value;
  if (by === name) return ok(JSON.stringify({ ...json.value, by }));
  const detail = `this token is ${name}'s, so leave it out`;
  return err({ detail: `by: ${detail}`, errors: [{ detail, pointer: '#/by' }] });
}

export function queryOf(c: AdminContext): URLSearchParams {
  return new URL(c.req.url).searchParams;
}

export function badRequest(c: AdminContext, { detail, errors }: Refusal): Response {
  return problem(c, { status: 400, title: 'Bad Request', detail: `${detail}.`, ...(errors === undefined ? {} : { errors }) });
}

export function notFound(c: AdminContext, detail: string): Response {
  return problem(c, { status: 404, title: 'Not Found', detail });
}

export function page<T extends object>(c: AdminContext, name: string, { items, next }: Page<T>): Response {
  return c.json({ [name]: items, ...(next === undefined ? {} : { next: String(next) }) });
}

export function after(since: string | undefined, now: number): { readonly since?: number } {
  const time = since === undefined ? undefined : timeOf(since, now);
  return time === undefined ? {} : { since: time };
}

export function from(cursor: number | undefined): { readonly before?: number } {
  return cursor === undefined ? {} : { before: cursor };
}
