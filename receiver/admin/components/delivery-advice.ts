import { type ShownState, shownState } from '../../shown-state.ts';
import type { DeliveryView, Throttle } from '../../store/delivery.ts';
import type { Pause } from '../../store/pause.ts';

/** A delivery's state in a word, also where it is paused. */
export type PageState = ShownState | 'paused';

/** Whether something that people have paused holds the delivery back. */
export function pauseOf(
  delivery: Pick<DeliveryView, 'state' | 'route' | 'target' | 'credential'>,
  pauses: readonly Pause[],
): Pause | undefined {
  if (delivery.state !== 'pending') return undefined;
  return pauses.find(({ scope, messagesToo }) => {
    if (messagesToo === true) return true;
    if (scope.kind === 'credential') return scope.name === delivery.credential;
    return !isMessage(delivery) && (scope.kind === 'everything' || scope.name === delivery.route);
  });
}

export function pageState(delivery: DeliveryView, throttles: readonly Throttle[], pauses: readonly Pause[]): PageState {
  return pauseOf(delivery, pauses) === undefined ? shownState(delivery, throttles) : 'paused';
}

export function isMessage({ target }: Pick<DeliveryView, 'target'>): boolean {
  return target.startsWith('slack:');
}

/** What is to be done about it, in a sentence. The reason says what happened. */
export function advice(delivery: DeliveryView, state: PageState): string {
  const reason = sentence(delivery.reason ?? '');
  switch (state) {
    case 'failed':
      if (reason === '') return 'It failed. When that is fixed, replay it.';
      return /\breplay\b/.test(reason) ? reason : `${reason} When that is fixed, replay it.`;
    case 'awaiting approval':
      return 'Somebody has to approve it before it is sent.';
    case 'retrying':
      return `${reason} It is tried again by itself.`.trim();
    case 'throttled':
      return `${reason} It is sent when the rate limit allows it.`.trim();
    case 'paused':
      return 'It is sent once this is resumed.';
    case 'waiting':
      return 'It waits for its turn.';
    case 'sending':
      return 'It is being sent.';
    case 'delivered':
      return 'Delivered.';
    default:
      return reason;
  }
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
