import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../lib/json.ts';
import { neverSent } from '../lib/never-sent.ts';
import { proxyErrorIn } from '../lib/proxy-error.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { ResponseTooLongError } from '../network/limited-fetch.ts';
import type { WandbError, WandbErrorKind } from './wandb-error.ts';

/** What responses of W&B mean. Pure. */

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  /** Where a 3xx points. */
  readonly location: string | null;
}

export interface Refusal {
  readonly error: WandbError;
  /** The request may be sent again: it changed nothing, and the next response may be different. */
  readonly retry: boolean;
}

/**
 * Reads a response of `/graphql`. The rules are those of the Python client (0.28 to 0.30): 408, 429 and 5xx except 501 are
 * retried. Errors come with any status, in one of three forms, or without JSON.
 *
 * @param writes the request was a mutation: if W&B may have applied it, the error is `unclear`
 * @param redact is applied to W&B's messages before they are cut, because half a key would not be recognised
 */
export function readResponse(response: HttpResponse, writes: boolean, redact: (text: string) => string): Result<JsonObject, Refusal> {
  const parsed = parseJson(response.body);
  const body = parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined;
  if (response.status < 200 || response.status >= 300) return err(refusalOf(response, body));
  const open: WandbErrorKind = writes ? 'unclear' : 'unavailable';
  if (body === undefined) {
    // JSON that was cut off on its way: a query may be sent again.
    if (/^\s*\{/.test(response.body)) {
      return err({ error: { kind: open, status: response.status, message: 'W&B: the response was cut off' }, retry: !writes });
    }
    return refuse(open, response.status, 'W&B responded without JSON: check that WANDB_BASE_URL is the address of a W&B server');
  }
  const messages = messagesIn(body, redact);
  if (messages.length > 0) {
    const kind = writes && failsBelowTheRoot(body) ? 'unclear' : 'invalid';
    return refuse(kind, response.status, `W&B refused: ${messages.join('; ')}`);
  }
  return isJsonObject(body.data) ? ok(body.data) : refuse(open, response.status, 'W&B responded without data');

  function refusalOf(refused: HttpResponse, refusedBody: JsonObject | undefined): Refusal {
    const { kind, retry } = meaningOf(refused.status, writes);
    const reasons = refusedBody === undefined ? [] : messagesIn(refusedBody, redact);
    const detail = reasons.length > 0 ? `: ${reasons.join('; ')}` : '';
    return { error: { kind, status: refused.status, message: `${headline(refused)}${detail}` }, retry };
  }
}

/** Reads an error that `fetch` threw: no response, or a broken one. */
export function readFetchError(thrown: unknown, writes: boolean, timeoutMs: number): Refusal {
  const code = causeCode(thrown);
  const timedOut = thrown instanceof Error && thrown.name === 'TimeoutError';
  const proxy = proxyErrorIn(thrown);
  const isTooLong = thrown instanceof ResponseTooLongError;
  const named = isTooLong ? thrown : proxy;
  const what =
    named?.message ??
    (timedOut ? `no response within ${timeoutMs / 1000} s` : `no response (${code === '' ? 'the connection broke' : code})`);
  const open = writes && !neverSent(thrown);
  return {
    error: {
      kind: open ? 'unclear' : 'unavailable',
      status: null,
      message: `W&B: ${what}${open ? '; whether the change was made is unknown' : ''}`,
      ...(isTooLong ? { tooLong: true as const } : {}),
    },
    // A proxy that refuses, for example because of a wrong password, refuses again; a long answer is as long again.
    retry: !open && !isTooLong && (proxy?.status === undefined || proxy.status >= 500),
  };
}

function refuse(kind: WandbErrorKind, status: number, message: string): Result<never, Refusal> {
  return err({ error: { kind, status, message }, retry: false });
}

function meaningOf(status: number, writes: boolean): { kind: WandbErrorKind; retry: boolean } {
  if (status < 400) return { kind: 'unavailable', retry: false };
  if (status === 401) return { kind: 'unauthorized', retry: false };
  if (status === 403) return { kind: 'forbidden', retry: false };
  if (status === 404 || status === 410) return { kind: 'not_found', retry: false };
  if (status === 409) return { kind: 'conflict', retry: false };
  if (status === 501) return { kind: 'unavailable', retry: false };
  // A gateway may have passed a mutation on before it gave up or counted it: only a list shows whether it was applied.
  if (status === 408 || status === 429 || status >= 500)
    return writes ? { kind: 'unclear', retry: false } : { kind: 'unavailable', retry: true };
  return { kind: 'invalid', retry: false };
}

function headline({ status, location }: HttpResponse): string {
  if (status < 400) return `W&B redirects (${status}) to ${location ?? 'an unnamed address'}: set WANDB_BASE_URL to the final address`;
  if (status === 401) return 'W&B refused the API key (401): check WANDB_API_KEY';
  if (status === 403) return 'W&B does not allow this for the owner of the API key (403): use a key with the permission';
  return `W&B answered ${status}`;
}

/** All messages of `{"errors": […]}`, `{"error": "…"}` or `{"error": {"message"}}`; empty when there is no error. */
function messagesIn(body: JsonObject, redact: (text: string) => string): string[] {
  const errors = Array.isArray(body.errors) ? body.errors : [];
  return [...errors, ...(body.error === undefined || body.error === null ? [] : [body.error])].map((error) => messageOf(error, redact));
}

function messageOf(error: JsonValue, redact: (text: string) => string): string {
  if (typeof error === 'string') return redact(error);
  if (isJsonObject(error) && typeof error.message === 'string') return redact(error.message);
  return redact(JSON.stringify(error)).slice(0, 200);
}

/** The mutation returned a result, and a field below it failed: the change may have been made. */
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
