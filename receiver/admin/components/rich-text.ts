import { type Html, html } from './html.ts';
import { moment } from './time.ts';

const TIME_OR_ADDRESS = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z|https?:\/\/[\w.:-]+\/[\w./-]*\w/g;

/**
 * A sentence of the log of a delivery: its times in the reader's zone, addresses of GitHub's pages as links, all else as text.
 *
 * @param githubUrl whose pages are linked: no other address becomes a link
 */
export function richText(text: string, githubUrl: string): Html {
  const parts: (Html | string)[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(TIME_OR_ADDRESS)) {
    parts.push(text.slice(end, index));
    parts.push(found.startsWith('http') ? addressOf(found, githubUrl) : timeOf(found));
    end = index + found.length;
  }
  return html`${[...parts, text.slice(end)]}`;
}

function timeOf(text: string): Html | string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : moment(at);
}

function addressOf(address: string, githubUrl: string): Html | string {
  if (!address.startsWith(`${githubUrl}/`)) return address;
  const run = /\/actions\/runs\/(\d+)$/.exec(address)?.[1];
  return html`<a href="${address}" rel="noreferrer">${run === undefined ? address.slice(githubUrl.length + 1) : `run ${run}`}</a>`;
}
