import { reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env, type ObjectNamespace, type ObjectStub } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Jurisdiction } from '../../../receiver/environment.ts';
import type { SqlDriver } from '../../../receiver/store/sqlite/driver.ts';
import { objectDriver } from '../../../receiver/store/sqlite/object-driver.ts';
import { SCHEMA_VERSION } from '../../../receiver/store/sqlite/schema.ts';
import { objectOf as objectFor, objectName } from '../../../receiver/worker/object-name.ts';
import { askToStandAside, standAside, takePlace, UnusedObjectError, WrongPlaceError } from '../../../receiver/worker/place.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { admin, alarmIn, ask, crash, objectOf, post, sql } from './worker-in-test.ts';

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** Works on the database of a real object that does nothing by itself. */
function inObject<T>(name: string, work: (driver: SqlDriver) => T | Promise<T>): Promise<T> {
  return runInDurableObject(env.BARE.getByName(name), (_object, { storage }) => work(objectDriver(storage)));
}

interface Use {
  readonly configured?: Jurisdiction;
  readonly sandbox?: boolean;
}

/**
 * A source's object in a jurisdiction, or in the default place, takes its place. workerd has no jurisdictions: each stands for one.
 * Resolves with the message of what it refuses, and what kind of refusal that is.
 */
async function use(own: Jurisdiction | undefined, { configured, sandbox = false }: Use = {}): Promise<unknown> {
  const reserve = (jurisdiction: Jurisdiction) => inObject('default', (driver) => standAside(driver, jurisdiction));
  return inObject(own ?? 'default', async (driver) => {
    try {
      await takePlace(driver, { sandbox, configured, own, reserve });
      return 'taken';
    } catch (error) {
      if (!(error instanceof WrongPlaceError)) throw error;
      return error instanceof UnusedObjectError ? 'unused' : error.message;
    }
  });
}

const storeSomething = (place: string) =>
  inObject(
    place,
    (driver) => void driver.run(`INSERT INTO rejected (received_at, source, status, reason, body) VALUES (1, 'default', 400, '', '')`),
  );

const REFUSED = {
  eu: {
    after: {
      none: expect.stringMatching(
        /^RELAY_JURISDICTION: is "eu", but this source was first used without it, .*: remove it, or deploy another/,
      ),
      us: expect.stringMatching(/^RELAY_JURISDICTION: is "eu", but this source was first used with "us", .*: set it to "us", or/),
    },
  },
  none: {
    after: {
      eu: expect.stringMatching(/^RELAY_JURISDICTION: is not set, but this source was first used with "eu", .*: set it to "eu", or/),
    },
  },
};

describe('RELAY_JURISDICTION', () => {
  test('chosen before the first use is where the data is, and no other place is used any more', async () => {
    expect(await use('eu', { configured: 'eu' })).toBe('taken');
    expect(await use('eu', { configured: 'eu' })).toBe('taken');
    await storeSomething('eu');

    expect(await use(undefined)).toEqual(REFUSED.none.after.eu);
    expect(await use('us', { configured: 'us' })).toEqual(
      expect.stringMatching(/^RELAY_JURISDICTION: is "us", but this source was first used with "eu"/),
    );
    // Its alarm, after the variable was removed or changed.
    expect(await use('eu')).toEqual(REFUSED.none.after.eu);
    expect(await use('eu', { configured: 'us' })).toEqual(expect.stringContaining('first used with "eu"'));
    expect(await use('eu', { configured: 'eu' })).toBe('taken');
  });

  test('is refused once something is stored without it, and nothing is lost', async () => {
    expect(await use(undefined)).toBe('taken');
    await storeSomething('default');

    expect(await use('eu', { configured: 'eu' })).toEqual(REFUSED.eu.after.none);
    // The alarm of what waits there.
    expect(await use(undefined, { configured: 'eu' })).toEqual(REFUSED.eu.after.none);
    expect(await use(undefined)).toBe('taken');
  });

  test('can still be chosen while nothing is stored: after a look at readyz, for example', async () => {
    expect(await use(undefined)).toBe('taken');
    expect(await use('eu', { configured: 'eu' })).toBe('taken');
    expect(await use(undefined)).toEqual(REFUSED.none.after.eu);
  });

  test('leaves an object alone that has nothing and is elsewhere', async () => {
    expect(await use(undefined, { configured: 'eu' })).toBe('unused');
    expect(await inObject('default', (driver) => driver.rows("SELECT name FROM sqlite_master WHERE name = 'events'"))).toEqual([]);
  });

  test('is refused while nobody can say where the data is', async () => {
    const reserve = () => Promise.reject(new Error('Network connection lost.'));
    await expect(inObject('eu', (driver) => takePlace(driver, { sandbox: false, configured: 'eu', own: 'eu', reserve }))).rejects.toThrow(
      'Network connection lost.',
    );
    expect(await inObject('eu', (driver) => driver.rows('SELECT * FROM purpose'))).toEqual([]);
  });

  test('keeps an older version of this program from storing in two places, too', async () => {
    await use('eu', { configured: 'eu' });
    // It knows nothing of jurisdictions: all it sees is a purpose that is not its own.
    const purpose = await inObject('default', (driver) => driver.rows('SELECT name FROM purpose'));
    expect(purpose).toEqual([{ name: 'elsewhere:eu' }]);
  });
});

describe('a sandbox', () => {
  test('has no object in common with a live receiver', async () => {
    expect(objectName('prod-eu', { sandbox: false })).toBe('prod-eu');
    expect(objectName('prod-eu', { sandbox: true })).toBe('sandbox:prod-eu');
  });

  test('and a live receiver never take over what the other has stored', async () => {
    await use(undefined, { sandbox: true });
    expect(await use(undefined)).toEqual(expect.stringMatching(/^this object has data of a sandbox, and RELAY_SANDBOX is not set/));
    expect(await use(undefined, { sandbox: true })).toBe('taken');
    await use('eu', { configured: 'eu' });
    expect(await use('eu', { configured: 'eu', sandbox: true })).toEqual(expect.stringMatching(/^RELAY_SANDBOX: is true, and this object/));
  });
});

describe('the object of a source', () => {
  test('is that of its name, in the jurisdiction that is configured', () => {
    const names: string[] = [];
    const namespace = (place: string): ObjectNamespace => ({
      jurisdiction: namespace,
      getByName: (name) => {
        names.push(`${place}/${name}`);
        return {} as ObjectStub;
      },
    });
    const choose = (sandbox: boolean, jurisdiction?: Jurisdiction) =>
      objectFor(namespace('anywhere'), 'prod', { sandbox, environment: { jurisdiction } });

    choose(false);
    choose(true);
    choose(false, 'us');
    choose(true, 'eu');
    expect(names).toEqual(['anywhere/prod', 'anywhere/sandbox:prod', 'us/prod', 'eu/sandbox:prod']);
  });

  test('stands aside when it is asked to and has nothing, even while it is a receiver', async () => {
    expect((await ask('/readyz')).status).toBe(200);

    expect(await askToStandAside(env.RELAY, 'default', 'eu')).toBeUndefined();

    expect((await admin('/status')).status).toBe(503);
    expect(await askToStandAside(env.RELAY, 'default', 'eu')).toBeUndefined();
    expect(await askToStandAside(env.RELAY, 'default', 'us')).toBe('eu');
    await expect(askToStandAside(env.RELAY, undefined, 'us')).rejects.toThrow(/which object/);
  });

  test('does not stand aside once it has stored an event', async () => {
    expect((await post(aliasBody('v1'))).status).toBe(202);

    expect(await askToStandAside(env.RELAY, 'default', 'eu')).toBe('default');

    expect((await post(aliasBody('v2'))).status).toBe(202);
  });

  test('says in the log why it is no receiver, in words of Workers, and sets no alarm for the data of a sandbox', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const reason = () => logged.mock.calls.map(([line]) => (JSON.parse(String(line)) as { error: string }).error).at(-1);
    await ask('/readyz');

    await sql('default', "UPDATE purpose SET name = 'sandbox'");
    await crash();
    expect((await admin('/status')).status).toBe(503);
    expect(reason()).toMatch(/^this object has data of a sandbox, .*"name" in wrangler\.jsonc$/);
    // One that was set before comes, and is the last.
    await runDurableObjectAlarm(objectOf());
    expect(await alarmIn()).toBeNull();

    await sql('default', `UPDATE schema_version SET version = ${SCHEMA_VERSION + 1000}`);
    await crash();
    expect((await admin('/status')).status).toBe(503);
    expect(reason()).toMatch(/was written by a newer version of wandb-relay, .*: deploy that version, or a newer one$/);
    expect(logged.mock.calls.flat().join()).not.toContain('DATABASE_URL');
    expect(await objectOf().standAside('eu').catch(String)).toMatch(/newer version/);
  });
});
