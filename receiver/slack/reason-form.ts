import { REASON_LENGTH } from '../reason.ts';
import { encodeReasonForm, FORMS, type ReasonForm } from './actions.ts';
import { type ModalView, plainText, section } from './blocks.ts';

/** The form that asks why something is approved or rejected. Slack's limits: "Modals", "plain_text_input" (characters). */

const TITLE = 24;
const LABEL = 2_000;
const METADATA = 3_000;
const WORDS = {
  approved: { title: 'Approve', submit: 'Approve', hint: 'Shown below the question, and sent along with the dispatch as event.approval.' },
  rejected: { title: 'Reject', submit: 'Reject', hint: 'Shown below the question. Nothing is sent.' },
} as const;

/**
 * `undefined` when Slack does not carry so long a name of a route: then the command line is left.
 *
 * @param what what it is about, as mrkdwn
 */
export function reasonForm(form: ReasonForm, what: string): ModalView | undefined {
  const metadata = encodeReasonForm(form);
  if (metadata.length > METADATA) return undefined;
  const { title, submit, hint } = WORDS[form.decision];
  return {
    type: 'modal',
    callback_id: FORMS.reason,
    private_metadata: metadata,
    title: plainText(title, TITLE),
    submit: plainText(submit, TITLE),
    close: plainText('Not now', TITLE),
    blocks: [
      section(what),
      {
        type: 'input',
        block_id: 'reason',
        optional: true,
        label: plainText('Reason', LABEL),
        hint: plainText(hint, LABEL),
        element: { type: 'plain_text_input', action_id: 'reason', multiline: true, max_length: REASON_LENGTH },
      },
    ],
  };
}

/** Replaces the form where what it asked for was not done. */
export function refusalForm(why: string): ModalView {
  return { type: 'modal', title: plainText('Not done', TITLE), close: plainText('Close', TITLE), blocks: [section(why)] };
}
