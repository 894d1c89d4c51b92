/** A channel that exists from the start. */
export interface StandInChannel {
  readonly name: string;
  readonly private?: boolean;
  readonly archived?: boolean;
  /** False: the app was not invited. */
  readonly member?: boolean;
  /** Names of the people in it; left out: everybody. */
  readonly members?: readonly string[];
}

/** A person who is there from the start. */
export interface StandInUser {
  readonly name: string;
  /** A guest, who sees some channels or only one; left out: a member. */
  readonly guest?: 'multi-channel' | 'single-channel';
  /** Their workspace, for people of another organization in a shared channel. */
  readonly team?: string;
  /** Their account was deactivated. */
  readonly deleted?: boolean;
}

/** A modal that somebody has open. */
export interface StandInView {
  readonly id: string;
  /** Whose it is, by id. */
  readonly user: string;
  /** As it was opened or updated last. */
  readonly view: Readonly<Record<string, unknown>>;
  readonly hash: string;
}

/** What the app added to the links of a message. */
export interface StandInUnfurl {
  readonly channel: string | null;
  readonly ts: string | null;
  /** Of a link that is still being written; then there is no message. */
  readonly unfurlId: string | null;
  /** Blocks or attachments by address. */
  readonly unfurls: Readonly<Record<string, unknown>>;
}

/** How a call goes wrong. */
export interface SlackFault {
  /** Only a call of this method, such as `chat.postMessage`; left out: any call. */
  readonly method?: string;
  /** The HTTP status; default 200, or 500 when there is no `error` either. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** `{ ok: false, error }`, as Slack words its refusals. */
  readonly error?: string;
  /** More fields of such an answer, such as `needed`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** A body that is not Slack's, such as a proxy's page. */
  readonly body?: string;
  /** It takes effect all the same: the answer is what is lost. */
  readonly applied?: boolean;
  /** No answer at all, until the caller gives up or the stand-in is closed. */
  readonly silent?: boolean;
  /** The connection breaks in the middle of the answer. */
  readonly cut?: boolean;
}

/** A call that reached the stand-in, whatever it answered. */
export interface SlackCall {
  /** `chat.postMessage`; `response_url` for what was sent to one. */
  readonly method: string;
  /** Form fields; those that Slack takes as JSON are parsed. */
  readonly args: Readonly<Record<string, unknown>>;
  /** `null`: it was not answered. */
  readonly status: number | null;
  /** Slack's error code, if it refused. */
  readonly error: string | null;
  readonly at: number;
}

/** The current state of a message. */
export interface StandInMessage {
  readonly channel: string;
  readonly ts: string;
  /** The head of its thread; `null` for a message of its own. */
  readonly threadTs: string | null;
  readonly text: string;
  readonly blocks: readonly unknown[];
  readonly metadata: { readonly event_type: string; readonly event_payload: Readonly<Record<string, unknown>> } | null;
  /** A reply that the channel sees as well. */
  readonly broadcast: boolean;
  readonly unfurls: { readonly links: boolean | null; readonly media: boolean | null };
  /** How often it was changed. */
  readonly edits: number;
  /** The id of the person who wrote it; left out: the app. */
  readonly by?: string;
}

/** Slack's refusal of a call that comes too soon (Slack, "Rate limits"). */
export function rateLimited(seconds: number, method?: string): SlackFault {
  return { ...(method === undefined ? {} : { method }), status: 429, error: 'ratelimited', headers: { 'retry-after': String(seconds) } };
}
