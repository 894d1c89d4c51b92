import { promotionOf } from '../../src/event/promotion.ts';
import { digest } from '../../src/lib/digest.ts';
import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { isDispatch } from '../../src/route/target.ts';
import type { DeliveryView } from '../store/delivery.ts';
import { decodeDispatchAgain, decodeMute, decodeRollback, MUTE_TIMES, type MuteTime } from './actions.ts';
import { done, eventOfButton, type Handling, NOT_OURS, type Outcome, type Person, refused } from './handling.ts';
import { groupsToAsk, mayOperate, namesOf, type Permission } from './may-decide.ts';
import { mrkdwnName, slackDate } from './mrkdwn.ts';
import { aliasStays } from './rollback-words.ts';

const NO_DELIVERY = 'There is no such delivery, or it is no longer stored. Nothing was changed.';

/**
 * Handles "Run again". The store refuses a delivery that has changed since the button was made, so it works once, and one whose
 * run goes on.
 */
export async function dispatchAgain(handling: Handling, value: string, actor: Person): Promise<Outcome> {
  const decoded = decodeDispatchAgain(value);
  if (decoded === undefined) return refused(NOT_OURS);
  const delivery = (await handling.store.delivery(decoded.deliveryId))?.delivery;
  const event = delivery && (await eventOfButton(handling.store, delivery.eventId, decoded.source));
  if (delivery === undefined || event === undefined) return refused(NO_DELIVERY);
  if (delivery.request !== null && !isDispatch(delivery.request)) return refused(NOT_OURS);
  return sendAgain(handling, delivery, decoded.updatedAt, actor);
}

/** `/wandb-relay replay`. */
export async function replayById(handling: Handling, id: string, actor: Person): Promise<Outcome> {
  const delivery = (await handling.store.delivery(id))?.delivery;
  return delivery === undefined ? refused(NO_DELIVERY) : sendAgain(handling, delivery, delivery.updatedAt, actor);
}

/** A delivery whose route needs approval can only be replayed by its approvers. */
async function sendAgain(handling: Handling, delivery: DeliveryView, ifUpdatedAt: number, actor: Person): Promise<Outcome> {
  const approval = await handling.store.approval(delivery.eventId, delivery.route);
  const permission = await permitted(handling, actor, approval?.by ?? null);
  if (!permission.may) return refused(permission.why);
  const options = { by: `${actor.label} in Slack`, ifUpdatedAt, ifRunEnded: true };
  const [result] = await handling.store.replay([delivery.id], handling.now(), options);
  if (result === undefined || !result.done) return refused(`Not sent again: ${escapeMrkdwn(result?.why ?? 'nothing to change')}.`);
  handling.wake();
  // A replay does not bypass an approval that was never given: the delivery is held again.
  const isHeld = (await handling.store.delivery(delivery.id))?.delivery.state === 'held';
  return done(isHeld ? 'It awaits approval again.' : 'It is sent again, with the same id.');
}

/** Handles "Roll back to …". What was the last version before when the button was made must still be it. */
export async function rollBackByButton(handling: Handling, value: string, actor: Person): Promise<Outcome> {
  const decoded = decodeRollback(value);
  if (decoded === undefined) return refused(NOT_OURS);
  const { store } = handling;
  const delivery = (await store.delivery(decoded.deliveryId))?.delivery;
  const event = delivery && (await eventOfButton(store, delivery.eventId, decoded.source));
  const promotion = event && promotionOf(event.event);
  if (delivery === undefined || promotion === undefined) return refused(NO_DELIVERY);
  const approval = await store.approval(delivery.eventId, delivery.route);
  const permission = await permitted(handling, actor, approval?.by ?? null);
  if (!permission.may) return refused(permission.why);
  const { version } = decoded;
  const [by = actor.label] = namesOf(actor, handling.people);
  const result = await handling.rollBack({ aliasKey: digest(promotion.aliasKey), from: promotion.version, to: version, by });
  if (!result.ok) return refused(`Not rolled back: ${escapeMrkdwn(result.error)}.`);
  handling.wake();
  const starts = result.value.isHeld ? 'awaits approval' : 'is sent now';
  return done(`The dispatch of ${mrkdwnName(version)} ${starts}. ${aliasStays(result.value.event, result.value.link?.url)}`);
}

/** Handles a choice in the "Mute" menu. */
export async function muteByMenu(handling: Handling, value: string, actor: Person): Promise<Outcome> {
  const decoded = decodeMute(value);
  if (decoded === undefined) return refused(NOT_OURS);
  const delivery = (await handling.store.delivery(decoded.deliveryId))?.delivery;
  const event = delivery && (await eventOfButton(handling.store, delivery.eventId, decoded.source));
  if (delivery === undefined || event === undefined) return refused(NO_DELIVERY);
  return mute(handling, delivery, event.subjectKey, decoded.time, actor);
}

/** `/wandb-relay mute` and `unmute`. */
export async function muteById(handling: Handling, id: string, time: MuteTime, actor: Person): Promise<Outcome> {
  const delivery = (await handling.store.delivery(id))?.delivery;
  const event = delivery && (await handling.store.event(delivery.eventId));
  if (delivery === undefined || event === undefined) return refused(NO_DELIVERY);
  return mute(handling, delivery, event.subjectKey, time, actor);
}

async function mute(
  handling: Handling,
  { route, eventId }: DeliveryView,
  subjectKey: string,
  time: MuteTime,
  actor: Person,
): Promise<Outcome> {
  const permission = await permitted(handling, actor, null);
  if (!permission.may) return refused(permission.why);
  const now = handling.now();
  const until = time === 'off' ? 0 : now + MUTE_TIMES[time];
  await handling.store.mute({ route, subjectKey, until, by: actor.label }, eventId, now);
  handling.wake();
  const name = escapeMrkdwn(route);
  return done(
    until === 0
      ? `Route ${name} posts messages about this subject again.`
      : `Route ${name} posts nothing about this subject until ${slackDate(until)}. Its dispatches are still sent.`,
  );
}

/** Whether a person may read what is stored and act on it: an operator who is also among `approvers`, where those are named. */
export async function permitted({ people, askGroups }: Handling, actor: Person, approvers: readonly string[] | null): Promise<Permission> {
  const groups = await askGroups([...groupsToAsk(actor.id, people.operators), ...groupsToAsk(actor.id, approvers)]);
  return mayOperate(actor, people.operators, approvers, groups);
}
