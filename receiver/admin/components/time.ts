import { durationWords } from '../../../src/lib/duration.ts';
import { type Html, html } from './html.ts';

/** A moment: UTC here, in the reader's zone where the script runs, exact on hover. */
export function moment(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** How long ago: `3 min ago`; a moment in the future counts as now. */
export function age(at: number, now: number): Html {
  const iso = new Date(at).toISOString();
  const ago = now - at < 1000 ? 'just now' : `${durationWords(now - at)} ago`;
  return html`<time datetime="${iso}" title="${iso}" data-as="age">${ago}</time>`;
}

/** How long from now: `in 12 s`; what is over counts as now. */
export function ahead(at: number, now: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso}" data-as="age">${at - now < 1000 ? 'now' : `in ${durationWords(at - now)}`}</time>`;
}
