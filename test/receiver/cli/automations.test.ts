import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StyledLine } from '../../../receiver/cli/styled.ts';
import { aboutRule, type RuleDetail } from '../../../receiver/engine/rule-detail.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Condition, Rule } from '../../../src/engine/rule.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { advance, lease, ruleOf } from '../store/engine-samples.ts';
import { MINUTE, SECOND, T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const LOSS: Condition = { kind: 'threshold', metric: 'loss', aggregate: 'average', window: 5, comparison: 'above', threshold: 8 };
const JUMP: Condition = {
  kind: 'change',
  metric: 'loss',
  aggregate: undefined,
  window: 1,
  priorWindow: 1,
  comparison: 'increases_by',
  amount: { kind: 'relative', fraction: 0.25 },
};
const CRASHED: Condition = { kind: 'state', states: ['crashed'], graceMs: 10 * MINUTE, longerThanMs: 0 };

/** What the watcher remembers of a rule. */
function rule(name: string, condition: Condition, detail: RuleDetail = {}, more: Partial<Parameters<typeof ruleOf>[1]> = {}) {
  const about: Rule = {
    key: `key of ${name}`,
    version: '1',
    name,
    type: 'run_metric',
    entity: 'acme',
    project: 'train',
    engine: 'relay',
    runs: undefined,
    condition,
    refireMs: 'never',
    forPoints: 1,
    resolve: false,
    dryRun: detail.dry !== undefined,
  };
  return ruleOf(about.key, { detail: JSON.parse(JSON.stringify({ ...aboutRule(about), ...detail })), ...more });
}

const run = (name: string) => ({ run: `id-of-${name}`, display_name: name });

/** Lines of the command, cut into cells. */
async function shown(fill: (store: Store) => Promise<void>, now = T0 + 12 * SECOND, ...flags: string[]) {
  const plain = commandLine({}, {}, { now: () => now });
  const store = sqliteStore(openMigrated(join(plain.cwd, 'relay.db')));
  await fill(store);
  await store.close();
  const { out, code } = await plain.run('automations', ...flags);
  expect(code).toBe(0);
  return {
    out,
    lines: out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  };
}

describe('wandb-relay automations', () => {
  it('says of each when it was evaluated, when it fired, and the current value against its limit', async () => {
    const { lines } = await shown(async (store) => {
      await lease(store);
      await advance(store, {
        rules: [
          rule(
            'loss-too-high',
            LOSS,
            {
              runs: 3,
              logged: true,
              current: { ...run('train-79'), value: 7.204, at: T0, met: false },
              last: { ...run('train-78'), at: T0 - MINUTE, step: 40, value: 9.1 },
            },
            { lastFiredAt: T0 - MINUTE },
          ),
          rule('jump', JUMP, { runs: 1, logged: true, current: { ...run('train-80'), value: 0.31, at: T0, met: true } }),
          rule('never', { ...LOSS, metric: 'val/loss' }, { runs: 2, logged: false }),
          rule('crash', CRASHED, { runs: 2 }),
          rule('nan', LOSS, { runs: 1, logged: true, current: { ...run('x'), value: 'NaN', at: T0, met: false } }),
          rule('filling', LOSS, { runs: 1, logged: true }),
          rule('idle', LOSS, { runs: 0, logged: true }),
          rule('over', LOSS, { runs: 0, logged: true, current: { ...run('train-9'), value: 9.1, at: T0, met: true } }),
        ],
      });
    });

    expect(lines).toEqual([
      ['AUTOMATION', 'PROJECT', 'EVALUATED', 'LAST FIRED (UTC)', 'NOW', 'CONDITION', 'RUNS'],
      ['crash', 'acme/train', '12 s ago', 'never', 'run crashed, for 10m', '2'],
      ['filling', 'acme/train', '12 s ago', 'never', 'too few values yet', 'average of 5 values of loss above 8', '1'],
      ['idle', 'acme/train', '12 s ago', 'never', 'no run goes on', 'average of 5 values of loss above 8', '0'],
      ['jump', 'acme/train', '12 s ago', 'never', '+31 % in train-80: met', 'loss increases by at least 25 %', '1'],
      [
        'loss-too-high',
        'acme/train',
        '12 s ago',
        '2025-12-31 23:59:00, train-78 (9.10)',
        '7.20 in train-79',
        'average of 5 values of loss above 8',
        '3',
      ],
      ['nan', 'acme/train', '12 s ago', 'never', 'NaN in x', 'average of 5 values of loss above 8', '1'],
      ['never', 'acme/train', '12 s ago', 'never', 'its metric was never logged', 'average of 5 values of val/loss above 8', '2'],
      ['over', 'acme/train', '12 s ago', 'never', 'no run goes on; last: 9.10 in train-9', 'average of 5 values of loss above 8', '0'],
    ]);
  });

  it('lists what a dry run would have sent, the newest first', async () => {
    const { out } = await shown(async (store) => {
      await lease(store);
      const dry = [
        { ...run('train-1'), at: T0 - MINUTE, step: 1200, value: 9.1 },
        { ...run('train-2'), at: T0, step: 7, value: 12_345.6 },
        { ...run('train-2'), at: T0 + SECOND, resolved: true as const },
      ];
      await advance(store, { rules: [rule('trial', LOSS, { runs: 2, logged: true, dry })] });
    });

    expect(out).toMatch(/^trial \(dry run\) /m);
    expect(
      out
        .split('\n\n')[1]
        ?.split('\n')
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['WOULD HAVE FIRED (UTC)', 'AUTOMATION', 'PROJECT', 'RUN', 'STEP', 'VALUE'],
      ['2026-01-01 00:00:01', 'trial', 'acme/train', 'train-2', 'ended'],
      ['2026-01-01 00:00:00', 'trial', 'acme/train', 'train-2', '7', '12,345.6'],
      ['2025-12-31 23:59:00', 'trial', 'acme/train', 'train-1', '1200', '9.10'],
      [''],
    ]);
  });

  it('says which projects are behind, and why', async () => {
    const fill = async (store: Store) => {
      for (const project of ['acme/a', 'acme/b', 'acme/c']) await lease(store, T0, 'me', project);
      await advance(store, { rules: [rule('x', LOSS)] }, 'acme/a');
      await advance(store, { readAt: T0 - 4 * MINUTE, problem: 'W&B answered 502' }, 'acme/b');
      await advance(store, { readAt: null, problem: 'W&B has no project acme/c' }, 'acme/c');
    };

    expect((await shown(fill)).out.split('\n\n')[1]).toBe(
      'acme/b was last read 4 min 12 s ago: W&B answered 502\nacme/c was never read: W&B has no project acme/c\n',
    );
    expect((await shown(fill, T0 + MINUTE)).out).toContain('\nacme/a was last read 1 min ago\n');
  });

  it('says that nothing was evaluated yet', async () => {
    expect((await shown(async () => undefined)).out).toBe(
      'No automation with "engine: relay" was evaluated yet. W&B evaluates all others itself.\n',
    );
  });

  it('shows what W&B calls a run so that it cannot move the text around it', async () => {
    const { lines } = await shown(async (store) => {
      await lease(store);
      const name = `\u001b[31mred\n${'x'.repeat(99)}`;
      const current = { run: 'abc', display_name: name, value: 9, at: T0, met: true };
      await advance(store, { problem: 'a\u001b[2Jb', rules: [rule('a\u202eb', LOSS, { runs: 1, logged: true, current })] });
    });

    expect(lines[1]).toMatchObject({ 0: 'a\\u202eb', 4: `9 in \\u001b[31mred\\u000a${'x'.repeat(30)}…: met` });
    expect(lines.at(-1)?.[0]).toContain('a\\u001b[2Jb');
  });

  it('is coloured where a terminal shows colours: what is met, what is never logged', async () => {
    const styled: StyledLine[] = [];
    const { cwd, run: command } = commandLine({}, {}, { now: () => T0, printStyled: (lines) => void styled.push(...lines) });
    const store = sqliteStore(openMigrated(join(cwd, 'relay.db')));
    await lease(store);
    const current = { ...run('train-80'), value: 9, at: T0, met: true };
    await advance(store, {
      rules: [rule('a', LOSS, { runs: 1, logged: true, current }), rule('b', LOSS, { logged: false }), rule('c', LOSS)],
    });
    await store.close();

    expect((await command('automations')).out).toBe('');
    expect(styled.map(([first]) => first?.style)).toEqual(['bold', 'red', 'yellow', undefined]);
  });

  it('gives the same as JSON, and survives what another version stored', async () => {
    const { out } = await shown(
      async (store) => {
        await lease(store);
        await advance(store, {
          rules: [
            rule('jump', JUMP, { runs: 1, logged: true, current: { ...run('a'), value: 'Infinity', at: T0, met: true } }),
            ruleOf('strange', { detail: { name: 7, condition: { kind: 'cosmic' }, current: 'x', dry: [1], runs: null } }),
          ],
        });
      },
      T0,
      '--json',
    );

    expect(JSON.parse(out)).toEqual({
      automations: [
        {
          name: 'jump',
          project: 'acme/train',
          event: 'run_metric',
          condition: 'loss increases by at least 25 %',
          dryRun: false,
          firstSeenAt: T0,
          lastEvaluatedAt: T0,
          lastFiredAt: null,
          lastFiring: null,
          current: { run: 'id-of-a', displayName: 'a', value: 'Infinity', shown: 'Infinity', at: T0, isMet: true },
          metricLogged: true,
          runs: 1,
          dryFirings: [],
        },
        {
          name: 'strange',
          project: 'acme/train',
          event: null,
          condition: null,
          dryRun: false,
          firstSeenAt: T0,
          lastEvaluatedAt: T0,
          lastFiredAt: null,
          lastFiring: null,
          current: null,
          metricLogged: null,
          runs: 0,
          dryFirings: [],
        },
      ],
      projects: [{ project: 'acme/train', readAt: T0, problem: null }],
    });
  });
});
