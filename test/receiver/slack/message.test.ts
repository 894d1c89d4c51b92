import { describe, expect, it } from 'vitest';
import { ACTIONS, decodeDecision, decodeDispatchAgain, decodeMute } from '../../../receiver/slack/actions.ts';
import type { KnownBlock } from '../../../receiver/slack/blocks.ts';
import { conversationMessage, eventMessage } from '../../../receiver/slack/message.ts';
import type { ConversationView } from '../../../receiver/store/conversations.ts';
import type { DeliveryView } from '../../../receiver/store/delivery.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import {
  ALIAS_EVENT,
  approvalView,
  CONTEXT,
  conversationEvent,
  conversationOf,
  deliveryView,
  eventView,
  MINUTE,
  readable,
  runView,
  T0,
} from './message-samples.ts';

const WANDB = {
  artifact: {
    version: 'v12',
    truncated: true,
    tags: ['a'],
    url: 'https://forge.coreweave.com/wandb/acme/raw/artifacts/model/resnet50/v3',
    type: 'model',
    size: 102_400_000,
    digest: 'abcdef0123456789abcdef',
    metadata: { accuracy: 0.9312345678, notes: null, labels: ['a'], _internal: 1 },
  },
  run: { state: 'finished', user: 'ada', duration_seconds: 7260, commit: '0123456789abcdef', summary: { loss: 0.25 } },
};
const EVENT = eventView(ALIAS_EVENT, { wandb: WANDB });
const HELD = deliveryView({
  state: 'held',
  attempts: 0,
  reason: 'waits for approval',
  target: 'workflow_dispatch:acme/deploy/deploy.yml',
  request: { kind: 'workflow_dispatch', repository: 'acme/deploy', workflow: 'deploy.yml', ref: 'main', inputs: { version: 'v12' } },
});
const DEPLOY = '*deploy.yml* at *main* in <https://github.com/acme/deploy|acme/deploy>';
const RUN = '<https://github.com/acme/deploy/actions/runs/99|run>';
const LINK = '<https://forge.coreweave.com/wandb/acme/vision/artifacts/model/resnet50/v12|resnet50 v12>';
const FACTS = '*loss* 0.25 | *accuracy* 0.931235 | *trained by* ada | *run duration* 2 h 1 min';
const APPROVED = approvalView({ decision: 'approved', decidedBy: 'bob (U012ABC)', decidedAt: T0 + 5 * MINUTE });
const MENU = '(⋯ Mute for an hour | Mute for 24 hours | Mute for a week)';
const PROMOTION = { replaced: { version: 'v11', since: T0 - 12 * 24 * 60 * MINUTE }, isRollback: false, replacedBy: null };
const PEOPLE = { ...CONTEXT, slackUsers: { Ada: 'U0ADA', bob: 'U012ABC' } };

function shown(conversation: ConversationView, context = CONTEXT): { text: string; lines: string[] } {
  const { text, blocks } = conversationMessage(conversation, context);
  return { text, lines: readable(blocks) };
}

/** A conversation of one event, from question to the end of the run. */
function deployConversation(delivery: Partial<typeof HELD>, approval = APPROVED): ConversationView {
  return conversationOf([
    conversationEvent({ event: EVENT, deliveries: [{ ...HELD, reason: null, ...delivery }], approvals: [approval], promotion: PROMOTION }),
  ]);
}

function buttonsOf(blocks: readonly KnownBlock[]) {
  const elements = blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
  return elements.filter((element) => element.type === 'button');
}

function menusOf(blocks: readonly KnownBlock[]) {
  return blocks.flatMap((block) => (block.type === 'section' && block.accessory?.type === 'overflow' ? [block.accessory] : []));
}

describe('a deployment', () => {
  it('asks first: what it replaces, what is known, what starts, who decides', () => {
    const conversation = deployConversation({ state: 'held' }, approvalView({ by: ['U012ABC', 'S012ABC'], allowSelf: false }));
    expect(shown(conversation)).toEqual({
      text: 'Approve? resnet50 v12 → production, by ada. Starts deploy.yml in acme/deploy',
      lines: [
        `*Approve ${LINK} → production?*`,
        '*ada* promoted it · replaces *v11*, in production for 12 d',
        FACTS,
        `Starts ${DEPLOY} with version: v12`,
        '[Approve] [Reject…] [Approve with reason…]',
        '_<@U012ABC> and <!subteam^S012ABC> decide · not the author · until 2026-11-22 03:00 UTC_',
        '_asked 2026-11-21 03:00 UTC · acme/vision · route deploy_',
      ],
    });
  });

  const CONTEXT_LINE =
    '_*ada* promoted it 2026-11-21 03:00 UTC · <@U012ABC> approved 2026-11-21 03:05 UTC · replaces *v11*, in production for 12 d · acme/vision · route deploy_';
  it.each([
    ['is approved', { state: 'pending', attempts: 0 }, '→ production waits to be sent*', DEPLOY, []],
    [
      'is sent',
      { run: runView({ status: 'expected', url: null }) },
      '→ production is deploying*',
      `delivered; its run has not appeared yet · ${DEPLOY}`,
      [MENU],
    ],
    ['is queued', { run: runView() }, '→ production is deploying*', `${RUN} is queued · ${DEPLOY}`, [MENU, '[Open run]']],
    [
      'runs',
      { run: runView({ status: 'in_progress', startedAt: T0 + 6 * MINUTE }) },
      '→ production is deploying*',
      `${RUN} is running since 2026-11-21 03:06 UTC · ${DEPLOY}`,
      [MENU, '[Open run]'],
    ],
    [
      'succeeded',
      { run: runView({ status: 'completed', conclusion: 'success', startedAt: T0 + 6 * MINUTE, endedAt: T0 + 9 * MINUTE + 5000 }) },
      'is in production*',
      `${RUN} succeeded in 3 min 5 s · ${DEPLOY}`,
      [MENU, '[Open run] [Run again…]'],
    ],
    [
      'failed',
      { run: runView({ status: 'completed', conclusion: 'failure', startedAt: T0, endedAt: T0 + 42_000 }) },
      '→ production failed*',
      `${RUN} failed after 42 s · ${DEPLOY}`,
      [MENU, '[Open run] [Run again…]'],
    ],
    [
      'failed before it was sent',
      { state: 'dead', reason: '404: no repository <acme/deploy>' },
      '→ production failed*',
      `${DEPLOY} was not dispatched: 404: no repository &lt;acme/deploy&gt; (delivery delivery-1)`,
      [MENU, '[Run again…]'],
    ],
    [
      'is retried',
      { state: 'pending', attempts: 2, dueAt: T0 + 12 * MINUTE, reason: 'HTTP 502' },
      '→ production is being retried*',
      `${DEPLOY} is tried again 2026-11-21 03:12 UTC: HTTP 502`,
      [],
    ],
    [
      'has no run',
      { run: runView({ status: 'missing', url: null }) },
      '→ production was dispatched, but no run appeared*',
      `${DEPLOY}: check the workflow's runs, and that its run-name contains the delivery id`,
      [MENU, '[Run again…]'],
    ],
  ] as const)('that %s says so, with what a reader needs next and can do', (_what, delivery, line, detail, controls) => {
    expect(shown(deployConversation({ state: 'delivered', ...delivery })).lines).toEqual([
      `*${LINK} ${line}`,
      detail,
      ...controls,
      CONTEXT_LINE,
    ]);
  });

  it.each([
    ['<!here>', 'ended as &lt;!here&gt;'],
    ['startup_failure', 'could not start'],
  ])('says how its run ended: %s', (conclusion, words) => {
    expect(shown(deployConversation({ state: 'delivered', run: runView({ status: 'completed', conclusion }) })).lines[1]).toBe(
      `${RUN} ${words} · ${DEPLOY}`,
    );
  });

  it('that was replaced says when, and is not offered again', () => {
    const conversation = deployConversation({ state: 'delivered', run: runView({ status: 'completed', conclusion: 'success' }) });
    const [from] = conversation.events;
    const promotion = { ...PROMOTION, replacedBy: { version: 'v13', at: T0 + 9 * MINUTE } };
    const { lines } = shown({ ...conversation, events: [{ ...from!, promotion }] });
    expect(lines[0]).toBe(`*${LINK} was replaced by v13 in production*`);
    expect(lines).toContain('[Open run]');
    expect(lines.at(-1)).toContain('· replaced 2026-11-21 03:09 UTC ·');
  });

  it('that failed and was replaced says both', () => {
    const conversation = deployConversation({ state: 'dead', reason: 'gone' });
    const [from] = conversation.events;
    const promotion = { ...PROMOTION, replacedBy: { version: 'v13', at: T0 + 9 * MINUTE } };
    const { lines } = shown({ ...conversation, events: [{ ...from!, promotion }] });
    expect(lines[0]).toBe(`*${LINK} → production failed*`);
    expect(lines.at(-1)).toContain('replaced by *v13* 2026-11-21 03:09 UTC');
  });

  it('of several dispatches shows each, and offers nothing for what could not be built', () => {
    const deliveries = [
      deliveryView({ id: 'a', run: runView({ status: 'completed', conclusion: 'success' }) }),
      deliveryView({ id: 'b', route: 'audit', state: 'dead', request: null, reason: 'event_type is empty' }),
    ];
    const { text, lines } = shown(conversationOf([conversationEvent({ deliveries })]));
    expect(text).toBe('Failed: resnet50 v12 → production (run succeeded, failed)');
    expect(lines).toEqual([
      '*resnet50 v12 → production failed*',
      '*deploy* in <https://github.com/acme/deploy|acme/deploy> (route deploy)',
      `${RUN} succeeded`,
      MENU,
      '[Open run] [Run again…]',
      '*repository_dispatch꞉acme/deploy* (route audit)'.replace('꞉', ':'),
      'failed: event_type is empty (delivery b)',
      MENU,
      '_*ada* promoted it 2026-11-21 03:00 UTC · acme/vision · route deploy, audit · <https://forge.coreweave.com/wandb/acme/vision|Project in W&amp;B>_',
    ]);
  });
});

describe('a question that is closed', () => {
  it.each([
    [
      'rejected',
      { decidedBy: 'bob (U012ABC)', decidedAt: T0 },
      'rejected by bob (U012ABC)',
      `${DEPLOY} is not sent`,
      'rejected 2026-11-21 03:00 UTC',
    ],
    [
      'expired',
      { decidedAt: T0 },
      'nobody approved it in time',
      `Nobody approved it in time: ${DEPLOY} is not sent`,
      'expired 2026-11-21 03:00 UTC',
    ],
    ['cancelled', { decidedBy: 'bob (U012ABC)', decidedAt: T0 }, 'cancelled by bob (U012ABC)', `${DEPLOY} is not sent`, ''],
  ] as const)('%s: nothing is sent, and there is no button', (decision, more, reason, detail, when) => {
    const { lines } = shown(deployConversation({ state: 'cancelled', reason }, approvalView({ decision, ...more })));
    expect(lines[1]).toBe(detail);
    expect(lines.at(-1)).toContain(when);
    expect(lines.join().match(/U012ABC/g) ?? []).toHaveLength(decision === 'expired' ? 0 : 1);
    expect(lines.join()).not.toMatch(/\[(?:Approve|Reject|Run again…)\]/);
  });

  it('that holds nothing any more is not asked', () => {
    expect(shown(deployConversation({ state: 'cancelled' }, approvalView())).lines.join()).not.toContain('Approve');
  });
});

describe('people', () => {
  it('who ran it again, or asked for a rollback, are shown as people', () => {
    const event = { ...EVENT, event: { ...EVENT.event, author: 'eve (U0EVE)' } };
    const from = conversationEvent({ event, deliveries: [deliveryView()], again: { by: 'bob (U0BOB)', at: T0 + MINUTE } });
    const { text, lines } = shown(conversationOf([from]));
    expect(lines.at(-1)).toMatch(/<@U0EVE> promoted it .* · run again by <@U0BOB> 2026-11-21 03:01 UTC/);
    expect(text).not.toContain('U0EVE');
  });
});

describe('a question', () => {
  it('carries what names the decision, and asks back with what will run', () => {
    const [approve, reject] = buttonsOf(conversationMessage(deployConversation({ state: 'held' }, approvalView()), CONTEXT).blocks);
    expect([approve?.action_id, reject?.action_id]).toEqual([ACTIONS.approve, ACTIONS.rejectWithReason]);
    expect(decodeDecision(approve?.value ?? '')).toEqual({ source: 'default', eventId: 'event-1', route: 'deploy' });
    expect(reject?.value).toBe(approve?.value);
    expect(approve?.confirm?.text.text).toBe('This will run: deploy.yml in acme/deploy.');
  });

  it('asked in another channel has no buttons here, and mentions nobody', () => {
    const { text, lines } = shown(deployConversation({ state: 'held' }, approvalView({ channel: 'C0ASKED', by: ['U012ABC'] })));
    expect(text).toBe('Waits for approval: resnet50 v12 → production, by ada. Starts deploy.yml in acme/deploy');
    expect(lines).toContain('_Asked in <#C0ASKED> · until 2026-11-22 03:00 UTC_');
    expect(lines.join()).not.toMatch(/\[Approve\]|<@U012ABC>/);
  });

  it('of another event is still asked, with what it is about', () => {
    const first = conversationEvent({ event: EVENT, deliveries: [HELD], approvals: [approvalView()] });
    const second = conversationEvent({
      event: eventView({ ...ALIAS_EVENT, alias: 'gold' }, { id: 'event-2' }),
      deliveries: [deliveryView({ state: 'dead' })],
    });
    const { lines } = shown(conversationOf([first, second]));
    expect(lines[0]).toBe('*resnet50 v12 → gold failed*');
    expect(lines).toContain('Approve *resnet50 v12 → production* (route *deploy*)?');
    expect(lines).toContain('[Approve] [Reject…] [Approve with reason…]');
  });

  it('that is one of several of an event: each has its buttons, and everybody is mentioned once', () => {
    const asking = conversationEvent({
      deliveries: ['deploy', 'audit'].map((route) => ({ ...HELD, id: route, route })),
      approvals: [approvalView({ by: ['U0ADA', 'U012ABC'] }), approvalView({ route: 'audit', by: ['U012ABC', 'S012ABC'] })],
    });
    const { text, lines } = shown(conversationOf([asking]), PEOPLE);
    expect(text).toBe('Approve? resnet50 v12 → production, by ada. Starts 2 workflows');
    expect(lines.filter((line) => line === '[Approve] [Reject…] [Approve with reason…]')).toHaveLength(2);
    expect(lines).toContain('_<@U0ADA> and <@U012ABC> decide · until 2026-11-22 03:00 UTC_');
    expect(lines).toContain('_<!subteam^S012ABC> and one who is mentioned above decide · until 2026-11-22 03:00 UTC_');
    expect(lines[1]).toBe('*ada* promoted it');
    expect(lines.join().match(/<@U0ADA>|<@U012ABC>/g)).toHaveLength(2);
  });

  it('that is one of many: five are asked, and the rest is counted', () => {
    const routes = Array.from({ length: 7 }, (_, index) => `route-${index}`);
    const asking = conversationEvent({
      deliveries: routes.map((route) => ({ ...HELD, id: route, route })),
      approvals: routes.map((route) => approvalView({ route })),
    });
    const { lines } = shown(conversationOf([asking]));
    expect(lines.filter((line) => line === '[Approve] [Reject…] [Approve with reason…]')).toHaveLength(5);
    expect(lines).toContain('_And 2 more wait for approval._');
  });

  it('that is asked here comes before those that are asked elsewhere', () => {
    const routes = Array.from({ length: 6 }, (_, index) => `route-${index}`);
    const elsewhere = conversationEvent({
      deliveries: [deliveryView({ state: 'dead' }), ...routes.map((route) => ({ ...HELD, id: route, route }))],
      approvals: routes.map((route) => approvalView({ route, channel: '#other' })),
    });
    const here = conversationEvent({ event: eventView(ALIAS_EVENT, { id: 'event-2' }), deliveries: [HELD], approvals: [approvalView()] });
    const { lines } = shown(conversationOf([elsewhere, here]));
    expect(lines[0]).toBe('*resnet50 v12 → production failed*');
    expect(lines).toContain('[Approve] [Reject…] [Approve with reason…]');
  });

  it('that was answered many times: some are named, and the rest is counted', () => {
    const approvals = Array.from({ length: 12 }, (_, index) => ({ ...APPROVED, route: `route-${index}`, decidedBy: `bob-${index}` }));
    expect(shown(conversationOf([conversationEvent({ approvals })])).lines.at(-1)).toContain(
      'bob-3 approved 2026-11-21 03:05 UTC · and 8 more decisions · ',
    );
  });

  it('whose route has a name too long for a button says how else to approve', () => {
    const route = 'x'.repeat(3000);
    const { lines } = shown(deployConversation({ state: 'held', route }, approvalView({ route })));
    expect(lines.join()).toContain('Approve it with `wandb-relay approve delivery-1 --as NAME`.');
  });
});

describe('where nothing hears what is pressed', () => {
  const context = { ...CONTEXT, interactive: false };
  const actionsIn = (blocks: readonly KnownBlock[]) => blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));

  it('a question names the command instead of its buttons', () => {
    const held = deliveryView({ state: 'held', reason: 'waits for approval' });
    const { blocks } = conversationMessage(
      conversationOf([conversationEvent({ deliveries: [held], approvals: [approvalView()] })]),
      context,
    );
    expect(actionsIn(blocks)).toEqual([]);
    expect(readable(blocks).join('\n')).toContain(`wandb-relay approve ${held.id}`);
  });

  it('only links can be pressed', () => {
    const delivered = deliveryView({ state: 'delivered', run: runView() });
    const { blocks } = conversationMessage(conversationOf([conversationEvent({ deliveries: [delivered] })]), context);
    expect(actionsIn(blocks).map((element) => element.type === 'button' && element.url !== undefined)).toEqual([true]);
  });
});

describe('buttons and menus', () => {
  const ended = runView({ status: 'completed', conclusion: 'success' });

  it('name the delivery as it is now', () => {
    const [, again] = buttonsOf(conversationMessage(deployConversation({ state: 'delivered', run: ended, updatedAt: 42 }), CONTEXT).blocks);
    expect(again?.action_id).toBe(ACTIONS.dispatchAgain);
    expect(decodeDispatchAgain(again?.value ?? '')).toEqual({ source: 'default', deliveryId: 'delivery-1', updatedAt: 42 });
    expect(again?.confirm?.text.text).toBe('It ran already. This sends the same request again: deploy.yml in acme/deploy');
  });

  it('open the run', () => {
    const [open] = buttonsOf(conversationMessage(deployConversation({ state: 'delivered', run: runView() }), CONTEXT).blocks);
    expect([open?.action_id, open?.url]).toEqual([ACTIONS.openRun, 'https://github.com/acme/deploy/actions/runs/99']);
  });

  it('mute each route once', () => {
    const deliveries = ['deploy', 'deploy', 'evaluate'].map((route, index) => deliveryView({ id: `delivery-${index}`, route }));
    const menus = menusOf(conversationMessage(conversationOf([conversationEvent({ deliveries })]), CONTEXT).blocks);
    expect(menus.map(({ options }) => options.map(({ value }) => decodeMute(value ?? '')))).toEqual([
      (['1h', '24h', '7d'] as const).map((time) => ({ source: 'default', deliveryId: 'delivery-0', time })),
      (['1h', '24h', '7d'] as const).map((time) => ({ source: 'default', deliveryId: 'delivery-2', time })),
    ]);
  });

  it('end a mute, which is said as long as it lasts', () => {
    const muted = (until: number): ConversationView => ({
      ...deployConversation({ state: 'delivered' }),
      mutes: [{ route: 'deploy', subjectKey: 'subject-1', until, by: 'ada' }],
    });
    const { blocks } = conversationMessage(muted(CONTEXT.now + MINUTE), CONTEXT);
    expect(readable(blocks)).toContain('Route *deploy* is muted for this subject until 2026-11-21 03:11 UTC (by ada).');
    expect(menusOf(blocks).map(({ options }) => options.map(({ value }) => decodeMute(value ?? '')?.time))).toEqual([['off']]);
    expect(readable(conversationMessage(muted(CONTEXT.now), CONTEXT).blocks).join()).not.toContain('is muted');
  });
});

describe('the event that a message is about', () => {
  const event = (id: string, more: Partial<RelayEvent>) => eventView({ ...ALIAS_EVENT, ...more } as RelayEvent, { id });
  const tag = conversationEvent({ event: event('tag', { type: 'add_artifact_tag', tag: 'good' }), deliveries: [] });
  const run = (id: string, status: string) =>
    conversationEvent({ event: eventView({ type: 'run_state', source: 'default', run: 'train-78', status }, { id }), deliveries: [] });
  const promoted = (id: string, ...deliveries: Partial<DeliveryView>[]) =>
    conversationEvent({
      event: event(id, { alias: id }),
      deliveries: deliveries.map((delivery, i) => deliveryView({ id: `${id}-${i}`, route: id, ...delivery })),
    });
  const succeeded = { run: runView({ status: 'completed', conclusion: 'success' }) };
  const first = (...events: ReturnType<typeof conversationEvent>[]) => shown(conversationOf(events)).lines[0];

  it('is the one with a dispatch, whatever comes after it, and it keeps its buttons', () => {
    const failed = promoted('production', { run: runView({ status: 'completed', conclusion: 'failure' }) });
    const { lines } = shown(conversationOf([failed, tag]));
    expect(lines[0]).toBe('*resnet50 v12 → production failed*');
    expect(lines).toContain('[Open run] [Run again…]');
    expect(lines.join()).not.toContain('good');
  });

  it('is the most serious: failed, waits for approval, running, done', () => {
    const done = promoted('done', succeeded);
    const running = promoted('running', { run: runView() });
    const asking = { ...promoted('asking', { state: 'held' as const }), approvals: [approvalView({ route: 'asking' })] };
    const failed = promoted('failed', { state: 'dead' as const });
    expect(first(failed, asking, running, done, tag)).toBe('*resnet50 v12 → failed failed*');
    expect(first(asking, running, done, tag)).toBe('*Approve resnet50 v12 → asking?*');
    expect(first(running, done, tag)).toBe('*resnet50 v12 → running is deploying*');
    expect(first(tag, done)).toBe('*resnet50 v12 is in done*');
    expect(shown(conversationOf([failed, done])).lines).toContain('_also: *resnet50 v12 → done* (run succeeded)_');
  });

  it('is no failure that the same route has made good since', () => {
    const failed = promoted('production', { state: 'dead' as const });
    const again = { ...promoted('production', succeeded), event: event('again', { alias: 'production' }) };
    expect(first(failed, again)).toBe('*resnet50 v12 is in production*');
    const other = { ...again, deliveries: [deliveryView({ route: 'other', ...succeeded })] };
    expect(first(failed, other)).toBe('*resnet50 v12 → production failed*');
  });

  it('without any dispatch is the first, until a run fails or goes on', () => {
    const alert = conversationEvent({
      event: eventView({ type: 'run_metric', source: 'default', run: 'train-78', metric: 'loss' }, { id: 'a' }),
      deliveries: [],
    });
    expect(first(alert, run('r1', 'running'))).toBe("*loss of train-78 met the automation's threshold*");
    expect(first(run('r1', 'running'), alert, run('r2', 'finished'))).toBe("*loss of train-78 met the automation's threshold*");
    expect(first(run('r1', 'running'), run('r2', 'finished'))).toBe('*Run train-78 finished*');
    expect(first(alert, run('r1', 'failed'), alert)).toBe('*Run train-78 failed*');
  });
});

it('shows some of many deliveries, first those that went wrong, and counts the others', () => {
  const deliveries = Array.from({ length: 60 }, (_, index) =>
    deliveryView({ id: `delivery-${index}`, route: `route-${index}`, ...(index === 50 ? { state: 'dead' as const, reason: 'gone' } : {}) }),
  );
  const { text, lines } = shown(conversationOf([conversationEvent({ deliveries })]));
  expect(lines.filter((line) => line.includes('(route route-'))).toHaveLength(8);
  expect(lines.join('\n')).toContain('failed: gone (delivery delivery-50)');
  expect(lines).toContain('_And 52 more: delivered (52×)._');
  expect(text).toBe('Failed: resnet50 v12 → production (delivered (59×), failed)');
});

it("says the routes' own texts below the first lines, equal ones once", () => {
  const text = 'Ship it: *resnet50* &amp; <https://acme.example|docs>!';
  const { text: plain, lines } = shown(
    conversationOf([conversationEvent({ deliveries: [], texts: [text, ' \n', `${text} `, 'And two\nlines'] })]),
  );
  expect(lines.slice(0, 4)).toEqual(['*resnet50 v12 → production*', text, 'And two', 'lines']);
  expect(plain).toBe('resnet50 v12 → production, by ada');
});

it('shows people as people: mentioned once where they are known, else named', () => {
  const failed = { ...HELD, state: 'cancelled', reason: 'rejected by bob (U012ABC)' } as const;
  const rejected = conversationEvent({
    event: EVENT,
    deliveries: [failed],
    approvals: [approvalView({ decision: 'rejected', decidedBy: 'bob (U012ABC)', decidedAt: T0 })],
  });
  expect(shown(conversationOf([rejected]), PEOPLE).lines.at(-1)).toBe(
    '_<@U0ADA> promoted it 2026-11-21 03:00 UTC · rejected 2026-11-21 03:00 UTC · acme/vision · route deploy_',
  );
});

it.each([
  ['nothing', null],
  ['nothing yet', undefined],
  ['nothing of use', { artifact: { id: 1, list: [1], nested: { deep: true } }, run: null }],
])('shows no facts when W&B told %s', (_what, wandb) => {
  const from = conversationEvent({ event: eventView(ALIAS_EVENT, { wandb }), deliveries: [] });
  expect(JSON.stringify(conversationMessage(conversationOf([from]), CONTEXT).blocks)).not.toContain('"fields"');
});

it('shows at most four facts, what the run logged first', () => {
  const settings = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`setting${i}`, i]));
  const facts = (run: JsonObject) => {
    const wandb = { artifact: { ...WANDB.artifact, created_by: 'ada', metadata: settings }, run: { ...WANDB.run, ...run } };
    return readable(
      conversationMessage(conversationOf([conversationEvent({ event: eventView(ALIAS_EVENT, { wandb }), deliveries: [] })]), CONTEXT)
        .blocks,
    )[1];
  };
  expect(facts({ summary: { accuracy: 0.93, loss: 0.25, f1: 0.9, recall: 1 } })).toBe(
    '*accuracy* 0.93 | *loss* 0.25 | *f1* 0.9 | *trained by* ada',
  );
  expect(facts({ summary: { accuracy: 0.93 } })).toBe('*accuracy* 0.93 | *setting0* 0 | *setting1* 1 | *trained by* ada');
});

describe('a message that stands for many', () => {
  const versions = (count: number, ms: number, event: Partial<RelayEvent> = {}) =>
    Array.from({ length: count }, (_, i) =>
      conversationEvent({
        event: eventView({ ...ALIAS_EVENT, version: `v${i + 6}`, ...event } as RelayEvent, {
          id: `event-${i}`,
          receivedAt: T0 + (i * ms) / count,
        }),
      }),
    );
  const states = [
    { state: 'delivered' as const, run: { status: 'completed' as const, conclusion: 'success' }, count: 8 },
    { state: 'dead' as const, run: null, count: 2 },
    { state: 'delivered' as const, run: { status: 'completed' as const, conclusion: 'failure' }, count: 1 },
    { state: 'pending' as const, run: null, count: 1 },
  ];

  it('counts them and how they stand, most serious first', () => {
    expect(shown(conversationOf(versions(12, MINUTE), { burst: states }))).toEqual({
      text: '12 more versions got production in one minute: resnet50 v6 … v17 (3 failed, 1 waiting, 8 succeeded)',
      lines: [
        '*12 more versions got production* in one minute',
        'resnet50 v6 … v17',
        '3 failed, 1 waiting, 8 succeeded',
        '_2026-11-21 03:00 UTC · acme/vision · each of them: `wandb-relay events`_',
      ],
    });
  });

  it.each<[Partial<RelayEvent>, number, string]>([
    [{}, 1, '1 more version got production in one minute: resnet50 v6'],
    [{ type: 'create_artifact' }, 2, '2 more new versions in one minute: resnet50 v6 … v7'],
    [{ type: 'run_state', run: 'train', status: 'failed' }, 2, '2 more runs failed in one minute: train, train'],
    [{ type: 'run_state', run: 'train', status: 'killed' }, 2, '2 more runs were killed in one minute: train, train'],
    [{ type: 'run_metric', run: 'train', metric: 'loss' }, 2, '2 more alerts for loss in one minute: train, train'],
    [
      { type: 'add_collection_tag', tag: 'good', version: undefined as never },
      2,
      '2 more collections got the tag good in one minute: resnet50 … resnet50',
    ],
  ])('says of what kind: %o', (event, count, text) => {
    expect(shown(conversationOf(versions(count, MINUTE, event), { burst: [], begunBefore: 5 })).text).toBe(text);
  });

  it('says how long it took', () => {
    expect(shown(conversationOf(versions(12, 4 * MINUTE), { burst: [] })).text).toBe(
      '12 more versions got production in 4 min: resnet50 v6 … v17',
    );
  });
});

describe('a reply', () => {
  it('says what happened, and where it is decided', () => {
    const asking = conversationEvent({
      event: EVENT,
      deliveries: [HELD],
      approvals: [approvalView({ by: ['U012ABC'] })],
      texts: ['as agreed'],
    });
    const { text, blocks } = eventMessage(asking, conversationOf(), CONTEXT);
    expect(text).toBe('Approve? resnet50 v12 → production, by ada. Starts deploy.yml in acme/deploy');
    expect(readable(blocks)).toEqual([
      `*${LINK} → production*`,
      'as agreed',
      `${DEPLOY} *waits for approval*: the buttons are in the message above; <@U012ABC> decides`,
      '_*ada* promoted it 2026-11-21 03:00 UTC · acme/vision_',
    ]);
  });

  it('has no buttons of its own, and nothing that may change', () => {
    const promotion = { ...PROMOTION, replacedBy: { version: 'v13', at: T0 } };
    const { text, blocks } = eventMessage(conversationEvent({ event: EVENT, promotion }), conversationOf(), CONTEXT);
    expect([buttonsOf(blocks), menusOf(blocks)]).toEqual([[], []]);
    expect(text).toBe('resnet50 v12 → production, by ada');
    expect(JSON.stringify(blocks)).not.toMatch(/v13|deploy/);
  });
});

it('says so when nothing is known any more', () => {
  expect(shown(conversationOf([]))).toEqual({
    text: 'The events of this message are no longer stored.',
    lines: ['The events of this message are no longer stored.'],
  });
});
