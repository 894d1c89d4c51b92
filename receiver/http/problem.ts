import type { Context } from 'hono';

export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 500 | 503;
  readonly title: string;
  /** What is wrong here and what to do. Left out where it would help an attacker. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers an error as RFC 9457 `application/problem+json`. */
export function problem(c: Context, { status, title, detail, headers }: Problem): Response {
  const body = { type: 'about:blank', title, status, ...(detail === undefined ? {} : { detail }) };
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json', ...headers });
}
