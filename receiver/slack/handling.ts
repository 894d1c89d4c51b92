import * as z from 'zod';
import type { NewId } from '../../src/lib/id.ts';
import type { JsonValue } from '../../src/lib/json.ts';
import type { Route } from '../../src/route/route.ts';
import type { Runtime } from '../runtime.ts';
import type { EventView } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';
import type { RollBack } from '../webhook/roll-back.ts';
import type { KnownBlock, ModalView } from './blocks.ts';
import type { Actor, People } from './may-decide.ts';
import type { AskMember } from './members.ts';
import type { AskGroups } from './user-groups.ts';

/** What handlers work with: they read and write the store, and nothing else. */
export interface Handling extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Store;
  readonly people: People;
  readonly askGroups: AskGroups;
  readonly askMember: AskMember;
  /** `https://github.com`, or the web address of a GitHub Enterprise Server; for links. */
  readonly githubUrl: string;
  /** For `simulate`. */
  readonly routes: readonly Route[];
  readonly redactJson: (value: JsonValue) => JsonValue;
  readonly newId: NewId;
  readonly rollBack: RollBack;
  /** Opens a form. The id of what was pressed is good for three seconds (Slack, "Modals"). Rejects when Slack does not open it. */
  readonly openForm: (triggerId: string, form: ModalView) => Promise<void>;
  /** Called after something was written that may have to be sent. */
  readonly wake: () => void;
}

/** What came of what somebody asked for; `text` is mrkdwn for that person, blank when there is nothing to say. */
export interface Outcome {
  readonly done: boolean;
  readonly text: string;
  /** Shown instead of `text`, which notifications and screen readers still have. */
  readonly blocks?: readonly KnownBlock[];
}

export function done(text: string, blocks?: readonly KnownBlock[]): Outcome {
  return { done: true, text, ...(blocks === undefined ? {} : { blocks }) };
}

export function refused(text: string): Outcome {
  return { done: false, text };
}

/** Somebody in Slack. */
export interface Person extends Actor {
  /** For notes: `ada (U012ABC)`. */
  readonly label: string;
}

/** Longest name in a label; Slack's own limit for a display name is 80. */
const MAX_NAME = 80;

export function personOf(id: string, name: string | undefined): Person {
  const shown = name?.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim() ?? '';
  return { id, label: shown === '' ? id : `${shown.slice(0, MAX_NAME)} (${id})` };
}

/** A button or a choice that was pressed. */
export interface BlockAction {
  readonly actor: Person;
  readonly actionId: string;
  readonly value: string;
  /** With which a form can be opened; blank where Slack sent none. */
  readonly triggerId: string;
}

const actorShape = {
  user: z.object({
    id: z.string().min(1),
    name: z.string().optional(),
    username: z.string().optional(),
    team_id: z.string().nullish(),
  }),
  team: z.object({ id: z.string() }).nullish(),
  enterprise: z.object({}).nullish(),
};

const actorSchema = z.object(actorShape);

const blockActionSchema = z.object({
  ...actorShape,
  trigger_id: z.string().optional(),
  actions: z
    .array(
      z.object({
        action_id: z.string(),
        value: z.string().optional(),
        selected_option: z.object({ value: z.string().optional() }).nullish(),
      }),
    )
    .min(1),
});

/** Reads a `block_actions` body; `undefined` when it is not one (Slack, "block_actions payload"). */
export function readBlockAction(body: unknown): BlockAction | undefined {
  const { data } = blockActionSchema.safeParse(body);
  const action = data?.actions[0];
  if (data === undefined || action === undefined) return undefined;
  return {
    actor: actorOf(data),
    actionId: action.action_id,
    value: action.value ?? action.selected_option?.value ?? '',
    triggerId: data.trigger_id ?? '',
  };
}

/** A form that was sent. */
export interface FormSubmission {
  readonly actor: Person;
  /** What the form carried. */
  readonly metadata: string;
  /** What was written into its one field; blank when nothing was. */
  readonly text: string;
}

const formSchema = z.object({
  ...actorShape,
  view: z.object({
    private_metadata: z.string(),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.object({ value: z.string().nullish() }))) }),
  }),
});

/** Reads a `view_submission` body; `undefined` when it is not one (Slack, "view_submission payload"). */
export function readFormSubmission(body: unknown): FormSubmission | undefined {
  const { data } = formSchema.safeParse(body);
  if (data === undefined) return undefined;
  const [field] = Object.values(data.view.state.values).flatMap((fields) => Object.values(fields));
  return { actor: actorOf(data), metadata: data.view.private_metadata, text: field?.value ?? '' };
}

function actorOf(data: z.infer<typeof actorSchema>): Person {
  return { ...personOf(data.user.id, data.user.username ?? data.user.name), isExternal: isExternal(data) };
}

/**
 * Whether a press came from another organization, through a shared channel: `team` is the app's workspace, `user.team_id`
 * that of who pressed (seen in slackapi/java-slack-sdk#1041). In an Enterprise organization they differ among colleagues too.
 */
function isExternal({ user, team, enterprise }: z.infer<typeof actorSchema>): boolean {
  if (enterprise !== null && enterprise !== undefined) return false;
  return typeof user.team_id === 'string' && typeof team?.id === 'string' && user.team_id !== team.id;
}

/** The event that a button is about; `undefined` when it is not here, or not of the source that the button names. */
export async function eventOfButton(store: Store, eventId: string, source: string): Promise<EventView | undefined> {
  const event = await store.event(eventId);
  return event?.event.source === source ? event : undefined;
}

export const NOT_OURS = 'This version of wandb-relay does not know this button. Nothing was changed.';
