import { DEFAULT_SOURCE } from '../../src/event/event.ts';

/** Whose object a request is for, as far as it says; the object decides whether the request is authentic. Pure. */

/** `?source=prod`; without it the default source. */
export function sourceOfUrl(url: string): string {
  return new URL(url).searchParams.get('source') ?? DEFAULT_SOURCE;
}

/**
 * Of what Slack sends: a button or a menu carries its source first in its value (`receiver/slack/actions.ts`), and so does a form, a command may
 * name one as its last word (`/wandb-relay status source:prod`). Everything else is the default source's: Slack's check of the address,
 * the app's home, commands that name none.
 */
export function sourceOfSlack(body: string): string {
  const form = new URLSearchParams(body);
  const payload = form.get('payload');
  return (payload === null ? sourceInCommand(form.get('text') ?? '') : sourceInPayload(payload)) ?? DEFAULT_SOURCE;
}

function sourceInCommand(text: string): string | undefined {
  return /(?:^|\s)source:(\S+)\s*$/.exec(text)?.[1];
}

function sourceInPayload(payload: string): string | undefined {
  const body = parsed(payload);
  const action = valueAt(body, 'actions', 0);
  const value = valueAt(action, 'value') ?? valueAt(action, 'selected_option', 'value') ?? valueAt(body, 'view', 'private_metadata');
  const source = typeof value === 'string' ? valueAt(parsed(value), 0) : undefined;
  return typeof source === 'string' ? source : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<string | number, unknown>>)[key];
  }
  return at;
}
