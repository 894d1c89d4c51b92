import type { SlackCall, SlackFault, StandInChannel, StandInMessage, StandInUnfurl, StandInUser, StandInView } from './slack-call.ts';
import type { SlackProblem } from './slack-rules.ts';
import type { Fields } from './slack-rules-basics.ts';

/** What the front knows. The backend keeps tokens, channels and users; the current messages and views are kept here. */
export interface SlackState {
  readonly backendUrl: string;
  readonly botToken: string;
  scopes: readonly string[];
  /** What every call is refused with, such as `token_revoked`; undefined: nothing. */
  refused: string | undefined;
  /** By id. */
  readonly channels: Map<string, StandInChannel>;
  /** By name. */
  readonly userIds: ReadonlyMap<string, string>;
  /** By id. */
  readonly users: ReadonlyMap<string, StandInUser>;
  readonly userGroups: ReadonlyMap<string, readonly string[]>;
  /** The user of a direct message, by the id of its channel. */
  readonly directs: Map<string, string>;
  /** Whether people have the app's *Messages* tab. */
  readonly messagesTab: boolean;
  /** Whether this workspace has charts. */
  charts: boolean;
  readonly calls: SlackCall[];
  messages: StandInMessage[];
  /** `channel ts` of messages that cannot be edited any more, and why. */
  readonly locked: Map<string, string>;
  /** `channel ts` of deleted heads whose threads live on. */
  readonly tombstones: Set<string>;
  readonly ephemerals: Fields[];
  /** By user id. */
  readonly homes: Map<string, Fields>;
  /** Modals that are open, oldest first. */
  views: StandInView[];
  readonly triggers: Map<string, SlackTrigger>;
  readonly unfurls: StandInUnfurl[];
  /** How often each `response_url` was used. */
  readonly responses: Map<string, number>;
  readonly faults: SlackFault[];
  down: boolean;
  readonly ending: AbortController;
}

/** What lets an app open a modal, once, for three seconds. */
export interface SlackTrigger {
  readonly user: string;
  readonly until: number;
  used: boolean;
}

/** An answer of the Web API: refusals have status 200 too. */
export interface Answer {
  readonly status: number;
  readonly body: Fields;
}

export function accepted(body: Fields = {}): Answer {
  return { status: 200, body: { ok: true, ...body } };
}

export function refusal(error: string, extra: Fields = {}): Answer {
  return { status: 200, body: { ok: false, error, ...extra } };
}

/** A refusal with Slack's lines about each mistake. */
export function refusalOf(problem: SlackProblem | undefined): Answer | undefined {
  if (problem === undefined) return undefined;
  const { error, messages } = problem;
  return refusal(error, messages.length === 0 ? {} : { errors: messages, response_metadata: { messages } });
}

/** Asks the emulator behind. */
export async function forward(state: SlackState, method: string, args: Fields): Promise<Answer> {
  const response = await fetch(`${state.backendUrl}/api/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${state.botToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  if (response.status === 404) return refusal('unknown_method');
  return { status: response.status, body: (await response.json()) as Fields };
}

/** A page of a list, with Slack's cursor for the next one. */
export function pageOf<T>(list: readonly T[], args: Fields, most = 1000): { readonly items: T[]; readonly next: string } {
  const limit = Math.min(Number(args.limit ?? 100) || 100, most);
  const start = typeof args.cursor === 'string' ? Number(args.cursor.replace('page-', '')) : 0;
  return { items: list.slice(start, start + limit), next: start + limit < list.length ? `page-${start + limit}` : '' };
}

export function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1' || value === 1;
}
