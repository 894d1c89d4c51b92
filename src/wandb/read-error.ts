import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../lib/json.ts';
import { neverSent } from '../lib/never-sent.ts';
import { proxyErrorIn } from '../lib/proxy-error.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { AnswerTooLongError } from '../network/limited-fetch.ts';
import type { WandbError, WandbErrorKind } from './wandb-error.ts';

/** What W&B's answers mean. Pure: status and text in, data or a refusal out. */

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Where a 3xx points. */
  readonly location: string | null;
}

export interface Refusal {
  readonly error: WandbError;
  /** The same request may be sent again: nothing was changed by it, and the next answer may differ. */
  readonly retry: boolean;
}

/**
 * Reads an answer of `/graphql`. The rules are those of the Python client (0.28 to 0.30): retried are 408, 429 and 5xx
 * except 501; errors come with any status, in one of three shapes, or as no JSON at all.
 *
 * @param writes the request was a mutation: where it is open whether W&B carried it out, the error is `unclear`
 */
export function readAnswer(answer: HttpAnswer, writes: boolean): Result<JsonObject, Refusal> {
  const parsed = parseJson(answer.body);
  const body = parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined;
  if (answer.status < 200 || answer.status >= 300) return err(refusalOf(answer, body));
  const open: WandbErrorKind = writes ? 'unclear' : 'unavailable';
  if (body === undefined) return refuse(open, answer.status, 'W&B answered with no JSON: is WANDB_BASE_URL the address of a W&B server?');
  const said = messagesIn(body);
  if (said.length > 0) {
    const kind = writes && failsBelowTheRoot(body) ? 'unclear' : 'invalid';
    return refuse(kind, answer.status, `W&B refused: ${said.join('; ')}`);
  }
  return isJsonObject(body.data) ? ok(body.data) : refuse(open, answer.status, 'W&B answered without data');

  function refusalOf(refused: HttpAnswer, refusedBody: JsonObject | undefined): Refusal {
    const { kind, retry } = meaningOf(refused.status, writes);
    const words = refusedBody === undefined ? [] : messagesIn(refusedBody);
    const detail = words.length > 0 ? `: ${words.join('; ')}` : '';
    return { error: { kind, status: refused.status, message: `${headline(refused)}${detail}` }, retry };
  }
}

/** Reads what `fetch` threw: no answer at all, or a broken one. */
export function readNoAnswer(thrown: unknown, writes: boolean, timeoutMs: number): Refusal {
  const code = causeCode(thrown);
  const timedOut = thrown instanceof Error && thrown.name === 'TimeoutError';
  const proxy = proxyErrorIn(thrown);
  const named = thrown instanceof AnswerTooLongError ? thrown : proxy;
  const what =
    named?.message ?? (timedOut ? `no answer within ${timeoutMs / 1000} s` : `no answer (${code === '' ? 'the connection broke' : code})`);
  const open = writes && !neverSent(thrown);
  return {
    error: {
      kind: open ? 'unclear' : 'unavailable',
      status: null,
      message: `W&B: ${what}${open ? '; it is not known whether the change was made' : ''}`,
    },
    // A proxy that refuses, for a wrong password say, refuses again.
    retry: !open && (proxy?.status === undefined || proxy.status >= 500),
  };
}

function refuse(kind: WandbErrorKind, status: number, message: string): Result<never, Refusal> {
  return err({ error: { kind, status, message }, retry: false });
}

function meaningOf(status: number, writes: boolean): { kind: WandbErrorKind; retry: boolean } {
  if (status < 400) return { kind: 'unavailable', retry: false };
  if (status === 401 || status === 403) return { kind: 'unauthorized', retry: false };
  if (status === 404 || status === 410) return { kind: 'not_found', retry: false };
  if (status === 409) return { kind: 'conflict', retry: false };
  // A request over the limit was turned away, so that a mutation too may be sent again.
  if (status === 429) return { kind: 'unavailable', retry: true };
  if (status === 501) return { kind: 'unavailable', retry: false };
  if (status === 408 || status >= 500) return writes ? { kind: 'unclear', retry: false } : { kind: 'unavailable', retry: true };
  return { kind: 'invalid', retry: false };
}

function headline({ status, location }: HttpAnswer): string {
  if (status < 400) return `W&B redirects (${status}) to ${location ?? 'an unnamed address'}: set WANDB_BASE_URL to the final address`;
  if (status === 401) return 'W&B refused the API key (401): check WANDB_API_KEY';
  if (status === 403) return 'W&B does not allow this to the owner of the API key (403)';
  return `W&B answered ${status}`;
}

/** All messages of `{"errors": […]}`, `{"error": "…"}` or `{"error": {"message"}}`; empty when there is no error. */
function messagesIn(body: JsonObject): string[] {
  const errors = Array.isArray(body.errors) ? body.errors : [];
  return [...errors, ...(body.error === undefined || body.error === null ? [] : [body.error])].map(messageOf);
}

function messageOf(error: JsonValue): string {
  if (typeof error === 'string') return error;
  if (isJsonObject(error) && typeof error.message === 'string') return error.message;
  return JSON.stringify(error).slice(0, 200);
}

/** The mutation itself answered, and something below it failed: the change may have been made. */
function failsBelowTheRoot(body: JsonObject): boolean {
  return (
    Array.isArray(body.errors) && body.errors.some((error) => isJsonObject(error) && Array.isArray(error.path) && error.path.length > 1)
  );
}

function causeCode(thrown: unknown): string {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; error = error.cause, depth++) {
    if ('code' in error && typeof error.code === 'string') return error.code;
  }
  return '';
}
