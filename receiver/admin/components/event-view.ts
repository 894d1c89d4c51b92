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
  /** GitHub's pages. */
  readonly githubUrl: string;
}
