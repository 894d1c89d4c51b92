import { type Html, html, NOTHING } from '../../src/lib/safe-html.ts';
import { type Chart, chartHtml } from './chart-svg.ts';
import { mrkdwnHtml, plainHtml, type Reader } from './mrkdwn-html.ts';

/** A block as it is sent; its fields by Slack's "Block Kit reference". */
export type Block = Readonly<Record<string, unknown>>;

/** Block Kit as Slack shows it. A block or element without a drawing throws: a picture does not leave anything out. */
export function blocksHtml(blocks: readonly object[], reader: Reader): Html {
  return html`${blocks.map((block) => html`<div class="block ${String((block as Block).type)}">${blockHtml(block as Block, reader)}</div>`)}`;
}

function blockHtml(block: Block, reader: Reader): Html {
  switch (block.type) {
    case 'section':
      return sectionHtml(block, reader);
    case 'header':
      return html`<h3>${textHtml(block.text, reader)}</h3>`;
    case 'divider':
      return html`<hr>`;
    case 'context':
      return html`${listOf(block.elements).map((one) => html`<span class="small">${contextHtml(one, reader)}</span>`)}`;
    case 'actions':
      return html`${listOf(block.elements).map((one) => elementHtml(one, reader))}`;
    case 'image':
      return html`<div class="picture">${String(block.alt_text)}</div>`;
    case 'input':
      return inputHtml(block, reader);
    case 'rich_text':
      return html`${listOf(block.elements).map((part) => richHtml(part, reader))}`;
    case 'data_visualization':
      return chartHtml(String(block.title), block.chart as Chart);
    default:
      throw new Error(`there is no drawing of a block of type ${String(block.type)}`);
  }
}

function sectionHtml({ text, fields, accessory }: Block, reader: Reader): Html {
  const words = text === undefined ? NOTHING : html`<div class="text">${textHtml(text, reader)}</div>`;
  const facts =
    fields === undefined
      ? NOTHING
      : html`<div class="fields">${listOf(fields).map((field) => html`<div>${textHtml(field, reader)}</div>`)}</div>`;
  const beside = accessory === undefined ? NOTHING : html`<div class="accessory">${elementHtml(accessory as Block, reader)}</div>`;
  return html`<div class="words">${words}${facts}</div>${beside}`;
}

function contextHtml(element: Block, reader: Reader): Html {
  return element.type === 'image' ? html`<span class="icon"></span>` : textHtml(element, reader);
}

function inputHtml({ label, element, hint, optional }: Block, reader: Reader): Html {
  const more = optional === true ? html` <span class="optional">(optional)</span>` : NOTHING;
  const below = hint === undefined ? NOTHING : html`<div class="hint">${textHtml(hint, reader)}</div>`;
  return html`<div class="label">${textHtml(label, reader)}${more}</div>${elementHtml(element as Block, reader)}${below}`;
}

function elementHtml(element: Block, reader: Reader): Html {
  const { placeholder, initial_option: initial, initial_value: value } = element;
  switch (element.type) {
    case 'button':
      return html`<span class="button ${String(element.style ?? '')}">${textHtml(element.text, reader)}</span>`;
    case 'overflow':
      return html`<span class="button more"><i></i><i></i><i></i></span>`;
    case 'static_select':
    case 'users_select':
    case 'channels_select':
    case 'conversations_select': {
      const shown = (initial as Block | undefined)?.text ?? placeholder ?? { type: 'plain_text', text: 'Select an item' };
      return html`<span class="button select">${textHtml(shown, reader)}<span class="caret"></span></span>`;
    }
    case 'plain_text_input': {
      const size = element.multiline === true ? 'tall' : '';
      if (typeof value === 'string') return html`<div class="box ${size}">${value}</div>`;
      return html`<div class="box ${size} empty">${placeholder === undefined ? NOTHING : textHtml(placeholder, reader)}</div>`;
    }
    case 'checkboxes':
    case 'radio_buttons':
      return html`${listOf(element.options).map((option) => html`<div class="choice"><i></i>${textHtml(option.text, reader)}</div>`)}`;
    case 'image':
      return html`<div class="thumbnail">${String(element.alt_text)}</div>`;
    default:
      throw new Error(`there is no drawing of an element of type ${String(element.type)}`);
  }
}

function richHtml({ type, elements, style }: Block, reader: Reader): Html {
  const inside = listOf(elements);
  switch (type) {
    case 'rich_text_list': {
      const items = inside.map((item) => html`<li>${richHtml(item, reader)}</li>`);
      return style === 'ordered' ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    case 'rich_text_preformatted':
      return html`<pre>${inside.map((item) => String(item.text ?? item.url ?? '')).join('')}</pre>`;
    case 'rich_text_quote':
      return html`<span class="quote">${inside.map((item) => richElementHtml(item, reader))}</span>`;
    default:
      return html`<div>${inside.map((item) => richElementHtml(item, reader))}</div>`;
  }
}

function richElementHtml(element: Block, { names }: Reader): Html {
  const id = String(element.user_id ?? element.usergroup_id ?? element.channel_id ?? element.range ?? '');
  if (element.type === 'link') return html`<span class="link">${String(element.text ?? element.url)}</span>`;
  if (element.type === 'emoji') return plainHtml(`:${String(element.name)}:`, true);
  if (element.type !== 'text') return html`<span class="mention">${element.type === 'channel' ? '#' : '@'}${names[id] ?? id}</span>`;
  const style = (element.style ?? {}) as Readonly<Record<string, boolean>>;
  const classes = Object.keys(style).filter((name) => style[name] === true);
  return html`<span class="${classes.join(' ')}">${plainHtml(String(element.text), false)}</span>`;
}

/** A text object. */
export function textHtml(text: unknown, reader: Reader): Html {
  const { type, text: words, emoji } = (text ?? {}) as Block;
  return type === 'mrkdwn' ? mrkdwnHtml(String(words), reader) : plainHtml(String(words), emoji !== false);
}

function listOf(value: unknown): readonly Block[] {
  return Array.isArray(value) ? (value as Block[]) : [];
}
