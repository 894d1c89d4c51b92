import { describe, expect, it } from 'vitest';
import type { LiveTrigger } from '../../../src/automation/trigger.ts';
import { appliedText } from '../../../src/plan/applied-report.ts';
import { commentMark, withResult } from '../../../src/plan/comment-mark.ts';
import type { DesiredTrigger } from '../../../src/plan/desired-trigger.ts';
import { findDrift } from '../../../src/plan/drift.ts';
import { makePlan } from '../../../src/plan/plan.ts';
import { COMMENT_LIMIT, type PlanPage, planMarkdown } from '../../../src/plan/plan-comment.ts';
import { planJson, planJsonWithin } from '../../../src/plan/plan-json.ts';
import { planRoutes } from '../../../src/plan/route-plan.ts';
import { definedOf, liveOf } from './plan-samples.ts';

const OPTIONS = {
  repository: 'acme/models',
  namespace: 'wandb-relay.yaml',
  prune: true,
  maxDeletes: 1000,
  allowDeleteMajority: true,
  entity: 'acme',
  organizations: [],
};
const NO_ROUTES = planRoutes({ automations: [], routes: [] }, { unknown: '' });
const MARK = '[wandb-relay/2 acme/models wandb-relay.yaml one 00000000]';

const page = (more: Partial<PlanPage> = {}): PlanPage => ({
  mark: commentMark({ namespace: 'wandb-relay.yaml', baseUrl: 'https://api.wandb.ai', key: '' }),
  namespace: 'wandb-relay.yaml',
  baseUrl: 'https://api.wandb.ai',
  limit: COMMENT_LIMIT,
  rest: 'see the plan file',
  commit: 'a1b2c3d4e5f6',
  runUrl: 'https://github.example/run/1',
  now: Date.UTC(2026, 10, 26, 10, 2),
  lineUrl: ({ line }) => `https://github.example/blob/a1/wandb-relay.yaml#L${line}`,
  drift: [],
  warnings: [],
  unreadable: [],
  ...more,
});

function desiredOf(fields: string, more: Partial<DesiredTrigger> = {}): DesiredTrigger {
  const defined = definedOf(fields);
  return {
    ...defined,
    key: 'one',
    movedFrom: undefined,
    adopt: false,
    location: { file: 'wandb-relay.yaml', line: 21, column: 5 },
    ...more,
  };
}

const named = (desired: DesiredTrigger, name: string): DesiredTrigger => ({ ...desired, key: name, input: { ...desired.input, name } });
const ABOVE = (value: number) => `event: { run_metric: { metric: acc, above: ${value} } }, action: { no_op: {} }`;
const marked = (fields: string, more: Partial<LiveTrigger> = {}): LiveTrigger => liveOf(definedOf(fields), { description: MARK, ...more });

describe('the comment', () => {
  it('has a part for each automation: what differs, the line, the page in W&B, the run, the time and the fingerprint', () => {
    const plan = makePlan([desiredOf(ABOVE(0.75))], [marked(ABOVE(0.6))], OPTIONS, NO_ROUTES);
    const text = planMarkdown(plan, page());
    expect(text).toContain('### W&B automations · ` wandb-relay.yaml `: 0 to create, 1 to update, 0 to delete, 0 unchanged');
    expect(text).toContain(
      '<a href="https://github.example/blob/a1/wandb-relay.yaml#L21">line 21</a> · <a href="https://forge.coreweave.com/wandb/acme/train">in W&amp;B</a>',
    );
    expect(text).toContain('```diff\n- event.run_metric.above: 0.6\n+ event.run_metric.above: 0.75\n```');
    expect(text).toContain(
      `Plan of \` a1b2c3d \` · [run](https://github.example/run/1) · 2026-11-26 10:02 UTC · fingerprint \`${plan.fingerprint.slice(0, 8)}…\``,
    );
  });

  it('begins with what is deleted, and its consequence', () => {
    const slack = 'event: { run_state: { states: [failed] } }, action: { notification: { slack: "#ml-alerts" } }';
    const plan = makePlan([named(desiredOf(ABOVE(1)), 'new')], [marked(slack, { name: 'old' })], OPTIONS, NO_ROUTES);
    const text = planMarkdown(plan, page());
    expect(text).toContain('> [!CAUTION]\n> ` old ` will be deleted from W&B: its notification is no longer sent.');
    expect(text).toContain('- action: { notification: { slack: "#ml-alerts" } }');
    expect(text.indexOf('<code>old</code>')).toBeLessThan(text.indexOf('<code>new</code>'));
  });

  it('marks what was changed by hand', () => {
    const desired = [desiredOf(ABOVE(1))];
    const live = [marked(ABOVE(1), { enabled: false })];
    const applied = makePlan(desired, [], OPTIONS, NO_ROUTES).changes[0]?.input?.description ?? '';
    const drifted = [{ ...live[0], description: applied } as LiveTrigger];
    const plan = makePlan(desired, drifted, OPTIONS, NO_ROUTES);
    expect(planMarkdown(plan, page({ drift: findDrift(plan, desired, drifted, OPTIONS) }))).toContain(
      '**Changed in W&B by hand**; applying sets it back.',
    );
    expect(planMarkdown(plan, page({ drift: findDrift(plan, desired, live, OPTIONS) }))).toContain('and its definition has changed, too');
  });

  it('is not changed by a relay payload of before, which has no literals of the metric', () => {
    const fields = 'event: { run_metric: { metric: acc, above: 1 } }, action: { webhook: { integration: relay } }';
    const live = marked(fields);
    const { window, comparison, threshold, ...payload } = JSON.parse((live.action as { requestPayload: string }).requestPayload);
    expect([window, comparison, threshold]).toEqual([1, 'above', 1]);
    const older = { ...live, action: { ...live.action, requestPayload: JSON.stringify(payload) } } as LiveTrigger;
    expect(makePlan([desiredOf(fields)], [older], OPTIONS, NO_ROUTES).summary).toMatchObject({ unchanged: 1, update: 0 });
    const changed = makePlan([desiredOf(fields)], [{ ...older, enabled: false }], OPTIONS, NO_ROUTES);
    expect(changed.changes[0]?.fields).toEqual([{ path: 'enabled', before: false, after: true }]);
  });

  it('does not say of what is refused that applying sets it back', () => {
    const desired = [desiredOf(ABOVE(1))];
    const marks = ['[wandb-relay/2 acme/models b/wandb-relay.yaml one 00112233]', '[wandb-relay/2 acme/other b.yaml one 00112233]'];
    const kinds = marks.map((description) => {
      const live = [marked(ABOVE(2), { description })];
      const plan = makePlan(desired, live, OPTIONS, NO_ROUTES);
      const drift = findDrift(plan, desired, live, OPTIONS);
      const text = planMarkdown(plan, page({ drift }));
      expect(text).toContain('Refused:');
      expect(text).not.toContain('by hand');
      return drift.map(({ kind }) => kind);
    });
    // Another config of this repository took nothing; another repository did.
    expect(kinds).toEqual([['not_applied'], ['changed']]);
  });

  it('keeps 500 changes within the limit, in whole parts, and counts the rest', () => {
    const many = Array.from({ length: 500 }, (_, i) => named(desiredOf(ABOVE(i)), `a${i}-${'漢'.repeat(60)}`));
    const plan = makePlan(many, [], OPTIONS, NO_ROUTES);
    const text = planMarkdown(plan, page({ limit: COMMENT_LIMIT - 6000 }));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_LIMIT - 6000);
    const shown = text.match(/^<details/gm)?.length ?? 0;
    expect(text.match(/^<\/details>$/gm)).toHaveLength(shown);
    expect(text.match(/^```/gm)).toHaveLength(2 * shown);
    expect(text).toContain(`**${500 - shown} of 500 changes are not shown here** (${500 - shown} to create): see the plan file.`);
    expect(text).toContain('fingerprint');
  });

  it('cuts one automation that is too long, so that the others are seen', () => {
    const payload = Array.from({ length: 400 }, (_, i) => `k${i}: ${'x'.repeat(300)}`).join(', ');
    const big = desiredOf(
      `event: { run_state: { states: [failed] } }, action: { webhook: { integration: relay, payload: { ${payload} } } }`,
    );
    const plan = makePlan([named(big, 'big'), named(desiredOf(ABOVE(1)), 'small')], [], OPTIONS, NO_ROUTES);
    const text = planMarkdown(plan, page());
    expect(text).toMatch(/\d+ more lines: see the plan file/);
    expect(text).toContain('<code>small</code>');
    expect(Buffer.byteLength(text)).toBeLessThan(20_000);
  });

  it('explains a refusal once that many share', () => {
    const all = Array.from({ length: 5 }, (_, i) => named(desiredOf(ABOVE(i)), `a${i}`));
    const live = all.map((one, i) =>
      liveOf(one, { id: `t${i}`, name: `a${i}`, description: `[wandb-relay/2 acme/other x a${i} 00000000]` }),
    );
    const plan = makePlan(all, live, OPTIONS, NO_ROUTES);
    const text = planMarkdown(plan, page());
    expect(text.match(/it belongs to acme\/other/g)).toHaveLength(1);
    expect(text).toContain('5 refused: ');
    const run = { runUrl: 'https://github.example/run/1', now: 0 };
    expect(appliedText([], plan.changes, run).details).toEqual([
      `- \` 5 refused: it belongs to acme/other: ${[0, 1, 2, 3, 4].map((i) => `a${i} (project train)`).join(', ')} \``,
    ]);
    expect(appliedText([], plan.changes.slice(0, 1), run).details).toEqual(['- ` refused: a0 (project train): it belongs to acme/other `']);
  });

  it.each([
    '</summary></details><script>',
    '@acme/all #1 https://evil.example',
    '`` ``` ~~~',
    '\u202eevil\u2066',
    'a\nb',
    '[x](https://evil.example) ![y](z)',
    '&lt;b&gt;',
  ])('lets no name out of its place: %j', (nasty) => {
    const desired = named(desiredOf(ABOVE(1)), nasty);
    const slack = `event: { run_state: { states: [failed] } }, action: { notification: { slack: "#x", message: ${JSON.stringify(nasty)} } }`;
    const plan = makePlan([desired, named(desiredOf(slack), 'two')], [marked(ABOVE(1), { name: `gone ${nasty}` })], OPTIONS, NO_ROUTES);
    const text = planMarkdown(
      { ...plan, notes: [nasty] },
      page({ namespace: nasty, unreadable: [nasty], warnings: [{ severity: 'warning', message: nasty }] }),
    );
    // Without code spans, code blocks and HTML code, nothing of it is left.
    const rest = text
      .replace(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, '')
      .replace(/<code>[^<>]*<\/code>/g, '')
      .replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
    expect(rest).not.toMatch(/evil|script|@acme|!\[|~~~/);
    expect(text).not.toMatch(/[\u202e\u2066]/);
  });
});

describe('the result of apply in the comment', () => {
  const plan = makePlan([desiredOf(ABOVE(1))], [], OPTIONS, NO_ROUTES);
  const [change] = plan.changes;
  const run = { runUrl: 'https://github.example/run/2', now: Date.UTC(2026, 10, 26, 10, 14) };

  it('is written at its end, once', () => {
    if (change === undefined) throw new Error('no change');
    const done = appliedText([{ change, outcome: 'done' }], [], run);
    const text = withResult(planMarkdown(plan, page()), done, COMMENT_LIMIT);
    expect(text).toMatch(
      /…` <!-- result --> · \*\*applied\*\* by \[run\]\(https:\/\/github\.example\/run\/2\) at 2026-11-26 10:14 UTC: 1 created, 0 updated, 0 deleted$/,
    );
    const failed = appliedText([{ change, outcome: 'failed', why: 'no such thing' }], [], run);
    const again = withResult(text, failed, COMMENT_LIMIT);
    expect(again).toContain('**not applied** by');
    expect(again).toContain('failed to create: one (project train): no such thing');
    expect(again).not.toContain('**applied**');
  });

  it('stays within the limit', () => {
    const details = Array.from({ length: 1000 }, () => `- ${'x'.repeat(400)}`);
    const text = withResult('x'.repeat(60_000), { line: 'done', details }, COMMENT_LIMIT);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_LIMIT);
    expect(text).toContain('- xxx');
  });
});

describe('marks', () => {
  it('are one for each namespace, W&B and key', () => {
    const mark = (namespace: string, baseUrl: string, key: string) => commentMark({ namespace, baseUrl, key });
    const marks = [
      mark('a', 'https://w', ''),
      mark('b', 'https://w', ''),
      mark('a', 'https://x', ''),
      mark('a', 'https://w', 'k'),
      mark('a https://w', '', ''),
    ];
    expect(new Set(marks).size).toBe(marks.length);
    expect(mark('--> <b>', 'https://w', '')).not.toContain('<b>');
  });
});

describe('a plan as JSON', () => {
  const many = Array.from({ length: 200 }, (_, i) => named(desiredOf(ABOVE(i)), `a${i}`));
  const json = planJson(makePlan(many, [], OPTIONS, NO_ROUTES), {
    namespace: 'n',
    baseUrl: 'https://api.wandb.ai',
    unreadable: [],
    warnings: [],
  });

  it('is complete, or says what is left out', () => {
    expect(JSON.parse(planJsonWithin(json, 1_000_000))).not.toHaveProperty('truncated');
    const cut = planJsonWithin(json, 20_000);
    expect(cut.length).toBeLessThanOrEqual(20_000);
    const { changes, truncated, summary } = JSON.parse(cut);
    expect(truncated.changes).toEqual({ shown: changes.length, total: 200 });
    expect(changes.length).toBeGreaterThan(10);
    expect(truncated.left_out).toContain('changes[].fields');
    expect(summary.create).toBe(200);
  });

  it('has no id of W&B', () => {
    expect(JSON.stringify(json)).not.toMatch(/VHJpZ2dlc|UHJvamVjd|SW50ZWdyY/);
  });
});
