import type { ObjectNamespace } from 'cloudflare:workers';
import { JURISDICTIONS, type Jurisdiction } from '../environment.ts';
import { NewerSchemaError } from '../store/schema-version.ts';
import { firstRow, type SqlDriver } from '../store/sqlite/driver.ts';
import { claimPurpose, migrate } from '../store/sqlite/schema.ts';

/**
 * Where a source's data is: in one object, and never in two. Without RELAY_JURISDICTION the object is in the default place. With
 * it the object is in that jurisdiction, and the object of the same name in the default place is the arbiter: it says whether it
 * has data itself, else it notes for which jurisdiction it stands aside. From then on it never becomes a receiver, nor does it
 * under an older version of this program: the note takes the place of the database's purpose.
 */
const ASIDE = 'elsewhere:';

/** Where the data of a source already is: in a jurisdiction, or in the default place. */
export type FirstPlace = Jurisdiction | 'default';

export interface Place {
  readonly sandbox: boolean;
  /** RELAY_JURISDICTION. */
  readonly configured: Jurisdiction | undefined;
  /** The jurisdiction in which this object is, as the runtime says. */
  readonly own: string | null | undefined;
  /** Asks the object of the same name in the default place to stand aside; `undefined`: it does. */
  readonly reserve: (jurisdiction: Jurisdiction) => Promise<FirstPlace | undefined>;
}

/** This object must not be a receiver now. The message says what to change. */
export class WrongPlaceError extends Error {
  /** Nothing real waits in the object, so it needs no alarm. */
  readonly isAtRest: boolean = false;
}

/** What a sandbox has stored, while the Worker is no sandbox. */
export class SandboxAtRestError extends WrongPlaceError {
  override readonly isAtRest = true;
}

/** The object has nothing: it was only asked to stand aside. There is nothing to report. */
export class UnusedObjectError extends WrongPlaceError {
  override readonly isAtRest = true;
}

/**
 * Brings the database of an object to this program's schema, and makes sure that the object is the one to be used.
 *
 * @throws WrongPlaceError
 */
export async function takePlace(driver: SqlDriver, { sandbox, configured, own, reserve }: Place): Promise<void> {
  const here = JURISDICTIONS.find((one) => one === own);
  if (here !== configured) {
    if (!hasData(driver)) throw new UnusedObjectError('this object is not where RELAY_JURISDICTION says, and has no data');
    throw new WrongPlaceError(elsewhere(configured, here ?? 'default'));
  }
  migrateOnWorkers(driver);
  const purpose = purposeOf(driver);
  const aside = standsAsideFor(purpose);
  if (aside !== undefined) throw new WrongPlaceError(elsewhere(configured, aside));
  if (purpose === undefined && configured !== undefined) {
    const first = await reserve(configured);
    if (first !== undefined) throw new WrongPlaceError(elsewhere(configured, first));
  }
  const wanted = sandbox ? 'sandbox' : 'live';
  if (purpose !== undefined && purpose !== wanted) throw sandbox ? liveData() : sandboxData();
  claimPurpose(driver, wanted);
}

/**
 * For the object in the default place: stands aside for a jurisdiction, unless it has data, or already stands aside for another.
 *
 * @returns where the data is instead, or `undefined`
 */
export function standAside(driver: SqlDriver, jurisdiction: Jurisdiction): FirstPlace | undefined {
  migrateOnWorkers(driver);
  return driver.transaction(() => {
    const aside = standsAsideFor(purposeOf(driver));
    if (aside !== undefined) return aside === jurisdiction ? undefined : aside;
    if (hasData(driver)) return 'default';
    driver.run('DELETE FROM purpose');
    driver.run('INSERT INTO purpose VALUES (?)', `${ASIDE}${jurisdiction}`);
    return undefined;
  });
}

/**
 * Asks the object of a name in the default place to stand aside.
 *
 * @throws when it does not answer; then nobody knows where the data is
 */
export async function askToStandAside(
  objects: ObjectNamespace,
  name: string | undefined,
  jurisdiction: Jurisdiction,
): Promise<FirstPlace | undefined> {
  if (name === undefined) throw new Error('the runtime does not say which object this is: the next request will');
  const ask = () => objects.getByName(name).standAside(jurisdiction);
  try {
    return await ask();
  } catch {
    // One that was a receiver ends while it stands aside.
    return await ask();
  }
}

function migrateOnWorkers(driver: SqlDriver): void {
  try {
    migrate(driver);
  } catch (cause) {
    if (!(cause instanceof NewerSchemaError)) throw cause;
    const message =
      'the data of this source was written by a newer version of wandb-relay, which this one cannot read: deploy that version, or a newer one';
    throw new WrongPlaceError(message, { cause });
  }
}

function purposeOf(driver: SqlDriver): string | undefined {
  return firstRow<{ name: string }>(driver, 'SELECT name FROM purpose')?.name;
}

function standsAsideFor(purpose: string | undefined): Jurisdiction | undefined {
  if (purpose === undefined || !purpose.startsWith(ASIDE)) return undefined;
  return JURISDICTIONS.find((one) => one === purpose.slice(ASIDE.length));
}

/** An object that was only asked whether it is ready has a database, and nothing in it. */
function hasData(driver: SqlDriver): boolean {
  const tables = driver.rows<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name);
  return ['events', 'deliveries', 'rejected', 'promotions'].some(
    (table) => tables.includes(table) && driver.rows(`SELECT 1 FROM ${table} LIMIT 1`).length > 0,
  );
}

function elsewhere(configured: Jurisdiction | undefined, first: FirstPlace): string {
  const is = configured === undefined ? 'is not set' : `is "${configured}"`;
  const was = first === 'default' ? 'without it' : `with "${first}"`;
  const back = first === 'default' ? 'remove it' : `set it to "${first}"`;
  return `RELAY_JURISDICTION: ${is}, but this source was first used ${was}, and its data cannot move: ${back}, or deploy another Worker (another "name" in wrangler.jsonc) for new data`;
}

function liveData(): WrongPlaceError {
  return new WrongPlaceError(
    'RELAY_SANDBOX: is true, and this object is that of the live receiver: what waits in it is sent once RELAY_SANDBOX is removed',
  );
}

function sandboxData(): SandboxAtRestError {
  return new SandboxAtRestError(
    'this object has data of a sandbox, and RELAY_SANDBOX is not set, so nothing in it is sent. If it is named like the source, an older version of wandb-relay made it: on your machine delete .wrangler/state; on Cloudflare use another source, or another "name" in wrangler.jsonc',
  );
}
