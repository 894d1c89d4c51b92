import { signSlackRequest } from '../../receiver/slack/signature.ts';
import type { StandInView } from './slack-call.ts';
import { inputsOf, linkShared, viewState } from './slack-payloads.ts';

/** A person in Slack. */
export interface SlackPerson {
  readonly id: string;
  readonly name: string;
  /** Their workspace, where it is not the app's. */
  readonly team?: string;
}

export interface SlackAnswer {
  readonly status: number;
  readonly text: string;
}

/** What may be different about a request. */
export interface SlackRequestChanges {
  /** Instead of the right one. */
  readonly secret?: string;
  /** Seconds since 1970, instead of now. */
  readonly timestamp?: number;
  /** Instead of, or besides, the usual ones; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export interface SlackInteractions {
  press(by: SlackPerson, actionId: string, value: string, changes?: SlackRequestChanges): Promise<SlackAnswer>;
  /** Chooses an option of a menu. */
  choose(by: SlackPerson, actionId: string, value: string): Promise<SlackAnswer>;
  command(by: SlackPerson, text: string, command?: string): Promise<SlackAnswer>;
  openHome(by: SlackPerson, tab?: 'home' | 'messages'): Promise<SlackAnswer>;
  /**
   * Presses a modal's *submit*, with what was written by `action_id`. Throws where Slack itself would not send it: a
   * required input without a value, or a value that is too short or too long.
   */
  submit(by: SlackPerson, view: StandInView, values?: Readonly<Record<string, string>>): Promise<SlackAnswer>;
  /** Shares links in a message (`link_shared`). */
  share(
    by: SlackPerson,
    message: { readonly channel: string; readonly ts: string },
    urls: readonly string[],
    more?: object,
  ): Promise<SlackAnswer>;
  /** Any other event of the Events API, such as `app_uninstalled` or `tokens_revoked`. */
  event(event: object, changes?: SlackRequestChanges): Promise<SlackAnswer>;
  /** Any body; signed. */
  send(body: string, contentType: string, changes?: SlackRequestChanges): Promise<SlackAnswer>;
}

export interface SlackInteractionsOptions {
  /** Where Slack sends to. */
  readonly request: (path: string, init: RequestInit) => Response | Promise<Response>;
  readonly signingSecret: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly responseUrl: () => string;
  /** A new `trigger_id` of a person, by id; left out: one that opens nothing. */
  readonly triggerId?: (user: string) => string | Promise<string>;
}

export const JSON_TYPE = 'application/json';
export const FORM_TYPE = 'application/x-www-form-urlencoded';
const TEAM = { id: 'T0ACME', domain: 'acme' };

let requests = 0;

/** Slack's side of interactivity: real requests, signed, with the fields that Slack documents. */
export function slackInteractions(options: SlackInteractionsOptions): SlackInteractions {
  const { request, signingSecret, now, responseUrl, triggerId } = options;
  const triggered = async (by: SlackPerson): Promise<Record<string, string>> =>
    triggerId === undefined ? {} : { trigger_id: await triggerId(by.id) };
  const send: SlackInteractions['send'] = async (body, contentType, changes = {}) => {
    const timestamp = String(changes.timestamp ?? Math.floor(now() / 1000));
    const headers: Record<string, string | undefined> = {
      'content-type': contentType,
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signSlackRequest(body, timestamp, changes.secret ?? signingSecret),
      ...changes.headers,
    };
    const given = Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const response = await request('/slack/events', { method: 'POST', body, headers: given });
    return { status: response.status, text: await response.text() };
  };
  const act = async (by: SlackPerson, action: object, changes?: SlackRequestChanges): Promise<SlackAnswer> =>
    send(formOf({ ...blockActions(by, action, responseUrl()), ...(await triggered(by)) }), FORM_TYPE, changes);
  const event: SlackInteractions['event'] = (what, changes) => send(JSON.stringify(eventCallback(what)), JSON_TYPE, changes);
  return {
    press: (by, actionId, value, changes) => act(by, { type: 'button', action_id: actionId, block_id: 'b1', value }, changes),
    choose: (by, actionId, value) => {
      const option = { text: { type: 'plain_text', text: 'an option' }, value };
      return act(by, { type: 'static_select', action_id: actionId, block_id: 'b1', selected_option: option });
    },
    command: async (by, text, command = '/wandb-relay') =>
      send(new URLSearchParams({ ...slashCommand(by, command, text, responseUrl()), ...(await triggered(by)) }).toString(), FORM_TYPE),
    openHome: (by, tab = 'home') => event({ type: 'app_home_opened', user: by.id, channel: 'D0HOME', tab, event_ts: `${now() / 1000}` }),
    submit: async (by, view, values = {}) => send(formOf({ ...viewSubmission(by, view, values), ...(await triggered(by)) }), FORM_TYPE),
    share: (by, message, urls, more) => event({ ...linkShared(by, message, urls), ...more }),
    event,
    send,
  };
}

function formOf(payload: object): string {
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

/** Slack, "block_actions payload". */
export function blockActions(by: SlackPerson, action: object, responseUrl: string): object {
  requests += 1;
  return {
    type: 'block_actions',
    user: { id: by.id, username: by.name, name: by.name, team_id: by.team ?? TEAM.id },
    api_app_id: 'AWANDBRELAY',
    token: 'deprecated',
    container: { type: 'message', message_ts: '1800000000.000100', channel_id: 'C0DEPLOYS', is_ephemeral: false },
    trigger_id: `trigger.${requests}`,
    team: TEAM,
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: 'C0DEPLOYS', name: 'ml-deploys' },
    message: { type: 'message', ts: '1800000000.000100', text: 'a message' },
    response_url: responseUrl,
    actions: [{ ...action, action_ts: `${requests}.0` }],
  };
}

/** Slack, "view_submission payload". */
function viewSubmission(by: SlackPerson, { id, view, hash }: StandInView, values: Readonly<Record<string, string>>): object {
  requests += 1;
  return {
    type: 'view_submission',
    team: TEAM,
    user: { id: by.id, username: by.name, name: by.name, team_id: by.team ?? TEAM.id },
    api_app_id: 'AWANDBRELAY',
    token: 'deprecated',
    trigger_id: `trigger.${requests}`,
    view: { ...view, id, hash, team_id: TEAM.id, root_view_id: id, app_id: 'AWANDBRELAY', state: viewState(inputsOf(view), values) },
    response_urls: [],
    is_enterprise_install: false,
    enterprise: null,
  };
}

function slashCommand(by: SlackPerson, command: string, text: string, responseUrl: string): Record<string, string> {
  requests += 1;
  return {
    token: 'deprecated',
    team_id: TEAM.id,
    team_domain: TEAM.domain,
    channel_id: 'C0DEPLOYS',
    channel_name: 'ml-deploys',
    user_id: by.id,
    user_name: by.name,
    command,
    text,
    api_app_id: 'AWANDBRELAY',
    is_enterprise_install: 'false',
    response_url: responseUrl,
    trigger_id: `trigger.${requests}`,
  };
}

/** Slack, "Events API": the outer event. */
export function eventCallback(event: object): object {
  requests += 1;
  return {
    token: 'deprecated',
    team_id: TEAM.id,
    api_app_id: 'AWANDBRELAY',
    event,
    type: 'event_callback',
    event_id: `Ev${requests}`,
    event_time: 1_800_000_000,
    authorizations: [{ enterprise_id: null, team_id: TEAM.id, user_id: 'UWANDBRELAY', is_bot: true, is_enterprise_install: false }],
    is_ext_shared_channel: false,
  };
}
