import { asFields, type Fields } from './slack-rules-basics.ts';

/** What Slack puts into the payloads of modals and shared links. */

interface Input {
  readonly blockId: string;
  readonly element: Fields;
  readonly optional: boolean;
}

/** The inputs of a view; Slack names blocks that have no id. */
export function inputsOf({ blocks }: Fields): Input[] {
  const list = Array.isArray(blocks) ? blocks.map(asFields) : [];
  return list.flatMap((block, index) =>
    block.type === 'input'
      ? [{ blockId: String(block.block_id ?? `block-${index}`), element: asFields(block.element), optional: block.optional === true }]
      : [],
  );
}

/** Slack, "view_submission payload": `state.values`, by block and action. Throws for what Slack does not let people submit. */
export function viewState(inputs: readonly Input[], values: Readonly<Record<string, string>>): object {
  const names = inputs.map(({ element }) => String(element.action_id));
  const unknown = Object.keys(values).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`the modal has no input ${unknown}, only ${names.join(', ')}`);
  return { values: Object.fromEntries(inputs.map((input) => [input.blockId, stateOf(input, values)])) };
}

function stateOf({ element, optional }: Input, values: Readonly<Record<string, string>>): object {
  const { action_id: id, type, min_length: least = 0, max_length: most = 3000, initial_value: initial = '' } = element;
  const value = values[String(id)] ?? String(initial);
  if (value === '' && !optional) throw new Error(`Slack does not submit the modal: ${String(id)} is required`);
  if (value !== '' && (value.length < Number(least) || value.length > Number(most)))
    throw new Error(`Slack does not submit the modal: ${String(id)} has ${value.length} characters`);
  return type === 'static_select'
    ? { [String(id)]: { type, selected_option: { value } } }
    : { [String(id)]: { type, value: value === '' ? null : value } };
}

/** Slack, "link_shared event". */
export function linkShared(
  by: { readonly id: string },
  message: { readonly channel: string; readonly ts: string },
  urls: readonly string[],
): object {
  return {
    type: 'link_shared',
    channel: message.channel,
    is_bot_user_member: true,
    user: by.id,
    message_ts: message.ts,
    unfurl_id: `${message.channel}-${message.ts}`,
    source: 'conversations_history',
    links: urls.map((url) => ({ url, domain: new URL(url).hostname })),
    event_ts: message.ts,
  };
}
