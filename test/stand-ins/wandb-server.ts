import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type DocumentNode, type ExecutionResult, execute, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { type AnswerOptions, rootOf } from './wandb-answers.ts';
import { type FiredWebhook, fireWebhook } from './wandb-fire.ts';
import { Misbehaviour, type MisbehaviourKind, type MisbehaviourOptions } from './wandb-misbehaviour.ts';
import { type RateLimit, RateLimiter } from './wandb-rate-limit.ts';
import { WandbRefusal } from './wandb-rules.ts';
import { CLOUD_FEATURES, type RunCapability, wandbSchema } from './wandb-schema.ts';
import { acmeWorld, type WandbWorld } from './wandb-world.ts';

/** How a request goes wrong. Each fault is used once, by the next request that it fits. */
export interface WandbFault {
  /** Only for this kind of operation, or for documents with this text in them. */
  readonly on?: 'query' | 'mutation' | { readonly document: string };
  /** Before anything else happens. Alone: late, but well. */
  readonly delayMs?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Breaks the connection instead of answering. */
  readonly reset?: boolean;
  /** The operation is carried out all the same; only its answer is lost. */
  readonly applied?: boolean;
}

export interface WandbRequest {
  readonly kind: 'query' | 'mutation';
  /** The operation's name. */
  readonly name: string;
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface WandbStandInOptions {
  readonly world?: WandbWorld;
  readonly apiKey?: string;
  /** The flags that are on; default all. `'unknown'`: a server that is too old to be asked. */
  readonly features?: readonly string[] | 'unknown';
  readonly pageSize?: number;
  readonly wrapping?: AnswerOptions['wrapping'];
  readonly collectionFilters?: AnswerOptions['collectionFilters'];
  /** With an event, an action and a scope that no client knows. */
  readonly hasUnknownKinds?: boolean;
  /** What an older server does not have of runs. */
  readonly lacks?: readonly RunCapability[];
  /** Requests for each project and window; answers say what is left. Default: no limit, no headers. */
  readonly rateLimit?: RateLimit;
  readonly now?: () => Date;
  readonly port?: number;
}

export interface WandbStandIn {
  readonly url: string;
  readonly apiKey: string;
  readonly world: WandbWorld;
  readonly schema: GraphQLSchema;
  /** What was asked with the right key, in order, whatever came of it. */
  readonly requests: readonly WandbRequest[];
  readonly queries: number;
  readonly mutations: number;
  /** Sent with every answer, for instance the rate limit's. */
  readonly answerHeaders: Record<string, string>;
  fail(...faults: WandbFault[]): void;
  /** Something goes wrong, once or as often as `times` says. @returns ends it */
  misbehave(kind: MisbehaviourKind, options?: MisbehaviourOptions): () => void;
  /** Nothing goes wrong any more. */
  behave(): void;
  /** From now on a mutation is refused, and `close` throws. */
  forbidMutations(): void;
  allowMutations(): void;
  /** Fires an automation with a webhook action, as W&B would. */
  fire(triggerId: string, values?: Readonly<Record<string, string>>, options?: { readonly rawValues?: boolean }): Promise<FiredWebhook>;
  close(): Promise<void>;
}

interface State {
  readonly options: WandbStandInOptions;
  readonly apiKey: string;
  readonly schema: GraphQLSchema;
  readonly answers: AnswerOptions;
  readonly requests: WandbRequest[];
  readonly faults: WandbFault[];
  readonly answerHeaders: Record<string, string>;
  readonly broken: string[];
  readonly limiter: RateLimiter | undefined;
  forbidsMutations: boolean;
}

/**
 * W&B on this machine: its GraphQL API over a world in memory, with W&B's rules, pages and statuses. It executes real
 * GraphQL against the schema, so that a document naming what the server lacks is refused whole.
 */
export async function startWandb(options: WandbStandInOptions = {}): Promise<WandbStandIn> {
  const isOld = options.features === 'unknown';
  const features = new Set(options.features === 'unknown' ? [] : (options.features ?? CLOUD_FEATURES));
  const { world = acmeWorld(), pageSize = 100, wrapping = 'text', collectionFilters = 'applied', now = () => new Date() } = options;
  const misbehaviour = new Misbehaviour();
  const state: State = {
    options,
    apiKey: options.apiKey ?? 'wandb-key-for-tests-only',
    schema: wandbSchema({
      features,
      reportsFeatures: !isOld,
      hasUnknownKinds: options.hasUnknownKinds ?? false,
      lacks: new Set(options.lacks),
    }),
    answers: { world, features, pageSize, wrapping, collectionFilters, now, misbehaviour },
    limiter: options.rateLimit === undefined ? undefined : new RateLimiter(options.rateLimit, () => now().getTime()),
    requests: [],
    faults: [],
    answerHeaders: {},
    broken: [],
    forbidsMutations: false,
  };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => {
      state.broken.push(String(error));
      send(state, response, { status: 500, body: { errors: [{ message: String(error) }] } });
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const count = (kind: WandbRequest['kind']) => state.requests.filter((request) => request.kind === kind).length;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiKey: state.apiKey,
    world,
    schema: state.schema,
    requests: state.requests,
    get queries() {
      return count('query');
    },
    get mutations() {
      return count('mutation');
    },
    answerHeaders: state.answerHeaders,
    fail: (...faults) => {
      state.faults.push(...faults);
    },
    misbehave: (kind, given) => misbehaviour.begin(kind, given),
    behave: () => misbehaviour.end(),
    forbidMutations: () => {
      state.forbidsMutations = true;
    },
    allowMutations: () => {
      state.forbidsMutations = false;
    },
    fire: (triggerId, values, fireOptions) => fireWebhook(world, triggerId, values, fireOptions),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (state.broken.length > 0) throw new Error(`the W&B stand-in: ${state.broken.join('; ')}`);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await bodyOf(request);
  if (request.method !== 'POST' || request.url !== '/graphql') return send(state, response, { status: 404, body: 'not found' });
  const expected = `Basic ${Buffer.from(`api:${state.apiKey}`).toString('base64')}`;
  if (request.headers.authorization !== expected) {
    return send(state, response, { status: 401, body: { errors: ['the API key is not valid'] } });
  }
  const { query, variables, operationName } = JSON.parse(text) as {
    query: string;
    variables?: Record<string, unknown>;
    operationName?: string;
  };
  const asked = readOperation(query, variables ?? {}, operationName);
  if (asked.request === undefined) return send(state, response, asked.refusal);
  state.requests.push(asked.request);
  if (asked.request.kind === 'mutation' && state.forbidsMutations) {
    state.broken.push(`mutation ${asked.request.name} was sent although mutations are forbidden`);
    return send(state, response, { status: 400, body: { errors: [{ message: 'mutations are forbidden in this test' }] } });
  }
  const limit = state.limiter?.take(String(asked.request.variables.project ?? ''));
  if (limit?.isExceeded) return send(state, response, { status: 429, body: { error: 'rate limit exceeded' }, headers: limit.headers });
  const wrong = state.answers.misbehaviour.takeOfConnection(asked.request.document);
  if (wrong !== undefined) {
    const answer = wrong === 'slow' || wrong.startsWith('cut') ? await carryOut(state, asked.document, asked.request) : undefined;
    return await misbehave(wrong, response, answer);
  }
  const fault = takeFault(state, asked.request);
  if (fault?.delayMs !== undefined) await delay(fault.delayMs);
  const spoils = fault !== undefined && (fault.status !== undefined || fault.reset === true);
  const answer = !spoils || fault.applied === true ? await carryOut(state, asked.document, asked.request) : undefined;
  if (fault?.reset === true) return void request.socket.destroy();
  if (spoils) {
    return send(state, response, {
      status: fault.status ?? 500,
      body: fault.body ?? { error: 'something went wrong' },
      headers: fault.headers ?? {},
    });
  }
  if (answer !== undefined) send(state, response, { ...answer, headers: { ...limit?.headers, ...answer.headers } });
}

/** `hang`: the connection stays open until the client or the test ends it. */
async function misbehave(kind: MisbehaviourKind, response: ServerResponse, answer: Answer | undefined): Promise<void> {
  const text = JSON.stringify(answer?.body ?? {});
  const half = text.slice(0, Math.ceil(text.length / 2));
  const json = { 'content-type': 'application/json' };
  switch (kind) {
    case 'hang':
      return;
    case 'reset':
      response.destroy();
      return;
    case '502':
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html>502 Bad Gateway</html>');
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
      return;
    case '429':
    case '429-day':
      response.writeHead(429, { ...json, 'retry-after': kind === '429' ? '2' : '86400' }).end('{"error":"rate limit exceeded"}');
      return;
    case 'errors':
      response.writeHead(200, json).end('{"data":{"project":null},"errors":[{"message":"context deadline exceeded"}]}');
      return;
    case 'cut':
      response.writeHead(200, json).end(half);
      return;
    case 'cut-hang':
      response.writeHead(200, { ...json, 'content-length': String(Buffer.byteLength(text)) }).write(half);
      return;
    case 'cut-connection':
      response.writeHead(200, { ...json, 'content-length': String(Buffer.byteLength(text)) }).write(half, () => response.destroy());
      return;
    default:
      await delay(1_000);
      response.writeHead(answer?.status ?? 200, json).end(text);
  }
}

function readOperation(
  document: string,
  variables: Record<string, unknown>,
  wanted: string | undefined,
): { document: DocumentNode; request: WandbRequest } | { request: undefined; refusal: Answer } {
  try {
    const parsed = parse(document);
    for (const definition of parsed.definitions) {
      if (definition.kind !== 'OperationDefinition') continue;
      const name = definition.name?.value ?? '';
      if (wanted !== undefined && wanted !== '' && name !== wanted) continue;
      return { document: parsed, request: { kind: definition.operation === 'mutation' ? 'mutation' : 'query', name, document, variables } };
    }
    return { request: undefined, refusal: { status: 400, body: { errors: [{ message: 'no operation' }] } } };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { request: undefined, refusal: { status: 400, body: { errors: [error.toJSON()] } } };
  }
}

function takeFault(state: State, request: WandbRequest): WandbFault | undefined {
  const index = state.faults.findIndex(({ on }) => {
    if (on === undefined) return true;
    return typeof on === 'string' ? on === request.kind : request.document.includes(on.document);
  });
  return index < 0 ? undefined : state.faults.splice(index, 1)[0];
}

/** What does not fit, of each document that a schema has been asked with: clients send the same few again and again. */
const misfits = new WeakMap<GraphQLSchema, Map<string, ReturnType<typeof validate>>>();

function misfitsOf(schema: GraphQLSchema, document: DocumentNode, text: string): ReturnType<typeof validate> {
  const known = misfits.get(schema) ?? new Map<string, ReturnType<typeof validate>>();
  misfits.set(schema, known);
  const found = known.get(text) ?? validate(schema, document);
  known.set(text, found);
  return found;
}

/** Refusals of mutations have their own status; errors inside a query come with 200; a document that does not fit with 400. */
async function carryOut(state: State, document: DocumentNode, request: WandbRequest): Promise<Answer> {
  const misfits = misfitsOf(state.schema, document, request.document);
  if (misfits.length > 0) return { status: 400, body: { errors: misfits.map((error) => error.toJSON()) } };
  const result: ExecutionResult = await execute({
    schema: state.schema,
    document,
    rootValue: rootOf(state.answers),
    variableValues: request.variables,
    operationName: request.name === '' ? null : request.name,
  });
  const refusal = result.errors?.map((error) => error.originalError).find((error) => error instanceof WandbRefusal);
  if (refusal !== undefined) return { status: refusal.status, body: result };
  const bug = result.errors?.find((error) => error.originalError !== undefined && !(error.originalError instanceof GraphQLError));
  if (bug !== undefined) state.broken.push(`${request.name}: ${bug.originalError?.stack ?? bug.message}`);
  // Variables that do not fit their types fail before anything is executed.
  return { status: 'data' in result ? 200 : 400, body: result };
}

function send(state: State, response: ServerResponse, { status, body, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const type = typeof body === 'string' ? 'text/plain' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...state.answerHeaders, ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
