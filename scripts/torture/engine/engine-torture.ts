import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { startPostgres } from '../../../test/stand-ins/postgres.ts';
import { STORE_KINDS, type StoreKind } from '../options.ts';
import { seeded } from '../seeded.ts';
import { type EngineAccount, engineRun } from './engine-run.ts';

export const ENGINE_USAGE = `npm run torture -- --engine [--short] [--store sqlite|postgres|both] [--seed N] [--runs N] [--parts N] [--watchers N]
                   (of --watchers, default 3, a SQLite file has one)`;

interface EngineTorture {
  readonly stores: readonly StoreKind[];
  readonly seed: number;
  readonly runs: number;
  readonly parts: number;
  readonly watchers: number;
}

const FORMS = { long: { runs: 60, parts: 60 }, short: { runs: 8, parts: 8 } } as const;
/** The whole of it takes no longer. Milliseconds. */
const LIMIT_MS = 60 * 60_000;

/** @throws an error whose message says which option is wrong */
export function readEngineOptions(words: readonly string[], newSeed: () => number): EngineTorture {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const options = { engine: flag, short: flag, store: { ...text, default: 'both' }, seed: text, runs: text, parts: text, watchers: text };
  const { values } = parseArgs({ args: [...words], options });
  const stores = STORE_KINDS.filter((kind) => values.store === 'both' || values.store === kind);
  if (stores.length === 0) throw new Error(`--store: "${values.store}" is none of sqlite, postgres, both`);
  const form = FORMS[values.short ? 'short' : 'long'];
  const whole = (name: 'seed' | 'runs' | 'parts' | 'watchers', otherwise: number): number => {
    const number = Number(values[name] ?? otherwise);
    if (!Number.isInteger(number) || number < 1) throw new Error(`--${name}: "${values[name]}" is not a whole number from 1`);
    return number;
  };
  return {
    stores,
    seed: whole('seed', newSeed() + 1),
    runs: whole('runs', form.runs),
    parts: whole('parts', form.parts),
    watchers: whole('watchers', 3),
  };
}

/** Kills watchers while runs go on, and counts what fired: each firing once. Returns whether it was so. */
export async function engineTorture(options: EngineTorture, say: (who: string, line: string) => void): Promise<boolean> {
  say('engine', `seed ${options.seed}: ${options.runs} runs on each of ${options.stores.join(', ')}`);
  const results = await Promise.all(options.stores.map((kind) => onStore(kind, options)));
  for (const [i, account] of results.entries()) {
    const { fired, kills, stops, freezes, faults, missing, surplus } = account;
    say(
      options.stores[i] ?? '',
      `${fired} firings; ${kills} kills, ${stops} stops, ${freezes} freezes, ${faults} faults of W&B; ${missing.length} missing, ${surplus.length} too many`,
    );
    for (const firing of missing) say('missing', firing);
    for (const firing of surplus) say('too many', firing);
    if (missing.length + surplus.length > 0) for (const line of account.complaints) say('watcher', line.trimEnd());
  }
  const passed = results.every(({ missing, surplus }) => missing.length + surplus.length === 0);
  say('engine', passed ? 'every firing came once' : `BROKEN; run it again with --seed ${options.seed}`);
  return passed;
}

async function onStore(kind: StoreKind, { seed, runs, parts, watchers }: EngineTorture): Promise<EngineAccount> {
  const common = { dice: seeded(seed), runs, parts, pauseMs: 500, limitMs: LIMIT_MS };
  if (kind === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-engine-'));
    const path = join(folder, 'relay.db');
    const store = sqliteStore(openSqlite(path));
    try {
      return await engineRun({ ...common, databaseUrl: `file:${path}`, store, watchers: 1 });
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const server = await startPostgres();
  const store = await openPostgres(server.url, { purpose: 'live', warn: () => undefined });
  try {
    return await engineRun({ ...common, databaseUrl: server.url, store, watchers });
  } finally {
    await store.close();
    await server.remove();
  }
}
