import { isDispatchTarget, shownState } from '../../shown-state.ts';
import type { DeliveryView, Throttle } from '../../store/delivery.ts';
import type { PromotionView } from '../../store/ledger.ts';
import type { Store } from '../../store/store.ts';
import type { Tone } from './badge.ts';

/** How a version that got an alias was deployed, in a word. */
export interface Deployment {
  readonly word: string;
  readonly tone: Tone;
}

/** A version with more deliveries is judged by the first ones. */
const MOST_DELIVERIES = 50;

/** What became of what the events of these promotions dispatched, for those that the ledger does not know the end of. */
export async function deliveriesBehind(
  store: Pick<Store, 'deliveryPage'>,
  promotions: readonly PromotionView[],
): Promise<ReadonlyMap<string, readonly DeliveryView[]>> {
  const open = new Set(promotions.flatMap(({ run, eventId }) => (run === null && eventId !== null ? [eventId] : [])));
  const found = await Promise.all(
    [...open].map(async (eventId) => {
      const { items } = await store.deliveryPage({ eventId, order: 'oldest first', limit: MOST_DELIVERIES });
      return [eventId, items] as const;
    }),
  );
  return new Map(found);
}

/** How the deployment of a promotion ended, or how far it is. The first thing that needs somebody counts. */
export function deploymentOf(
  { run, version, origin, eventId }: Pick<PromotionView, 'run' | 'version' | 'origin' | 'eventId'>,
  deliveries: readonly DeliveryView[] | undefined,
  throttles: readonly Throttle[] = [],
): Deployment {
  if (version === null) return { word: 'no version', tone: 'quiet' };
  if (run !== null)
    return run.conclusion === 'success' ? { word: 'deployed', tone: 'good' } : { word: failedWord(run.conclusion), tone: 'bad' };
  if (origin === 'api') return { word: 'seen in W&B', tone: 'quiet' };
  if (eventId === null || deliveries === undefined) return { word: 'not known', tone: 'quiet' };
  const dispatches = deliveries.filter(({ target }) => isDispatchTarget(target));
  if (dispatches.length === 0) return { word: 'not dispatched', tone: 'quiet' };
  const first = (...states: readonly DeliveryView['state'][]) => dispatches.find(({ state }) => states.includes(state));
  const failed = first('dead');
  if (failed !== undefined) return { word: 'failed', tone: 'bad' };
  const broken = dispatches.find(({ run: one }) => one?.status === 'completed' && one.conclusion !== 'success');
  if (broken !== undefined) return { word: failedWord(broken.run?.conclusion ?? 'failure'), tone: 'bad' };
  if (first('held') !== undefined) return { word: 'awaiting approval', tone: 'wait' };
  const waiting = first('pending', 'in_flight');
  if (waiting !== undefined) {
    const word = shownState(waiting, throttles);
    return { word, tone: word === 'retrying' || word === 'throttled' ? 'wait' : 'busy' };
  }
  const sent = first('delivered');
  if (sent !== undefined) return runWord(sent);
  const [ended] = dispatches;
  return { word: ended === undefined ? 'not dispatched' : shownState(ended), tone: 'quiet' };
}

function failedWord(conclusion: string): string {
  return conclusion === 'failure' ? 'failed' : conclusion.replaceAll('_', ' ');
}

function runWord({ run }: DeliveryView): Deployment {
  switch (run?.status) {
    case 'missing':
      return { word: 'run did not appear', tone: 'bad' };
    case 'in_progress':
      return { word: 'running', tone: 'busy' };
    case 'expected':
    case 'queued':
      return { word: 'starting', tone: 'busy' };
    case 'completed':
      return { word: 'deployed', tone: 'good' };
    case 'unknown':
    case undefined:
      return { word: 'sent', tone: 'quiet' };
  }
}
