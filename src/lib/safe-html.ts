import { escapeHtml } from './markdown.ts';

/** HTML that is safe to put together: made only by `html`, which escapes what is put in. */
export interface Html {
  readonly html: string;
}

/** A template for HTML: text that is put in is escaped, HTML is not, lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Html | readonly Html[])[]): Html {
  const inside = values.map((value) => {
    if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
    return 'html' in value ? value.html : value.map((one) => one.html).join('');
  });
  return { html: parts.reduce((all, part, index) => `${all}${inside[index - 1] ?? ''}${part}`) };
}

export const NOTHING: Html = { html: '' };
