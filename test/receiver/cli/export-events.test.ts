import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ExportRecord, exportRecordSchema } from '../../../receiver/admin/export-record.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, claimOne, deliveryOf, eventOf, firingOf, MINUTE, succeed, T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const NOW = T0 + 30 * MINUTE;

/** An event of which everything is known, one without anything, and an event of today. */
async function withHistory() {
  const line = commandLine({}, {}, { now: () => NOW });
  const store = sqliteStore(openMigrated(join(line.cwd, 'relay.db')));
  const approval = { channel: '#ml', by: null, allowSelf: true, expiresMs: MINUTE, approvals: 2 };
  const event = { type: 'add_artifact_alias', source: 'default', author: 'ada', alias: 'production', collection: 'resnet' } as const;
  const held = deliveryOf('d1', { state: 'held' });
  await accept(store, eventOf('e1', { event, firings: [{ ...firingOf([held]), approval }] }));
  for (const [n, by] of ['ben', 'cleo'].entries())
    await store.decide({ eventId: 'e1', route: 'deploy', decision: 'approved', by, reason: `reason ${n}`, at: T0 + n });
  const claimed = await claimOne(store, T0 + 5);
  await succeed(store, claimed, T0 + 6);
  await accept(store, eventOf('e2', { subject: 'other', at: T0 + 20 * MINUTE, deliveries: [] }));
  const seen = { ...event, entity: 'acme', project: 'wandb-registry-model', version: 'v3' } as const;
  await store.correctAlias({ event: { ...seen, artifact: 'acme/wandb-registry-model/resnet:v3' }, at: T0 + MINUTE });
  await store.mute({ route: 'deploy', subjectKey: 'model', until: NOW + MINUTE, by: 'ada' }, 'e1', T0);
  await store.pause({ scope: { kind: 'route', name: 'deploy' }, by: 'ben', at: T0, reason: 'an outage' });
  await store.close();
  return line;
}

function linesOf(text: string): ExportRecord[] {
  return text
    .trim()
    .split('\n')
    .map((line) => exportRecordSchema.parse(JSON.parse(line)));
}

describe('export-events', () => {
  test('says in words that there is nothing', async () => {
    const line = commandLine({});
    await sqliteStore(openMigrated(join(line.cwd, 'relay.db'))).close();
    const nothing = 'in this time there is no event and no change of an alias, and nothing is muted or paused\n';
    expect(await line.run('export-events')).toMatchObject({ code: 0, out: '', complaints: `export-events: ${nothing}` });
    expect(await line.run('export-events', '--out', 'a.jsonl')).toMatchObject({ code: 0, out: `a.jsonl: 0 lines: ${nothing}` });
  });

  test('writes a line for each event, oldest first, then the ledger, mutes and pauses', async () => {
    const { run } = await withHistory();
    const { code, out, complaints } = await run('export-events');
    expect([code, complaints]).toEqual([0, '']);
    const lines = linesOf(out);
    expect(lines.map((line) => ('id' in line ? line.id : line.kind))).toEqual(['e1', 'e2', 'promotion', 'mute', 'pause']);
    expect(lines[0]).toMatchObject({
      author: 'ada',
      alias: 'production',
      receivedAt: '2026-01-01T00:00:00.000Z',
      decisions: [{ route: 'deploy', decision: 'approved', by: 'ben, cleo', votes: [{ by: 'ben', reason: 'reason 0' }, { by: 'cleo' }] }],
      deliveries: [
        {
          state: 'delivered',
          target: 'repository_dispatch:acme/deploy',
          changes: [
            { what: 'approved', by: 'ben' },
            { what: 'approved', by: 'cleo', text: 'approved by cleo: reason 1' },
          ],
        },
      ],
    });
    expect(lines.slice(2)).toMatchObject([
      { kind: 'promotion', collection: 'resnet', alias: 'production', version: 'v3', by: 'ada', origin: 'api' },
      { kind: 'mute', by: 'ada', route: 'deploy' },
      { kind: 'pause', by: 'ben', scope: 'route', name: 'deploy', reason: 'an outage' },
    ]);
  });

  test.each([
    [['--since', '15m'], ['e2']],
    [['--since', '2026-01-01', '--until', '2026-01-01T00:10'], ['e1']],
    [['--since', '2026-01-01T01:00+01:00', '--until', '20m'], ['e1']],
    [['--since', '2026-01-02'], []],
  ])('%j', async (words, ids) => {
    const { run } = await withHistory();
    const lines = linesOf((await run('export-events', ...words)).out);
    expect(lines.flatMap((line) => (line.kind === 'event' ? [line.id] : []))).toEqual(ids);
  });

  test('writes a file for its owner only, and replaces none', async () => {
    const { run, cwd } = await withHistory();
    // What somebody has put where a part of it might be written stays as it is.
    writeFileSync(join(cwd, 'victim'), 'precious');
    symlinkSync(join(cwd, 'victim'), join(cwd, 'audit.jsonl.part'));
    expect((await run('export-events', '--out', 'audit.jsonl')).out).toBe('audit.jsonl: 5 lines\n');
    expect(readFileSync(join(cwd, 'victim'), 'utf8')).toBe('precious');
    const file = join(cwd, 'audit.jsonl');
    expect([linesOf(readFileSync(file, 'utf8')).length, (statSync(file).mode & 0o777).toString(8)]).toEqual([5, '600']);
    writeFileSync(file, 'mine');
    expect((await run('export-events', '--out', 'audit.jsonl')).complaints).toBe('audit.jsonl: it exists already: name another file\n');
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('says what is wrong with a time', async () => {
    const { run } = await withHistory();
    for (const text of ['yesterday', '2026-13-01', '30'])
      expect((await run('export-events', '--since', text)).complaints).toBe(
        `--since: "${text}" is neither a duration, such as 30d, nor a date, such as 2026-11-01\n`,
      );
  });

  test('has a JSON Schema', async () => {
    const { run } = commandLine();
    expect(JSON.parse((await run('schema', 'export-events')).out)).toMatchObject({ title: 'a line of wandb-relay export-events' });
    expect((await run('schema', 'x')).complaints).toBe('schema: "x" is none of config, client-payload and export-events\n');
  });
});
