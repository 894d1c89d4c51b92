import { type Html, html } from './html.ts';

/** Where a list has nothing: why, and what to do next. */
export function empty(title: string, next: Html | string): Html {
  return html`<div class="empty"><strong>${title}</strong><p>${next}</p></div>`;
}
