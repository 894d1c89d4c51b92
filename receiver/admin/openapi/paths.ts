import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import * as z from 'zod';
import { eraseBody, pauseBody, simulateBody } from '../change-requests.ts';
import { exportRecordSchema } from '../export-record.ts';
import {
  actorBody,
  aliasesQuery,
  bulkBody,
  decidedIdsBody,
  deciderBody,
  deliveriesQuery,
  eventsQuery,
  exportQuery,
  historyQuery,
  muteBody,
  rejectedQuery,
  rollbackBody,
  unmuteBody,
} from '../requests.ts';
import * as answers from './answers.ts';
import * as config from './config-answers.ts';

/** All endpoints of the admin API, for its document. A test holds that these are the ones that there are. */

const problemSchema = z
  .object({
    type: z.string().meta({ examples: ['about:blank'] }),
    title: z.string().meta({ examples: ['Bad Request'] }),
    status: z.int().meta({ examples: [400] }),
    detail: z
      .string()
      .optional()
      .meta({ description: 'What is wrong, and what to do', examples: ['limit: must be a number from 1 to 100.'] }),
    errors: z
      .array(
        z.object({
          detail: z.string(),
          parameter: z
            .string()
            .optional()
            .meta({ description: 'A parameter of the address', examples: ['limit'] }),
          pointer: z
            .string()
            .optional()
            .meta({ description: 'A place in the body (RFC 6901)', examples: ['#/filter/state'] }),
        }),
      )
      .optional()
      .meta({ description: 'All that is wrong, part by part' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457)' });

const PROBLEMS = {
  400: 'The request is not valid, or cannot be done: `detail` says why',
  401: 'The token is missing or wrong',
  403: 'The token may only read',
  404: 'There is no such thing',
  413: 'The body is too large',
  429: 'Too many wrong tokens came from this address. `Retry-After` says for how many seconds not even a right one counts',
  503: 'The store failed. Try again',
} as const;

function problems(...statuses: readonly (keyof typeof PROBLEMS)[]): RouteConfig['responses'] {
  const content = { 'application/problem+json': { schema: problemSchema } };
  return Object.fromEntries(statuses.map((status) => [status, { description: PROBLEMS[status], content }]));
}

type Params = NonNullable<NonNullable<RouteConfig['request']>['params']>;
type Query = NonNullable<NonNullable<RouteConfig['request']>['query']>;

interface Read {
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly answer: z.ZodType;
  readonly query?: Query;
  readonly params?: Params;
}

/** On Workers, which source is asked. */
const source = z
  .string()
  .optional()
  .meta({
    description: 'On Workers, where each source has a database of its own: which one. Elsewhere it changes nothing',
    examples: ['prod'],
  });
const SOURCE = z.object({ source });

function withSource(query: Query | undefined): Query {
  return query === undefined ? SOURCE : (query as z.ZodObject).extend({ source });
}

function json(schema: z.ZodType, description = 'Done'): RouteConfig['responses'] {
  return { 200: { description, content: { 'application/json': { schema } } } };
}

function read({ path, tag, summary, answer, query, params }: Read): RouteConfig {
  return {
    method: 'get',
    path,
    tags: [tag],
    summary,
    request: { query: withSource(query), ...(params === undefined ? {} : { params }) },
    responses: {
      ...json(answer, 'Found'),
      ...problems(...(query === undefined ? [] : [400 as const]), 401, ...(params === undefined ? [] : [404 as const]), 429, 503),
    },
  };
}

interface Change extends Read {
  readonly body: z.ZodType;
  /** Left out: the body may be. */
  readonly needsBody?: true;
  readonly description?: string;
  readonly status?: 202;
  /** What it names may be missing. */
  readonly mayMiss?: true;
  /** It changes nothing. */
  readonly mayView?: true;
}

function change(given: Change): RouteConfig {
  const { path, tag, summary, description, answer, params, body, needsBody = false, status, mayMiss, mayView } = given;
  const done =
    status === undefined ? json(answer) : { [status]: { description: 'Under way', content: { 'application/json': { schema: answer } } } };
  return {
    method: 'post',
    path,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    request: {
      query: SOURCE,
      ...(params === undefined ? {} : { params }),
      body: { required: needsBody, content: { 'application/json': { schema: body } } },
    },
    responses: {
      ...done,
      ...problems(400, 401, ...(mayView ? [] : [403 as const]), ...(mayMiss ? [404 as const] : []), 413, 429, 503),
    },
  };
}

const ID = z.object({ id: z.string().meta({ description: 'Its id', examples: ['01981e5c-0000-7000-8000-000000000001'] }) });
const KEY = z.object({ key: z.string().meta({ description: 'The `key` of an alias', examples: ['0123456789abcdef0123456789abcdef'] }) });
/** Whoever has a named token need not say who they are. */
const NAMED = { by: true } as const;

const [events, deliveries, models, configured, running] = ['Events', 'Deliveries', 'Models', 'Config', 'Receiver'] as const;

const EVENTS: readonly RouteConfig[] = [
  read({ path: '/events', tag: events, summary: 'Events, newest first', query: eventsQuery, answer: answers.eventPage }),
  read({ path: '/events/{id}', tag: events, summary: 'One event with everything about it', params: ID, answer: answers.wholeEvent }),
  change({
    path: '/events/{id}/mute',
    tag: events,
    summary: 'Send no messages of a route about this event’s subject for a time',
    params: ID,
    body: muteBody,
    needsBody: true,
    answer: z.object({ route: z.string(), until: z.int().nullable().meta({ description: 'Milliseconds since 1970' }) }),
    mayMiss: true,
  }),
  change({
    path: '/events/{id}/unmute',
    tag: events,
    summary: 'Send messages again',
    params: ID,
    body: unmuteBody,
    needsBody: true,
    answer: z.object({ route: z.string(), until: z.null() }),
    mayMiss: true,
  }),
  read({
    path: '/rejected',
    tag: events,
    summary: 'Authentic requests that could not be read, newest first',
    query: rejectedQuery,
    answer: answers.pageOf('rejected', answers.rejected),
  }),
  read({
    path: '/export',
    tag: events,
    summary: 'Who promoted, approved and deployed, oldest first, then the ledger, and what is muted and paused: a page of records',
    query: exportQuery,
    answer: answers.pageOf('records', exportRecordSchema),
  }),
];

const DONE = {
  replay: 'Send again what is finished: the same request with the same id',
  cancel: 'Stop what is not sent yet, or discard what failed',
  approve: 'Release what awaits approval',
  reject: 'Reject what awaits approval: all that its route holds for its event',
} as const;

const DELIVERIES: readonly RouteConfig[] = [
  read({
    path: '/deliveries',
    tag: deliveries,
    summary: 'Deliveries, newest first',
    query: deliveriesQuery,
    answer: answers.pageOf('deliveries', answers.delivery),
  }),
  read({
    path: '/deliveries/{id}',
    tag: deliveries,
    summary: 'One delivery with its attempts',
    params: ID,
    answer: answers.deliveryRecord,
  }),
  ...(['replay', 'cancel'] as const).flatMap((kind) => [
    change({
      path: `/deliveries/{id}/${kind}`,
      tag: deliveries,
      summary: DONE[kind],
      params: ID,
      body: actorBody,
      answer: answers.changed,
    }),
    change({
      path: `/deliveries/${kind}`,
      tag: deliveries,
      summary: `${DONE[kind]}: many at once`,
      description:
        'By `ids`, or all that match a `filter`, the oldest first. With `dry_run` it only says which: count them first. `next` or `more` is there when more match than one request changes.',
      body: bulkBody,
      needsBody: true,
      answer: answers.changedMany,
    }),
  ]),
  ...(['approve', 'reject'] as const).flatMap((kind) => [
    change({
      path: `/deliveries/{id}/${kind}`,
      tag: deliveries,
      summary: DONE[kind],
      params: ID,
      body: deciderBody.partial(NAMED),
      answer: answers.changed,
    }),
    change({
      path: `/deliveries/${kind}`,
      tag: deliveries,
      summary: `${DONE[kind]}: many at once`,
      body: decidedIdsBody.partial(NAMED),
      needsBody: true,
      answer: answers.changedMany,
    }),
  ]),
];

const REST: readonly RouteConfig[] = [
  read({
    path: '/aliases',
    tag: models,
    summary: 'Which version has each alias, and which one is deployed',
    query: aliasesQuery,
    answer: answers.pageOf('aliases', answers.alias),
  }),
  read({
    path: '/aliases/{key}/history',
    tag: models,
    summary: 'What an alias was given to, the latest first',
    params: KEY,
    query: historyQuery,
    answer: z.object({ key: z.string(), history: z.array(answers.promotion) }),
  }),
  change({
    path: '/aliases/{key}/rollback',
    tag: models,
    summary: 'Deploy a version again that was deployed before',
    params: KEY,
    body: rollbackBody.partial(NAMED),
    answer: answers.rolledBack,
    status: 202,
  }),
  read({ path: '/routes', tag: configured, summary: 'The routes in use, and where they are configured', answer: config.routes }),
  read({
    path: '/automations',
    tag: configured,
    summary: 'The automations of the config, and what the relay’s own engine knows',
    answer: config.automations,
  }),
  change({
    path: '/simulate',
    tag: configured,
    summary: 'Which routes a body matches, and what each would send; nothing is sent or stored',
    body: simulateBody,
    needsBody: true,
    answer: config.simulation,
    mayView: true,
  }),
  read({ path: '/status', tag: running, summary: 'Counts, and what is throttled', answer: answers.status }),
  read({ path: '/pauses', tag: running, summary: 'What is paused', answer: z.object({ pauses: z.array(answers.pause) }) }),
  change({
    path: '/pauses',
    tag: running,
    summary: 'Pause or resume everything, a route, or a credential',
    body: pauseBody,
    needsBody: true,
    answer: z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) }),
  }),
  change({
    path: '/erase',
    tag: running,
    summary: 'Replace a person’s names by a pseudonym: a part of the store with each request',
    description:
      'It cannot be undone: count with `dry_run` first. Repeat it with `next` as `cursor` and with `pseudonym`, until there is no `next`.',
    body: eraseBody,
    needsBody: true,
    answer: answers.erased,
  }),
  read({ path: '/openapi.json', tag: running, summary: 'This document', answer: z.looseObject({ openapi: z.string() }) }),
];

export const API_PATHS: readonly RouteConfig[] = [...EVENTS, ...DELIVERIES, ...REST];
