import { describe, expect, it } from 'vitest';
import { ACTIONS, decodeDecision, decodeDispatchAgain, decodeMute } from '../../../receiver/slack/actions.ts';
import type { KnownBlock } from '../../../receiver/slack/blocks.ts';
import { conversationMessage, eventMessage, failureText } from '../../../receiver/slack/message.ts';
import type { ConversationView } from '../../../receiver/store/store.ts';
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
const HEAD = [
  '*ada* gave *resnet50* *v12* the alias *production*',
  '_2026-11-21 03:00 UTC · in acme/vision · <https://forge.coreweave.com/wandb/acme/vision/artifacts/model/resnet50/v12|Artifact in W&amp;B>_',
  '*type* model | *size* 102.4 MB | *digest* abcdef012345 | *run state* finished | *run user* ada | *run duration* 2 h 1 min | *run commit* 0123456789ab | *loss* 0.25 | *accuracy* 0.931235',
];
const SAID = 'ada gave resnet50 v12 the alias production.';
const APPROVED = approvalView({ decision: 'approved', decidedBy: 'bob (U012ABC)', decidedAt: T0 + 5 * MINUTE });

function shown(conversation: ConversationView): { text: string; lines: string[] } {
  const { text, blocks } = conversationMessage(conversation, CONTEXT);
  return { text, lines: readable(blocks) };
}

/** A conversation of one event, from question to the end of the run. */
function deployConversation(delivery: Partial<typeof HELD>, approval = APPROVED): ConversationView {
  return conversationOf([conversationEvent({ event: EVENT, deliveries: [{ ...HELD, reason: null, ...delivery }], approvals: [approval] })]);
}

function buttonsOf(blocks: readonly KnownBlock[]) {
  const elements = blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
  return elements.filter((element) => element.type === 'button');
}

function menusOf(blocks: readonly KnownBlock[]) {
  return blocks.flatMap((block) => (block.type === 'section' && block.accessory?.type === 'overflow' ? [block.accessory] : []));
}

describe('a conversation that ends well', () => {
  it('asks first', () => {
    const conversation = deployConversation({ state: 'held' }, approvalView({ by: ['U012ABC', 'S012ABC'], allowSelf: false }));
    expect(shown(conversation)).toEqual({
      text: `${SAID} deploy.yml in acme/deploy: awaiting approval.`,
      lines: [
        ...HEAD,
        '*Awaiting approval* (route *deploy*). What will run:',
        `• ${DEPLOY} with version: v12`,
        '[Approve] [Reject…] [Approve with reason…]',
        "_<@U012ABC>, <!subteam^S012ABC> may decide. The event's author may not approve it. · Expires 2026-11-22 03:00 UTC._",
      ],
    });
  });

  const DECIDED = '_*Approved* by bob (U012ABC) 2026-11-21 03:05 UTC (route *deploy*)._';
  const MUTE = '(⋯ Mute for an hour | Mute for 24 hours | Mute for a week)';
  it.each([
    ['is approved', { state: 'pending', attempts: 0 }, 'waiting', 'waiting', []],
    ['is sent', { state: 'in_flight' }, 'sending', 'sending', []],
    ['has left', { run: runView({ status: 'expected', url: null }) }, 'delivered', 'delivered; its run has not appeared yet', [MUTE]],
    ['is queued', { run: runView() }, 'run queued', `${RUN} is queued`, [MUTE, '[Open the run]']],
    [
      'runs',
      { run: runView({ status: 'in_progress', startedAt: T0 + 6 * MINUTE }) },
      'run in progress',
      `${RUN} is running since 2026-11-21 03:06 UTC`,
      [MUTE, '[Open the run]'],
    ],
    [
      'succeeded',
      { run: runView({ status: 'completed', conclusion: 'success', startedAt: T0 + 6 * MINUTE, endedAt: T0 + 9 * MINUTE + 5000 }) },
      'run succeeded in 3 min 5 s',
      `${RUN} succeeded in 3 min 5 s`,
      [MUTE, '[Open the run] [Run again…]'],
    ],
  ] as const)('then %s', (_what, delivery, summary, state, controls) => {
    expect(shown(deployConversation({ state: 'delivered', ...delivery }))).toEqual({
      text: `${SAID} deploy.yml in acme/deploy: ${summary}.`,
      lines: [...HEAD, DECIDED, `${DEPLOY} (route deploy)`, state, ...controls],
    });
  });
});

describe('a conversation that ends badly', () => {
  it.each([
    ['failure', 'failed after 42 s'],
    ['timed_out', 'timed out after 42 s'],
    ['startup_failure', 'could not start'],
    ['cancelled', 'was cancelled after 42 s'],
    ['<!here>', 'ended as &lt;!here&gt; after 42 s'],
  ])('says how: %s', (conclusion, words) => {
    const run = runView({ status: 'completed', conclusion, startedAt: T0, endedAt: T0 + 42_000 });
    const { text, lines } = shown(deployConversation({ state: 'delivered', run }));
    expect(text).toBe(`${SAID} deploy.yml in acme/deploy: run ${words}.`);
    expect(lines).toContain(`${RUN} ${words}`);
  });

  it('says why it failed, and offers to send it again', () => {
    const { text, lines } = shown(deployConversation({ state: 'dead', reason: '404: no repository <acme/deploy>' }));
    expect(text).toBe(`${SAID} deploy.yml in acme/deploy: failed.`);
    expect(lines).toContain('failed: 404: no repository &lt;acme/deploy&gt; (delivery delivery-1)');
    expect(lines).toContain('[Run again…]');
  });

  it('says when and why it is retried', () => {
    const { lines } = shown(deployConversation({ state: 'pending', attempts: 2, dueAt: T0 + 12 * MINUTE, reason: 'HTTP 502' }));
    expect(lines).toContain('retrying 2026-11-21 03:12 UTC: HTTP 502');
    expect(lines.join()).not.toContain('Run again…');
  });

  it('flags that no run appeared, with the likely reasons of each kind', () => {
    const run = runView({ status: 'missing', url: null });
    const repository = conversationOf([conversationEvent({ deliveries: [deliveryView({ run })] })]);
    expect(shown(repository).lines).toContain(
      'no run appeared: no workflow on the default branch listens to this event_type, or its run-name does not contain the delivery id',
    );
    expect(shown(deployConversation({ state: 'delivered', run })).lines.join('\n')).toContain("check the workflow's runs");
  });

  it('does not offer to send again what could not be built, or what is no dispatch', () => {
    const deliveries = [
      deliveryView({ state: 'dead', request: null, reason: 'event_type is empty' }),
      deliveryView({
        id: 'delivery-2',
        request: {
          kind: 'commit_status',
          repository: 'acme/deploy',
          sha: 'abc',
          state: 'success',
          context: 'x',
          description: '',
          target_url: null,
        },
      }),
    ];
    expect(shown(conversationOf([conversationEvent({ deliveries })])).lines.join()).not.toContain('Run again…');
  });
});

describe('a question', () => {
  it.each([
    [
      'rejected',
      { decidedBy: 'bob (U012ABC)', decidedAt: T0 },
      '*Rejected* by bob (U012ABC) 2026-11-21 03:00 UTC (route *deploy*): nothing was sent.',
    ],
    ['expired', { decidedAt: T0 }, '*Expired* 2026-11-21 03:00 UTC (route *deploy*): nobody approved it in time, and nothing was sent.'],
    ['cancelled', {}, '*Cancelled* (route *deploy*) before anybody decided.'],
  ] as const)('that was %s says so and has no buttons', (decision, more, words) => {
    const { lines } = shown(deployConversation({ state: 'cancelled' }, approvalView({ decision, ...more })));
    expect(lines).toContain(`_${words}_`);
    expect(lines.join()).not.toMatch(/\[(?:Approve|Reject|Run again)/);
  });

  it('that a newer event overtook says so', () => {
    const { lines } = shown(deployConversation({ state: 'superseded' }, approvalView({ decision: 'cancelled' })));
    expect(lines).toContain('_*Superseded* (route *deploy*): a newer event replaced it before anybody decided._');
    expect(lines).toContain('superseded by a newer event');
  });

  it('carries what names the decision, and asks back with what will run', () => {
    const [approve, reject] = buttonsOf(conversationMessage(deployConversation({ state: 'held' }, approvalView()), CONTEXT).blocks);
    expect([approve?.action_id, reject?.action_id]).toEqual([ACTIONS.approve, ACTIONS.rejectWithReason]);
    expect(decodeDecision(approve?.value ?? '')).toEqual({ source: 'default', eventId: 'event-1', route: 'deploy' });
    expect(reject?.value).toBe(approve?.value);
    expect(approve?.confirm?.text.text).toBe('This will run: deploy.yml in acme/deploy.');
  });

  it('asked in another channel has no buttons here', () => {
    const { lines } = shown(deployConversation({ state: 'held' }, approvalView({ channel: 'C0ASKED', by: ['U012ABC'] })));
    expect(lines).toContain('*Awaiting approval in <#C0ASKED>* (route *deploy*). What will run:');
    expect(lines.join()).not.toMatch(/\[Approve\]|<@U012ABC>/);
  });

  it('that holds nothing any more is not asked', () => {
    expect(shown(deployConversation({ state: 'cancelled' }, approvalView())).lines.join()).not.toContain('Approve');
  });

  it('of an earlier event is still asked', () => {
    const first = conversationEvent({ event: EVENT, deliveries: [HELD], approvals: [approvalView()] });
    const second = conversationEvent({
      event: eventView({ ...ALIAS_EVENT, alias: 'gold' }, { id: 'event-2', receivedAt: T0 + 30 * MINUTE }),
      deliveries: [],
    });
    const { lines } = shown(conversationOf([first, second]));
    expect(lines[0]).toBe('*ada* gave *resnet50* *v12* the alias *gold*');
    expect(lines).toContain(
      'From earlier (*ada* gave *resnet50* *v12* the alias *production*): *Awaiting approval* (route *deploy*). What will run:',
    );
    expect(lines).toContain('[Approve] [Reject…] [Approve with reason…]');
  });

  it('that is one of many: decisions are said, up to a number, and the rest is counted', () => {
    const approvals = Array.from({ length: 12 }, (_, index) => ({ ...APPROVED, route: `route-${index}` }));
    const { lines } = shown(conversationOf([conversationEvent({ approvals })]));
    expect(lines.join('\n')).toMatch(/\(route \*route-7\*\)\. · And 4 more decisions\._/);
  });

  it('that is one of many: five are asked, and the rest is counted', () => {
    const routes = Array.from({ length: 7 }, (_, index) => `route-${index}`);
    const asking = conversationEvent({
      deliveries: routes.map((route) => ({ ...HELD, id: route, route })),
      approvals: routes.map((route) => approvalView({ route })),
    });
    const { lines } = shown(conversationOf([asking]));
    expect(lines.filter((line) => line === '[Approve] [Reject…] [Approve with reason…]')).toHaveLength(5);
    expect(lines).toContain('_And 2 more await approval._');
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
  it('name the delivery as it is now', () => {
    const [, again] = buttonsOf(
      conversationMessage(
        deployConversation({ state: 'delivered', run: runView({ status: 'completed', conclusion: 'failure' }), updatedAt: 42 }),
        CONTEXT,
      ).blocks,
    );
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

describe('what came before', () => {
  const many = Array.from({ length: 9 }, (_, index) =>
    conversationEvent({
      event: eventView({ ...ALIAS_EVENT, alias: `alias-${index}` }, { id: `event-${index}`, receivedAt: T0 + index * MINUTE }),
      deliveries: [
        deliveryView({ run: runView({ status: 'completed', conclusion: 'success', startedAt: T0, endedAt: T0 + 1000 * (index + 1) }) }),
        deliveryView({ id: 'b', state: 'dead' }),
        deliveryView({ id: 'c', state: 'dead' }),
      ],
    }),
  );

  it('is a line for each of the latest, and a count', () => {
    const { text, lines } = shown(conversationOf(many, { eventCount: 40 }));
    expect(text).toMatch(/^ada gave resnet50 v12 the alias alias-8\./);
    const earlier = lines.slice(lines.findIndex((line) => line.includes('earlier: '))).join('\n');
    expect(earlier.split('\n')).toHaveLength(7);
    expect(earlier).toContain('_earlier: ada gave resnet50 v12 the alias alias-7 (failed (2×), run succeeded), 2026-11-21 03:07 UTC\n');
    expect(earlier).toMatch(/and 33 more_$/);
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
  expect(text).toBe(`${SAID} delivered (59×), failed.`);
});

it("says a route's own text instead of the sentence", () => {
  const conversation = conversationOf([conversationEvent({ text: 'Ship it: *resnet50* &amp; <https://acme.example|docs>!' })]);
  const { text, lines } = shown(conversation);
  expect(lines[0]).toBe('Ship it: *resnet50* &amp; <https://acme.example|docs>!');
  expect(text).toBe('Ship it: *resnet50* &amp; <https://acme.example|docs>! deploy in acme/deploy: delivered.');
  expect(shown(conversationOf([conversationEvent({ text: ' \n' })])).lines[0]).toBe(HEAD[0]);
});

it.each([
  ['nothing', null],
  ['nothing yet', undefined],
  ['nothing of use', { artifact: { id: 1, list: [1], nested: { deep: true } }, run: null }],
])('shows no facts when W&B told %s', (_what, wandb) => {
  const { blocks } = conversationMessage(conversationOf([conversationEvent({ event: eventView(ALIAS_EVENT, { wandb }) })]), CONTEXT);
  expect(JSON.stringify(blocks)).not.toContain('"fields"');
});

it('keeps room for what the run logged, however much else is known', () => {
  const settings = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`setting${i}`, i]));
  const artifact = { ...WANDB.artifact, created_by: 'ada', metadata: settings };
  const run = { ...WANDB.run, display_name: 'brave-sun-7', tags: [], summary: { accuracy: 0.93, loss: 0.25 } };
  const { blocks } = conversationMessage(
    conversationOf([conversationEvent({ event: eventView(ALIAS_EVENT, { wandb: { artifact, run } }) })]),
    CONTEXT,
  );
  const facts = readable(blocks)[2]?.split(' | ') ?? [];
  expect(facts).toHaveLength(10);
  expect(facts.slice(6)).toEqual(['*accuracy* 0.93', '*loss* 0.25', '*setting0* 0', '*setting1* 1']);
});

describe('a reply', () => {
  it('says what happened, and where it is decided', () => {
    const asking = conversationEvent({ event: EVENT, deliveries: [HELD], approvals: [approvalView({ by: ['U012ABC'] })] });
    const { text, blocks } = eventMessage(asking, conversationOf(), CONTEXT);
    expect(text).toBe(`${SAID} deploy.yml in acme/deploy: awaiting approval.`);
    expect(readable(blocks)).toEqual([
      HEAD[0],
      HEAD[1],
      `${DEPLOY} *awaits approval*: the buttons are in the message above. <@U012ABC> may decide.`,
    ]);
  });

  it('has no buttons of its own', () => {
    const { blocks } = eventMessage(conversationEvent({ event: EVENT }), conversationOf(), CONTEXT);
    expect([buttonsOf(blocks), menusOf(blocks)]).toEqual([[], []]);
  });

  it('about a run that failed is one line with its link', () => {
    const run = runView({ status: 'completed', conclusion: 'failure', startedAt: T0, endedAt: T0 + 42_000, attempt: 2 });
    expect(failureText({ after: run, route: 'deploy' }, 'repository_dispatch:acme/deploy')).toBe(
      ':x: <https://github.com/acme/deploy/actions/runs/99|run, attempt 2> in *acme/deploy* failed after 42 s (route deploy).',
    );
  });
});

it('says so when nothing is known any more', () => {
  expect(shown(conversationOf([]))).toEqual({
    text: 'The events of this message are no longer stored.',
    lines: ['The events of this message are no longer stored.'],
  });
});
