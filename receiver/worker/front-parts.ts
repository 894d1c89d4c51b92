import type { Context, Hono } from 'hono';
import type { Result } from '../../src/lib/result.ts';
import { problem } from '../http/problem.ts';
import type { RequestVariables } from '../http/request-log.ts';
import type { Verified } from '../http/verified.ts';

export type FrontContext = Context<RequestVariables>;
export type App = Hono<RequestVariables>;

/** A request that the object gets, once it is authentic. */
export interface Forwarded {
  readonly source: string;
  readonly body?: Uint8Array;
  readonly verified?: Verified;
  readonly isGivenUp?: () => boolean;
}

/** Hands a request to the object of its source; without an answer, why. */
export type Forward = (c: FrontContext, forwarded: Forwarded) => Promise<Result<Response, string>>;

/** The object's answer; without one, 503. */
export type Answered = (c: FrontContext, result: Result<Response, string>) => Response;

export function onlyBy(c: FrontContext, detail: string, allow: string): Response {
  return problem(c, { status: 405, title: 'Method Not Allowed', detail, headers: { allow } });
}
