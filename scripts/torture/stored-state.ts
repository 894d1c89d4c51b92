import { runCommand } from '../../test/stand-ins/receiver-process.ts';
import type { Arrival, StoredDelivery, StoredEvent, StoredRecord, StoredState } from './ledger.ts';

export interface StoredStateOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A receiver that listens, and its admin token. */
  readonly url: string;
  readonly adminToken: string;
  readonly arrivals: readonly Arrival[];
}

const EVERYTHING = ['--json', '--limit', '1000000'];
const AT_ONCE = 10;
const TRIES = 5;

interface ListedEvent {
  readonly id: string;
  readonly outcome: string;
  readonly event: { readonly collection?: string; readonly version?: string };
}

/** Reads what the store knows, through the commands and the API that people have. */
export async function readStoredState(options: StoredStateOptions): Promise<StoredState> {
  const listed = await command<{ events: ListedEvent[] }>(['events', ...EVERYTHING], options);
  const deliveries = await command<StoredDelivery[]>(['deliveries', ...EVERYTHING], options);
  const events = listed.events.map(
    ({ id, outcome, event }): StoredEvent => ({
      id,
      outcome,
      subject: event.collection ?? '',
      sequence: Number(event.version?.slice(1)),
    }),
  );
  const state = { events: events.toReversed(), deliveries: deliveries.toReversed() };
  return { ...state, records: await readRecords(toLookAt(state, options.arrivals), options) };
}

/** Those that arrived more than once, and those that were held. */
function toLookAt({ events, deliveries }: Omit<StoredState, 'records'>, arrivals: readonly Arrival[]): string[] {
  const effects = arrivals.filter(({ tookEffect }) => tookEffect).map(({ deliveryId }) => deliveryId);
  const repeated = effects.filter((id, i) => effects.indexOf(id) !== i);
  const gated = new Set(events.filter(({ subject }) => subject.startsWith('gated')).map(({ id }) => id));
  return [...new Set([...repeated, ...deliveries.filter(({ eventId }) => gated.has(eventId)).map(({ id }) => id)])];
}

async function command<Output>(words: readonly string[], { cwd, environment }: StoredStateOptions): Promise<Output> {
  const { code, stdout, stderr } = await runCommand(words, { cwd, environment });
  if (code !== 0) throw new Error(`wandb-relay ${words.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Output;
}

async function readRecords(ids: readonly string[], options: StoredStateOptions): Promise<Map<string, StoredRecord>> {
  const records = new Map<string, StoredRecord>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const batch = ids.slice(from, from + AT_ONCE);
    await Promise.all(batch.map(async (id) => records.set(id, await readRecord(id, options))));
  }
  return records;
}

async function readRecord(id: string, { url, adminToken }: StoredStateOptions): Promise<StoredRecord> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(`${url}/api/deliveries/${id}`, { headers: { authorization: `Bearer ${adminToken}` } });
      if (!response.ok) throw new Error(`the API answered ${response.status} about the delivery ${id}`);
      const found = (await response.json()) as { attempts: StoredRecord['attempts']; notes: { text: string }[] };
      return { attempts: found.attempts, notes: found.notes.map(({ text }) => text) };
    } catch (error) {
      if (tries >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
