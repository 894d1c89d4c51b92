import type { RelayEvent } from '../../src/event/event.ts';
import { isDispatch } from '../../src/route/target.ts';
import type { DeliveryView } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';
import type { MuteTime } from './actions.ts';
import { cell, listBlocks } from './command-text.ts';
import { done, type Handling, type Outcome, type Person, refused } from './handling.ts';
import { readTrouble } from './home.ts';
import { deliveryLine, deliveryRow, type ListedDelivery } from './rows.ts';
import { muteById, permitted, replayById } from './step-in.ts';

/** Commands that name a delivery by its id, or a model by its name: ids stand in no message. */

/** Events among which a model is looked for, newest first. */
const SEARCHED = 200;

/** Whether an event is about what somebody named: a collection, a version of it (`resnet50:v12`), or a run. */
export function isNamed(event: RelayEvent | undefined, name: string): boolean {
  if (event === undefined) return false;
  const { collection, version, run, artifact } = event;
  const names = [collection, run, artifact, collection === undefined || version === undefined ? undefined : `${collection}:${version}`];
  const wanted = name.toLowerCase();
  return names.some((one) => one?.toLowerCase() === wanted);
}

/** `mute` and `unmute`: the routes of the latest event about a model, or the route of one delivery. */
export async function muteNamed(handling: Handling, name: string, time: MuteTime, person: Person): Promise<Outcome> {
  if ((await handling.store.delivery(name)) !== undefined) return muteById(handling, name, time, person);
  const latest = await latestOf(handling.store, name);
  const [first, ...others] = oneOfEachRoute(latest);
  if (first === undefined) return unknown(name);
  const outcomes = [await muteById(handling, first.id, time, person)];
  for (const { id } of others) outcomes.push(await muteById(handling, id, time, person));
  const refusal = outcomes.find((outcome) => !outcome.done);
  return refusal ?? done(outcomes.map(({ text }) => text).join('\n'));
}

/** `replay`: the one delivery of a model that failed; of several, each with its button. */
export async function replayNamed(handling: Handling, name: string, person: Person): Promise<Outcome> {
  if ((await handling.store.delivery(name)) !== undefined) return replayById(handling, name, person);
  const trouble = await readTrouble(handling.store, handling.now());
  const failed = trouble.filter(({ delivery, event }) => delivery.state === 'dead' && isNamed(event?.event, name));
  const [only, ...more] = failed;
  if (only === undefined) {
    const isKnown = (await latestOf(handling.store, name)).length > 0;
    return isKnown ? refused(`Nothing of ${cell(name)} has failed that could be sent again.`) : unknown(name);
  }
  return more.length === 0 ? replayById(handling, only.delivery.id, person) : choose(handling, failed, person);
}

async function choose(handling: Handling, failed: readonly ListedDelivery[], person: Person): Promise<Outcome> {
  const { githubUrl, people } = handling;
  const operator = await permitted(handling, person, null);
  if (!operator.may) return refused(operator.why);
  const row = { githubUrl, slackUsers: people.slackUsers };
  return done(
    failed.map(deliveryLine).join('\n'),
    listBlocks(
      'Several have failed. Which one?',
      failed.map((one) => deliveryRow(one, row, true)),
    ),
  );
}

/** The deliveries of the latest event about a model that has any. */
async function latestOf(store: Store, name: string): Promise<readonly DeliveryView[]> {
  // In pages, events come without their bodies.
  const events = await store.eventPage({ limit: SEARCHED });
  for (const { id } of events.items.filter(({ event }) => isNamed(event, name))) {
    const deliveries = await store.deliveries({ eventId: id, limit: SEARCHED });
    if (deliveries.length > 0) return deliveries;
  }
  return [];
}

function oneOfEachRoute(deliveries: readonly DeliveryView[]): DeliveryView[] {
  const dispatchesFirst = deliveries.toSorted((a, b) => Number(isSent(b)) - Number(isSent(a)));
  return [...new Map(dispatchesFirst.toReversed().map((delivery) => [delivery.route, delivery])).values()].toReversed();
}

function isSent({ request }: DeliveryView): boolean {
  return request !== null && isDispatch(request);
}

function unknown(name: string): Outcome {
  return refused(
    `There is no such delivery, and none of the last ${SEARCHED} events is about a model or run called ${cell(name)}. Nothing was changed.`,
  );
}
