import type { AlertNews } from './condition.ts';
import { type PauseNews, scopeWords } from './pause-news.ts';

/** What people are told when somebody paused something, or resumed it. */
export function pauseAlert({ pause, isResumed, resumedBy }: PauseNews, at: number): AlertNews {
  const { scope, by, reason } = pause;
  const what = scopeWords(scope);
  return {
    kind: 'paused',
    what,
    state: isResumed ? 'recovered' : 'opened',
    summary: isResumed
      ? `${capital(what)} was resumed${resumedBy === undefined ? '' : ` by ${resumedBy}`}: what waited is sent`
      : `${by} paused ${what}${reason === null ? '' : `: ${reason}`}`,
    action: isResumed ? '' : 'Events are still accepted, and are sent when it is resumed (wandb-relay resume, or the page Pauses)',
    count: 1,
    since: isResumed ? undefined : pause.at,
    at,
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
