import type { Context } from 'hono';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody, refuseUnread } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { type Authentication, type AuthenticationFailure, authenticateHeaders, explainFailure } from './authenticate.ts';

/**
 * The body of a webhook once it is authentic, or the answer to one that is not. In this order: size and encoding,
 * authentication by the headers, the body, authentication over its raw bytes.
 */
export async function readAuthenticBody(
  c: Context<RequestVariables>,
  source: string,
  authentication: Authentication,
  limit: BodyLimit,
): Promise<Uint8Array | Response> {
  const refused = refuseUnread(c, limit);
  if (refused !== undefined) return refused;
  const headers = { signature: c.req.header('x-wandb-signature'), authorization: c.req.header('authorization') };
  const { failure, isProved, checkBody } = authenticateHeaders(authentication, source, headers);
  if (failure !== undefined) return unauthorized(c, failure, source);
  const raw = await readBody(c, limit, isProved);
  if (raw instanceof Response) return raw;
  const mismatch = checkBody(raw);
  return mismatch === undefined ? raw : unauthorized(c, mismatch, source);
}

function unauthorized(c: Context<RequestVariables>, failure: AuthenticationFailure, source: string): Response {
  c.get('logFields').reason = explainFailure(failure, source);
  return problem(c, { status: 401, title: 'Unauthorized' });
}
