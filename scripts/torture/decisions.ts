import type { Finding } from './finding.ts';
import type { Decision, Ledger, StoredRecord, StoredState } from './ledger.ts';

/** What people decided about held deliveries. Pure. */

/** Words in a delivery's notes, by which it is known what was decided. */
const NOTES: Readonly<Record<Decision['word'], RegExp>> = { approve: /^approved by /, cancel: /^cancelled by / };

/**
 * The first decision counts: of several people who say the same, one gets the answer that it was theirs. Only a cancel may follow an
 * approval: it stops what waits to be sent.
 */
export function decidedTwice(decisions: readonly Decision[], records: StoredState['records']): Finding[] {
  const byDelivery = Map.groupBy(decisions, ({ deliveryId }) => deliveryId);
  return [...new Set([...byDelivery.keys(), ...records.keys()])].flatMap((id) => {
    const answers = byDelivery.get(id) ?? [];
    const notes = decisionsIn(records.get(id));
    const findings: Finding[] = [];
    for (const word of ['approve', 'cancel'] as const) {
      const told = answers.filter((answer) => answer.word === word && answer.answer === 'done').length;
      const noted = notes.filter((note) => note === word).length;
      if (told > 1) findings.push({ id, what: `${told} people were told that theirs was the decision to ${word}` });
      if (noted > 1) findings.push({ id, what: `"${word}" is noted ${noted} times` });
      if (told > noted) findings.push({ id, what: `somebody was told of a decision to ${word} that the store does not know` });
    }
    if (notes.indexOf('cancel') !== -1 && notes.lastIndexOf('approve') > notes.indexOf('cancel')) {
      findings.push({ id, what: 'was approved after it had been cancelled' });
    }
    return findings;
  });
}

/** What was held reached GitHub although nobody let it. */
export function sentWithoutApproval({ acknowledged, arrivals }: Ledger, { deliveries, records }: StoredState): Finding[] {
  const gated = new Set(acknowledged.filter(({ kind }) => kind === 'gated').map(({ eventId }) => eventId));
  const arrived = new Set(arrivals.map(({ deliveryId }) => deliveryId));
  return deliveries
    .filter(({ id, eventId }) => gated.has(eventId) && arrived.has(id) && !decisionsIn(records.get(id)).includes('approve'))
    .map(({ id }) => ({ id, what: 'reached GitHub, and no approval is noted' }));
}

function decisionsIn(record: StoredRecord | undefined): Decision['word'][] {
  return (record?.notes ?? []).flatMap((note) => (['approve', 'cancel'] as const).filter((word) => NOTES[word].test(note)));
}
