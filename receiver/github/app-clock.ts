import { RequestError } from '@octokit/request-error';
import type { Logger } from '../log/log.ts';

/** Less than this is the way there and back, and the whole seconds of a `Date` header. Milliseconds. */
const NOTICEABLE_MS = 5_000;

/** The difference between GitHub's clock and that of this machine. */
export interface AppClock {
  /** GitHub's time, as far as it is known; milliseconds since 1970. */
  now(): number;
  /**
   * Whether a refusal may come from a wrong clock: it was a 401, and its `Date` says another time than `now`. If so, `now`
   * is right from then on.
   */
  corrected(error: unknown): boolean;
  /** How long an hour's token is good for, by the clock of this machine: from the end and the `Date` that GitHub gave. */
  endOf(expiresAt: string, date: string | undefined): number;
}

/**
 * Follows GitHub's clock by the `Date` of its answers, as Octokit's own App authentication does (@octokit/auth-app,
 * `hook.ts`), and remembers the difference. It is logged when it is found, not with every request.
 *
 * @param now the clock of this machine, milliseconds since 1970
 */
export function appClock(now: () => number, log?: Pick<Logger, 'warn' | 'info'>): AppClock {
  let difference = 0;
  return {
    now: () => now() + difference,
    corrected: (error) => {
      if (!(error instanceof RequestError) || error.status !== 401) return false;
      const date = Date.parse(String(error.response?.headers.date ?? ''));
      const measured = date - now();
      if (Number.isNaN(date) || Math.abs(measured - difference) < NOTICEABLE_MS) return false;
      difference = Math.abs(measured) < NOTICEABLE_MS ? 0 : measured;
      report(difference);
      return true;
    },
    endOf: (expiresAt, date) => {
      const end = Date.parse(expiresAt);
      const sent = Date.parse(date ?? '');
      const lifetime = end - (Number.isNaN(sent) ? now() + difference : sent);
      return now() + lifetime;
    },
  };

  function report(differenceMs: number): void {
    if (differenceMs === 0) {
      log?.info({}, "the clock of this machine agrees with GitHub's again");
      return;
    }
    const seconds = Math.round(Math.abs(differenceMs) / 1000);
    log?.warn(
      { clockDifferenceSeconds: Math.round(differenceMs / 1000) },
      `the clock of this machine is ${seconds} s ${differenceMs < 0 ? 'ahead of' : 'behind'} GitHub's: the App signs with GitHub's time. Set the clock (NTP): approvals, limits and Slack's signatures depend on it`,
    );
  }
}
