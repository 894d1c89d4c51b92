import {
  asFields,
  checkBoolean,
  checkInteger,
  checkKeys,
  checkLength,
  checkOneOf,
  checkUrl,
  type Fields,
  listOf,
  type Report,
} from './slack-rules-basics.ts';

/** Slack's rules for rich text (Slack, "Rich text block"). It documents no limits on its length besides the message's. */

const MOST = Number.POSITIVE_INFINITY;
/** What each kind of text has besides `type` and `style`; the first ones are required. */
const TEXTS: Readonly<Record<string, { readonly needs: readonly string[]; readonly may?: readonly string[] }>> = {
  text: { needs: ['text'] },
  link: { needs: ['url'], may: ['text', 'unsafe'] },
  emoji: { needs: ['name'], may: ['unicode', 'skin_tone'] },
  user: { needs: ['user_id'] },
  usergroup: { needs: ['usergroup_id'] },
  channel: { needs: ['channel_id'] },
  broadcast: { needs: ['range'] },
  date: { needs: ['timestamp', 'format'], may: ['url', 'fallback'] },
  color: { needs: ['value'] },
};

export function checkRichText(block: Fields, pointer: string, report: Report): void {
  listOf(block.elements, 1, MOST, `${pointer}/elements`, report).forEach((element, index) => {
    checkPart(asFields(element), `${pointer}/elements/${index}`, report);
  });
}

function checkPart(part: Fields, pointer: string, report: Report): void {
  const each = (check: (item: Fields, at: string, report: Report) => void): void =>
    listOf(part.elements, 0, MOST, `${pointer}/elements`, report).forEach((item, index) => {
      check(asFields(item), `${pointer}/elements/${index}`, report);
    });
  switch (part.type) {
    case 'rich_text_section':
      checkKeys(part, ['type', 'elements'], pointer, report);
      each(checkRichTextElement);
      return;
    case 'rich_text_quote':
    case 'rich_text_preformatted':
      checkKeys(part, ['type', 'elements', 'border', ...(part.type === 'rich_text_quote' ? [] : ['language'])], pointer, report);
      checkOneOf(part.border, [0, 1], `${pointer}/border`, report);
      each(checkRichTextElement);
      return;
    case 'rich_text_list':
      checkKeys(part, ['type', 'elements', 'style', 'indent', 'offset', 'border'], pointer, report);
      checkOneOf(part.style ?? 'missing', ['bullet', 'ordered'], `${pointer}/style`, report);
      checkInteger(part.indent, 0, 8, `${pointer}/indent`, report);
      checkInteger(part.offset, 0, Number.MAX_SAFE_INTEGER, `${pointer}/offset`, report);
      checkOneOf(part.border, [0, 1], `${pointer}/border`, report);
      each((item, at) => {
        if (item.type !== 'rich_text_section') report(`${at}/type`, 'must be rich_text_section');
        else checkPart(item, at, report);
      });
      return;
    default:
      report(`${pointer}/type`, `unsupported type: ${String(part.type)}`);
  }
}

function checkRichTextElement(element: Fields, pointer: string, report: Report): void {
  const rule = typeof element.type === 'string' && Object.hasOwn(TEXTS, element.type) ? TEXTS[element.type] : undefined;
  if (rule === undefined) {
    report(`${pointer}/type`, `unsupported type: ${String(element.type)}`);
    return;
  }
  checkKeys(element, ['type', 'style', ...rule.needs, ...(rule.may ?? [])], pointer, report);
  for (const name of rule.needs) {
    if (name === 'timestamp') checkInteger(element.timestamp ?? 'missing', 0, Number.MAX_SAFE_INTEGER, `${pointer}/timestamp`, report);
    else checkLength(element[name] ?? null, 1, MOST, `${pointer}/${name}`, report);
  }
  checkUrl(element.url, `${pointer}/url`, report);
  if (element.type === 'broadcast') checkOneOf(element.range, ['here', 'channel', 'everyone'], `${pointer}/range`, report);
  if (element.style === undefined) return;
  const styles = ['bold', 'italic', 'strike', 'code', 'underline', 'highlight', 'client_highlight', 'unlink'];
  checkKeys(element.style, styles, `${pointer}/style`, report);
  for (const [name, value] of Object.entries(asFields(element.style))) checkBoolean(value, `${pointer}/style/${name}`, report);
}
