import type { Throttle } from '../../store/delivery.ts';
import type { Pause } from '../../store/pause.ts';
import type { Identity } from '../identity.ts';
import type { Shell } from '../pages/page.ts';

/** What the parts of an event's page are shown with. */
export interface PartView {
  readonly shell: Shell;
  readonly now: number;
  readonly identity: Identity;
  readonly throttles: readonly Throttle[];
  readonly pauses: readonly Pause[];
  /** The W&B user of a Slack id, where the config names one; else the id. */
  readonly personOf: (slackId: string) => string;
  /** GitHub's pages. */
  readonly githubUrl: string;
}
