import type { SlackActionMiddlewareArgs } from '@slack/bolt/dist/types/index.js';
import * as z from 'zod';
import { messageOf } from '../../src/lib/error-message.ts';
import { ACTIONS, decodeReasonForm, FORMS } from './actions.ts';
import type { KnownBlock } from './blocks.ts';
import type { BoltApp } from './bolt.ts';
import { cleaned } from './bolt-log.ts';
import { COMMAND, runCommand } from './command.ts';
import { askWhy, decide, decideByForm, type Pressed } from './decide.ts';
import { type Handling, NOT_OURS, type Outcome, type Person, personOf, readBlockAction, readFormSubmission, refused } from './handling.ts';
import { type HomeOptions, isOfHome, listenToHome, showHome } from './home-listener.ts';
import { refusalForm } from './reason-form.ts';
import { review } from './review.ts';
import { dispatchAgain, muteByMenu, rollBackByButton } from './step-in.ts';

export type ListenerOptions = HomeOptions;

type ActionListener = (args: Pick<SlackActionMiddlewareArgs, 'ack' | 'body' | 'respond'>) => Promise<void>;
type ActionHandler = (handling: Handling, value: string, actor: Person, pressed: Pressed) => Promise<Outcome>;

const ACTION_HANDLERS: ReadonlyMap<string, ActionHandler> = new Map<string, ActionHandler>([
  [ACTIONS.approve, (handling, value, actor) => decide(handling, 'approved', value, actor)],
  [ACTIONS.reject, (handling, value, actor) => decide(handling, 'rejected', value, actor)],
  [ACTIONS.approveWithReason, (handling, value, actor, pressed) => askWhy(handling, 'approved', value, actor, pressed)],
  [ACTIONS.rejectWithReason, (handling, value, actor, pressed) => askWhy(handling, 'rejected', value, actor, pressed)],
  [ACTIONS.dispatchAgain, dispatchAgain],
  [ACTIONS.rollBack, rollBackByButton],
  [ACTIONS.mute, muteByMenu],
  [ACTIONS.review, review],
]);

const STORE_FAILED = 'It could not be done: the receiver cannot read or write its store. Try again in a minute.';

/** Tells Bolt what to do with what people press, type and open. */
export function listen(app: BoltApp, options: ListenerOptions): void {
  for (const [actionId, handler] of ACTION_HANDLERS) app.action(actionId, actionListener(app, options, handler));
  // A link: Slack says that it was pressed, and Bolt warns about what nobody acknowledges.
  app.action(ACTIONS.openRun, ({ ack }) => ack());
  // Buttons of a newer version, in messages that stay when an older one is deployed again.
  app.action(
    noneOf([...ACTION_HANDLERS.keys(), ACTIONS.openRun, ACTIONS.refresh]),
    actionListener(app, options, async () => refused(NOT_OURS)),
  );
  listenToForms(app, options);
  listenToCommand(app, options);
  listenToHome(app, options);
}

/** Matches every action id but these, which are of letters and underscores. */
function noneOf(ids: readonly string[]): RegExp {
  return new RegExp(`^(?!(?:${ids.join('|')})$)`);
}

/** Acknowledges at once, works, and then answers only the person who pressed. */
function actionListener(app: BoltApp, options: ListenerOptions, handler: ActionHandler): ActionListener {
  const { handling, redact } = options;
  const { log } = handling;
  return async ({ ack, body, respond }) => {
    await ack();
    const blockAction = readBlockAction(body);
    if (blockAction === undefined) return log.warn({}, 'slack: an action that could not be read was ignored');
    const { actor, actionId, value, triggerId } = blockAction;
    const outcome = await guarded(handling, redact, () => handler(handling, value, actor, { triggerId, isOfHome: isOfHome(body) }));
    const action = actionId.slice(0, 100);
    if (outcome.done) log.info({ action, by: actor.id }, 'slack: done');
    else log.warn({ action, by: actor.id, reason: logged(outcome, redact) }, 'slack: refused');
    if (outcome.text === '') return;
    if (isOfHome(body)) return showHome(app, options, actor, outcome.text);
    try {
      await respond({ response_type: 'ephemeral', replace_original: false, ...messageOfOutcome(outcome) });
    } catch (error) {
      log.warn({ action, error: cleaned(messageOf(error), redact) }, 'slack: the response could not be sent');
    }
  };
}

/** Answers in the acknowledgement: the form closes, or says why nothing was done. */
function listenToForms(app: BoltApp, options: ListenerOptions): void {
  const { handling, redact } = options;
  const { log } = handling;
  app.view(FORMS.reason, async ({ ack, body }) => {
    const form = readFormSubmission(body);
    if (form === undefined) {
      log.warn({}, 'slack: a form that could not be read was ignored');
      return ack();
    }
    const outcome = await guarded(handling, redact, () => decideByForm(handling, form));
    const fields = { action: FORMS.reason, by: form.actor.id };
    if (outcome.done) log.info(fields, 'slack: done');
    else log.warn({ ...fields, reason: logged(outcome, redact) }, 'slack: refused');
    await (outcome.done ? ack() : ack({ response_action: 'update', view: refusalForm(outcome.text) }));
    if (outcome.done && decodeReasonForm(form.metadata)?.isOfHome === true) await showHome(app, options, form.actor, outcome.text);
  });
}

const commandSchema = z.object({ user_id: z.string().min(1), user_name: z.string().optional(), text: z.string().default('') });

/** Answers in the acknowledgement. */
function listenToCommand(app: BoltApp, { handling, redact }: ListenerOptions): void {
  const { log } = handling;
  app.command(COMMAND, async ({ ack, body }) => {
    const { data } = commandSchema.safeParse(body);
    if (data === undefined) {
      log.warn({}, 'slack: a command that could not be read was ignored');
      return ack();
    }
    const person = personOf(data.user_id, data.user_name);
    const outcome = await guarded(handling, redact, () => runCommand(handling, data.text, person));
    const command = data.text.trim().split(/\s+/)[0]?.slice(0, 20) ?? '';
    const fields = { command, by: person.id };
    if (outcome.done) log.info(fields, 'slack: done');
    else log.warn({ ...fields, reason: logged(outcome, redact) }, 'slack: refused');
    await ack({ response_type: 'ephemeral', ...messageOfOutcome(outcome) });
  });
}

function messageOfOutcome({ text, blocks }: Outcome): { text: string; blocks?: KnownBlock[] } {
  return { text, ...(blocks === undefined ? {} : { blocks: [...blocks] }) };
}

function logged({ text }: Outcome, redact: (text: string) => string): string {
  return redact(text.split('\n')[0] ?? '').slice(0, 200);
}

async function guarded({ log }: Handling, redact: (text: string) => string, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    log.error({ error: cleaned(messageOf(error), redact) }, 'slack: the store failed');
    return refused(STORE_FAILED);
  }
}
