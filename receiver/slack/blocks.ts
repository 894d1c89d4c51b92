import type { types } from '@slack/bolt';
import type { ChartBlock } from './chart.ts';
import { fitMrkdwn, plainName, safeUrl } from './mrkdwn.ts';

export type KnownBlock = types.KnownBlock | ChartBlock;
export type HomeView = types.HomeView;
export type ModalView = types.ModalView;
type Button = types.Button;
type Overflow = types.Overflow;
export type Accessory = Button | Overflow;
type ActionsBlockElement = types.ActionsBlockElement;

/**
 * Slack's limits in characters or in numbers (Slack, "Block Kit reference": blocks, elements, composition objects). The
 * sum over all blocks is not documented: `msg_blocks_too_long` was seen from about 13,200 characters of JSON on
 * (slackapi/bolt-js#2509, #2867), so we stop at 12,000 bytes of it.
 */
export const SLACK_LIMITS = {
  text: 3000,
  sectionText: 3000,
  fields: 10,
  fieldText: 2000,
  contextElements: 10,
  headerText: 150,
  buttonText: 75,
  value: 2000,
  actions: 25,
  options: 5,
  optionText: 75,
  optionValue: 150,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  messageBlocks: 50,
  viewBlocks: 100,
  allBlocks: 12_000,
  /** A view may have 250 kB (Slack, "views.publish": view_too_large); far less is more than anybody reads. */
  viewBytes: 60_000,
} as const;

/** Text of ours. Nothing in it is turned into a link, a channel or a mention that does not already stand there as one. */
export function mrkdwn(text: string, limit: number = SLACK_LIMITS.sectionText): types.MrkdwnElement {
  return { type: 'mrkdwn', text: notEmpty(fitMrkdwn(text, limit)), verbatim: true };
}

export function plainText(text: string, limit: number): types.PlainTextElement {
  return { type: 'plain_text', text: plainName(text, limit), emoji: false };
}

/** A paragraph, with at most ten short facts in two columns below it and a menu or a button beside it. */
export function section(text: string, more: { fields?: readonly string[]; accessory?: Accessory | undefined } = {}): KnownBlock {
  const fields = (more.fields ?? []).slice(0, SLACK_LIMITS.fields).map((field) => mrkdwn(field, SLACK_LIMITS.fieldText));
  return {
    type: 'section',
    text: mrkdwn(text),
    ...(fields.length === 0 ? {} : { fields }),
    ...(more.accessory === undefined ? {} : { accessory: more.accessory }),
  };
}

/** Facts in two columns, without a paragraph; nothing without facts. */
export function factSection(facts: readonly string[]): KnownBlock[] {
  const fields = facts.slice(0, SLACK_LIMITS.fields).map((fact) => mrkdwn(fact, SLACK_LIMITS.fieldText));
  return fields.length === 0 ? [] : [{ type: 'section', fields }];
}

/** Small print; nothing without texts. */
export function context(...texts: readonly string[]): KnownBlock[] {
  const elements = texts
    .filter((text) => text !== '')
    .slice(0, SLACK_LIMITS.contextElements)
    .map((text) => mrkdwn(text));
  return elements.length === 0 ? [] : [{ type: 'context', elements }];
}

export function header(text: string): KnownBlock {
  return { type: 'header', text: plainText(text, SLACK_LIMITS.headerText) };
}

export function divider(): KnownBlock {
  return { type: 'divider' };
}

/** A row of buttons and menus; those that could not be made are left out. Slack wants each `action_id` once in a row. */
export function actions(...elements: readonly (ActionsBlockElement | undefined)[]): KnownBlock[] {
  const seen = new Set<string | undefined>();
  const row = elements.filter((element) => {
    if (element === undefined || seen.has(element.action_id)) return false;
    seen.add(element.action_id);
    return true;
  }) as ActionsBlockElement[];
  return row.length === 0 ? [] : [{ type: 'actions', elements: row.slice(0, SLACK_LIMITS.actions) }];
}

export interface ConfirmWords {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly deny: string;
}

export interface ButtonOptions {
  readonly action: string;
  readonly text: string;
  readonly value: string;
  readonly style?: 'primary' | 'danger';
  readonly confirm?: ConfirmWords;
}

/** A button; `undefined` when its value is longer than Slack carries, because half a value is another one. */
export function button({ action, text, value, style, confirm }: ButtonOptions): Button | undefined {
  if (value.length > SLACK_LIMITS.value) return undefined;
  return {
    type: 'button',
    action_id: action,
    text: plainText(text, SLACK_LIMITS.buttonText),
    value,
    ...(style === undefined ? {} : { style }),
    ...(confirm === undefined ? {} : { confirm: confirmation(confirm) }),
  };
}

/** A button that opens an address; `undefined` without a good one. */
export function linkButton(action: string, text: string, url: string | null | undefined): Button | undefined {
  const address = safeUrl(url);
  if (address === undefined) return undefined;
  return { type: 'button', action_id: action, text: plainText(text, SLACK_LIMITS.buttonText), url: address };
}

/** A menu behind three dots; options whose value Slack does not carry are left out, and the menu when none is left. */
export function overflow(action: string, options: readonly { text: string; value: string }[]): Overflow | undefined {
  const good = options
    .filter(({ value }) => value.length <= SLACK_LIMITS.optionValue)
    .slice(0, SLACK_LIMITS.options)
    .map(({ text, value }) => ({ text: plainText(text, SLACK_LIMITS.optionText), value }));
  return good.length === 0 ? undefined : { type: 'overflow', action_id: action, options: good };
}

/** Blocks that are shown together or not at all. */
export interface Part {
  readonly blocks: readonly KnownBlock[];
  /** What matters most has 0, and is kept first when there is too much. */
  readonly rank: number;
}

/**
 * Puts parts together in their order, as many as Slack takes; `leftOut` stands at the end when that is not all.
 */
export function compose(parts: readonly Part[], limits: { blocks: number; leftOut: KnownBlock; bytes?: number }): KnownBlock[] {
  const wanted = parts.filter(({ blocks }) => blocks.length > 0);
  // Two bytes for the brackets around all; the block that may come last has its place reserved.
  let room = (limits.bytes ?? SLACK_LIMITS.allBlocks) - 2 - sizeOf([limits.leftOut]);
  let places = limits.blocks - 1;
  const kept = new Set<Part>();
  for (const part of wanted.toSorted((a, b) => a.rank - b.rank)) {
    const size = sizeOf(part.blocks);
    if (size > room || part.blocks.length > places) continue;
    room -= size;
    places -= part.blocks.length;
    kept.add(part);
  }
  const blocks = wanted.filter((part) => kept.has(part)).flatMap((part) => part.blocks);
  return kept.size === wanted.length ? blocks : [...blocks, limits.leftOut];
}

/** Bytes in the request, a comma after each block included. */
function sizeOf(blocks: readonly KnownBlock[]): number {
  return blocks.reduce((sum, block) => sum + Buffer.byteLength(JSON.stringify(block)) + 1, 0);
}

function confirmation({ title, text, confirm, deny }: ConfirmWords): types.ConfirmationDialog {
  return {
    title: plainText(title, SLACK_LIMITS.confirmTitle),
    text: plainText(text, SLACK_LIMITS.confirmText),
    confirm: plainText(confirm, SLACK_LIMITS.confirmButton),
    deny: plainText(deny, SLACK_LIMITS.confirmButton),
  };
}

function notEmpty(text: string): string {
  return text.trim() === '' ? '(blank)' : text;
}
