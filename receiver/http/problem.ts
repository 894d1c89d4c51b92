import type { Context } from 'hono';

/** What is wrong with one part of a request: a parameter of its address, or a place in its body (a JSON pointer, RFC 6901). */
export type FieldError = { readonly detail: string } & ({ readonly parameter: string } | { readonly pointer: string });

export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 429 | 500 | 503;
  readonly title: string;
  /** What is wrong here and what to do. Left out where it would help an attacker. */
  readonly detail?: string;
  /** All that is wrong in the query or the body, part by part. */
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers an error as RFC 9457 `application/problem+json`. */
export function problem(c: Context, { status, title, detail, errors, headers }: Problem): Response {
  const body = {
    type: 'about:blank',
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  };
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json', ...headers });
}
