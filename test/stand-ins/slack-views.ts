import { viewProblem } from './slack-rules.ts';
import { asFields, type Fields } from './slack-rules-basics.ts';
import { type Answer, accepted, refusal, refusalOf, type SlackState } from './slack-state.ts';

/** Slack's modals and App Home (Slack, views.open, views.push, views.update, views.publish). */

/** Slack, "Modals": a trigger is good for three seconds, and once. Milliseconds. */
export const TRIGGER_MS = 3000;
const MOST_VIEWS = 3;

export function openView(state: SlackState, args: Fields): Answer {
  return withTrigger(state, args, (user) => {
    state.views = state.views.filter((view) => view.user !== user);
    return added(state, user, args);
  });
}

export function pushView(state: SlackState, args: Fields): Answer {
  return withTrigger(state, args, (user) => {
    const open = state.views.filter((view) => view.user === user);
    if (open.length === 0) return refusal('not_found');
    return open.length >= MOST_VIEWS ? refusal('push_limit_reached') : added(state, user, args);
  });
}

export function updateView(state: SlackState, args: Fields): Answer {
  const invalid = refusalOf(viewProblem(args.view, 'modal'));
  if (invalid !== undefined) return invalid;
  const { view_id: id, external_id: external, hash } = args;
  const known = state.views.find((view) => view.id === id || (external !== undefined && view.view.external_id === external));
  if (known === undefined) return refusal('not_found');
  if (hash !== undefined && hash !== known.hash) return refusal('hash_conflict');
  const changed = { ...known, view: asFields(args.view), hash: nextHash() };
  state.views = state.views.map((view) => (view === known ? changed : view));
  return accepted({ view: { ...changed.view, id: changed.id, hash: changed.hash } });
}

export function publishHome(state: SlackState, args: Fields): Answer {
  const invalid = refusalOf(viewProblem(args.view, 'home'));
  if (invalid !== undefined) return invalid;
  const user = String(args.user_id ?? '');
  if (user === '') return refusal('invalid_arguments');
  const known = state.homes.get(user);
  if (args.hash !== undefined && known !== undefined && args.hash !== known.hash) return refusal('hash_conflict');
  const view = { ...asFields(args.view), hash: nextHash() };
  state.homes.set(user, asFields(args.view));
  return accepted({ view: { ...view, id: `VHOME${user}` } });
}

function withTrigger(state: SlackState, args: Fields, use: (user: string) => Answer): Answer {
  const invalid = refusalOf(viewProblem(args.view, 'modal'));
  if (invalid !== undefined) return invalid;
  const trigger = state.triggers.get(String(args.trigger_id));
  if (trigger === undefined) return refusal('invalid_trigger_id');
  if (trigger.used) return refusal('exchanged_trigger_id');
  if (trigger.until <= Date.now()) return refusal('expired_trigger_id');
  trigger.used = true;
  const external = asFields(args.view).external_id;
  if (external !== undefined && external !== '' && state.views.some(({ view }) => view.external_id === external))
    return refusal('duplicate_external_id');
  return use(trigger.user);
}

let views = 0;

function added(state: SlackState, user: string, args: Fields): Answer {
  views += 1;
  const view = { id: `V${views}`, user, view: asFields(args.view), hash: nextHash() };
  state.views = [...state.views, view];
  return accepted({ view: { ...view.view, id: view.id, hash: view.hash } });
}

let hashes = 0;

function nextHash(): string {
  hashes += 1;
  return `hash.${hashes}`;
}
