import type { ShownState } from '../../shown-state.ts';
import { type Html, html } from './html.ts';

export type Tone = 'good' | 'bad' | 'wait' | 'busy' | 'quiet';

const TONES: Readonly<Record<ShownState, Tone>> = {
  waiting: 'busy',
  retrying: 'wait',
  throttled: 'wait',
  sending: 'busy',
  delivered: 'good',
  failed: 'bad',
  'awaiting approval': 'wait',
  superseded: 'quiet',
  cancelled: 'quiet',
  rejected: 'quiet',
  expired: 'quiet',
};

/** A state in a word, with a dot: never by its colour alone. */
export function badge(word: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${word}</span>`;
}

export function stateBadge(state: ShownState): Html {
  return badge(state, TONES[state]);
}
