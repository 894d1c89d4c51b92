import { describe, expect, it } from 'vitest';
import { makePlan } from '../../../src/plan/plan.ts';
import { planMarkdown } from '../../../src/plan/plan-comment.ts';
import { planJson } from '../../../src/plan/plan-json.ts';
import { planLines } from '../../../src/plan/plan-report.ts';
import { planRoutes } from '../../../src/plan/route-plan.ts';
import { configOf } from './plan-samples.ts';

const COMMIT = 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678';
const OPTIONS = { repository: 'acme/models', namespace: 'n', prune: false, maxDeletes: 3, entity: 'acme', organizations: [] };

interface Parts {
  readonly name?: string;
  readonly scope?: string;
  readonly event?: string;
  readonly more?: string;
  readonly to?: string;
}

const CRASHED = 'run_state: { states: [crashed], grace: 10m }';
const automation = ({ name = 'one', scope = '{ project: train }', event = CRASHED, more = ', engine: relay', to = '#a' }: Parts = {}) =>
  `  - { name: ${name}, scope: ${scope}, event: { ${event} }${more}, action: { relay: { to: [{ slack: { channel: "${to}" } }] } } }\n`;
const config = (...automations: string[]) =>
  configOf(automations.length === 0 ? 'automations: []\n' : `automations:\n${automations.join('')}`);

function planOf(after: ReturnType<typeof config>, before: ReturnType<typeof config> | undefined) {
  return makePlan([], [], OPTIONS, planRoutes(after, { config: before, commit: COMMIT }));
}

const changesOf = (after: string[], before: string[]) =>
  planOf(config(...after), config(...before)).routes.evaluated.changes.map(({ action, name, because, fields }) => ({
    action,
    name,
    ...(because === undefined ? {} : { because }),
    ...(action === 'update' ? { fields: fields.map((one) => [one.path, one.before, one.after]) } : {}),
  }));

describe('automations that the relay evaluates', () => {
  it('are unchanged when the base has them', () => {
    const plan = planOf(config(automation()), config(automation()));
    expect(plan.routes.evaluated).toEqual({ changes: [], unchanged: 1, notCompared: 0 });
    expect(planLines(plan).at(-1)).toBe('No changes; 0 as defined; evaluated by the relay: 1 unchanged.');
  });

  it('are compared in the words of the config, durations as they are written, whatever default is written out', () => {
    expect(
      changesOf(
        [
          automation({
            event: 'run_state: { states: [crashed, killed], grace: 5m }',
            more: ', engine: relay, refire: never, resolve: true',
          }),
        ],
        [automation()],
      ),
    ).toEqual([
      {
        action: 'update',
        name: 'one',
        fields: [
          ['refire', undefined, 'never'],
          ['resolve', undefined, true],
          ['event.run_state.states', ['crashed'], ['crashed', 'killed']],
          ['event.run_state.grace', '10m', '5m'],
        ],
      },
    ]);
    const explicit = ', engine: relay, refire: 24h, for_points: 1, resolve: false, dry_run: false, enabled: true';
    const zscore = (over: string) => `run_metric_zscore: { metric: x, threshold: 3, direction: above${over} }`;
    expect(
      changesOf([automation({ event: zscore(', window: 30, over: values'), more: explicit })], [automation({ event: zscore('') })]),
    ).toEqual([]);
  });

  it('are new, removed, renamed and in another scope', () => {
    expect(changesOf([automation(), automation({ name: 'two' })], [automation()])).toEqual([{ action: 'create', name: 'two' }]);
    expect(changesOf([], [automation()])).toEqual([{ action: 'delete', name: 'one' }]);
    expect(changesOf([automation({ name: 'new', more: ', engine: relay, moved_from: one' })], [automation()])).toEqual([
      { action: 'update', name: 'new', fields: [['name', 'one', 'new']] },
    ]);
    expect(changesOf([automation({ scope: '{ team: acme }' })], [automation()])).toEqual([
      { action: 'update', name: 'one', fields: [['scope', 'project train', 'team acme']] },
    ]);
  });

  it('say so when W&B evaluated them before, or does from now on', () => {
    const failed = { event: 'run_state: { states: [failed] }' };
    expect(changesOf([automation(failed)], [automation({ ...failed, more: '' })])).toEqual([
      { action: 'create', name: 'one', because: 'evaluated by W&B until now' },
    ]);
    expect(changesOf([automation({ ...failed, more: '' })], [automation(failed)])).toEqual([
      { action: 'delete', name: 'one', because: 'evaluated by W&B from now on' },
    ]);
  });

  it('are shown with their routes as one thing, in a terminal', () => {
    const plan = planOf(
      config(automation({ event: 'run_state: { states: [crashed], grace: 5m }', to: '#b' }), automation({ name: 'two', to: '#a' })),
      config(automation()),
    );
    expect(planLines(plan)).toEqual([
      '~ one (project train): evaluated by the relay',
      '    event.run_state.grace: 10m → 5m',
      '    action.relay.to[0].slack.channel: "#a" → "#b"',
      '    The receiver evaluates it: takes effect when the receiver loads this config.',
      '+ two (project train): evaluated by the relay',
      '    engine: relay',
      '    event: { run_state: { states: [crashed], grace: 10m } }',
      '    action: { relay: { to: [{ slack: { channel: "#a" } }] } }',
      '    The receiver evaluates it: takes effect when the receiver loads this config.',
      '',
      'No changes in W&B, 0 as defined; 2 routes change in the receiver; evaluated by the relay: 1 new, 1 changed.',
    ]);
  });

  it('are shown in the comment on a pull request, and in JSON', () => {
    const plan = planOf(config(automation({ name: 'two' })), config(automation()));
    const text = planMarkdown(plan, {
      mark: '',
      namespace: 'n',
      baseUrl: 'https://api.wandb.ai',
      limit: 60_000,
      rest: '',
      commit: undefined,
      runUrl: '',
      now: 0,
      lineUrl: () => undefined,
      drift: [],
      warnings: [],
      unreadable: [],
    });
    expect(text).toContain('` one ` is no longer evaluated by the relay.');
    expect(text).toContain('➕ <b><code>two</code></b> · <code>project train</code> · evaluated by the relay · line 4');
    expect(text).toContain('+ event: { run_state: { states: [crashed], grace: 10m } }'.slice(2));
    const json = planJson(plan, { namespace: 'n', baseUrl: 'https://api.wandb.ai', unreadable: [], warnings: [] });
    expect(json.evaluated_by_relay).toMatchObject({
      changes: [
        { action: 'create', key: 'two', name: 'two', scope: 'project train', url: expect.stringContaining('acme/train') },
        { action: 'delete', key: 'one', definition: { engine: 'relay' } },
      ],
      unchanged: 0,
    });
    expect(JSON.stringify(json)).not.toContain('location');
  });

  it('count for the fingerprint, whatever the base is', () => {
    const fingerprint = (after: string, before?: string) =>
      planOf(config(after), before === undefined ? undefined : config(before)).fingerprint;
    expect(fingerprint(automation())).toBe(fingerprint(automation(), automation({ to: '#b' })));
    expect(fingerprint(automation({ more: ', engine: relay, refire: 1h' }))).not.toBe(fingerprint(automation()));
  });

  it('are counted when the base is unknown', () => {
    const plan = makePlan([], [], OPTIONS, planRoutes(config(automation()), { unknown: 'no base was named' }));
    expect(planLines(plan)).toEqual([
      '* routes are not compared: no base was named',
      '',
      'No changes; 0 as defined; evaluated by the relay: 1, not compared.',
    ]);
  });
});
