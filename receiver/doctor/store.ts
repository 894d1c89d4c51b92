import { durationWords } from '../../src/lib/duration.ts';
import { type GaugeSources, readGauges } from '../metrics/gauges.ts';
import { skippedWords } from '../unrouted-words.ts';
import { type Check, checksOf } from './check.ts';

export interface StoreState {
  readonly store: GaugeSources['store'];
  /** The file's path, or the server's address without its password. */
  readonly name: string;
  /** Free space where the file is, in bytes; `undefined`: it is not known. */
  readonly free: number | undefined;
  readonly now: number;
}

/** Below this much free space SQLite soon cannot write. Bytes. */
const LITTLE = 500 * 1024 * 1024;
/** What waits for so long waits for something. Milliseconds. */
const LONG_MS = 15 * 60_000;

/** Whether the store answers, and what in it waits for a person. */
export async function checkStore({ store, name, free, now }: StoreState): Promise<Check[]> {
  const check = checksOf('store', name);
  const { undelivered, oldestAt, pauses } = await readGauges({ store }, now);
  const { skipped, reason = '' } = await store.backlog();
  const count = (...states: string[]) =>
    undelivered.filter(({ state }) => states.includes(state)).reduce((sum, { count: n }) => sum + n, 0);
  const [waiting, failed, held] = [count('pending', 'in_flight'), count('dead'), count('held')];
  const checks = [check('ok', `answers; ${waiting} to be sent, ${held} awaiting approval`)];
  if (failed > 0)
    checks.push(check('warning', `${failed} failed: look at them with wandb-relay deliveries --state dead, then replay or cancel`));
  if (skipped > 0) checks.push(check('warning', `holds what was not sent: ${skippedWords(skipped, reason)}`));
  if (oldestAt !== undefined && now - oldestAt > LONG_MS)
    checks.push(
      check('warning', `something waits for ${durationWords(now - oldestAt)} to be sent: wandb-relay deliveries --state pending says why`),
    );
  if (pauses > 0) checks.push(check('warning', `sending is paused: wandb-relay resume goes on`));
  if (free !== undefined && free < LITTLE)
    checks.push(check('problem', `only ${Math.floor(free / 1024 / 1024)} MB are free on its disk: make room`));
  return checks;
}
