import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type DocumentNode, type ExecutionResult, execute, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { type AnswerOptions, rootOf } from './wandb-answers.ts';
import { type FiredWebhook, fireWebhook } from './wandb-fire.ts';
import { WandbRefusal } from './wandb-rules.ts';
import { CLOUD_FEATURES, wandbSchema } from './wandb-schema.ts';
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
  const state: State = {
    options,
    apiKey: options.apiKey ?? 'wandb-key-for-tests-only',
    schema: wandbSchema({ features, reportsFeatures: !isOld, hasUnknownKinds: options.hasUnknownKinds ?? false }),
    answers: { world, features, pageSize, wrapping, collectionFilters, now },
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
  if (answer !== undefined) send(state, response, answer);
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

/** Refusals of mutations have their own status; errors inside a query come with 200; a document that does not fit with 400. */
async function carryOut(state: State, document: DocumentNode, request: WandbRequest): Promise<Answer> {
  const misfits = validate(state.schema, document);
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
