import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SLACK_LIMITS } from '../../../receiver/slack/blocks.ts';
import { listBlocks } from '../../../receiver/slack/command-text.ts';
import { homeView } from '../../../receiver/slack/home-view.ts';
import { conversationMessage, eventMessage } from '../../../receiver/slack/message.ts';
import { aliasRow, approvalRow, deliveryRow } from '../../../receiver/slack/rows.ts';
import type { ApprovalView } from '../../../receiver/store/approvals.ts';
import type { PromotionFacts, StateCount } from '../../../receiver/store/conversation-facts.ts';
import type { ConversationEvent, ConversationView, Mute } from '../../../receiver/store/conversations.ts';
import { DELIVERY_STATES, type DeliveryView } from '../../../receiver/store/delivery.ts';
import type { AliasView, PromotionView } from '../../../receiver/store/ledger.ts';
import type { RunView } from '../../../receiver/store/run.ts';
import { EVENT_FIELDS, EVENT_TYPES, type RelayEvent } from '../../../src/event/event.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { escapeMrkdwn } from '../../../src/lib/mrkdwn.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import { approvalView, CONTEXT, conversationEvent, conversationOf, deliveryView, eventView, T0 } from './message-samples.ts';
import { nastyName } from './nasty-names.ts';
import { slackProblems } from './slack-limits.ts';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const moment = fc.oneof(fc.integer({ min: T0 - 1e9, max: T0 + 1e9 }), fc.constantFrom(0, 8.64e15, 9e15, Number.NaN));

const event: fc.Arbitrary<RelayEvent> = fc
  .tuple(fc.constantFrom(...EVENT_TYPES), fc.record(Object.fromEntries(EVENT_FIELDS.map((field) => [field, fc.option(nastyName)]))))
  .map(([type, fields]) => {
    const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Partial<RelayEvent>;
    return { source: 'default', ...present, type };
  });

const request: fc.Arbitrary<TargetRequest | null> = fc.oneof(
  fc.constant(null),
  fc.record({
    kind: fc.constant('repository_dispatch' as const),
    repository: fc.oneof(nastyName, fc.constant('acme/deploy')),
    event_type: nastyName,
    client_payload: fc.constant({}),
  }),
  fc.record({
    kind: fc.constant('workflow_dispatch' as const),
    repository: nastyName,
    workflow: nastyName,
    ref: nastyName,
    inputs: fc.dictionary(nastyName, nastyName, { maxKeys: 7 }),
  }),
  fc.record({
    kind: fc.constant('commit_status' as const),
    repository: nastyName,
    sha: nastyName,
    state: fc.constantFrom('success' as const, 'failure' as const),
    context: nastyName,
    description: nastyName,
    target_url: fc.constant(null),
  }),
);

const url = fc.oneof(
  fc.constantFrom('https://github.com/acme/deploy/actions/runs/1?a=1&b=<2>|', 'javascript:alert(1)'),
  nastyName.map((name) => `https://github.com/${name}`),
);

const run: fc.Arbitrary<RunView> = fc.record({
  id: fc.constant('1'),
  url: maybe(url),
  status: fc.constantFrom('expected', 'queued', 'in_progress', 'completed', 'missing', 'unknown'),
  conclusion: maybe(fc.oneof(nastyName, fc.constantFrom('success', 'failure', 'timed_out', 'cancelled', 'startup_failure'))),
  attempt: fc.integer({ min: 1, max: 300 }),
  startedAt: maybe(moment),
  endedAt: maybe(moment),
});

const route = fc.oneof(nastyName, fc.constantFrom('deploy', 'evaluate'));

const delivery: fc.Arbitrary<DeliveryView> = fc
  .record({
    id: fc.oneof(fc.uuid(), nastyName),
    route,
    target: nastyName,
    state: fc.constantFrom(...DELIVERY_STATES),
    attempts: fc.nat(20),
    dueAt: maybe(moment),
    reason: maybe(nastyName),
    runUrl: maybe(url),
    request,
    run: maybe(run),
  })
  .map((fields) => deliveryView(fields));

const approval: fc.Arbitrary<ApprovalView> = fc
  .record({
    route,
    channel: fc.oneof(nastyName, fc.constantFrom('#ml-deploys', 'CASKED')),
    by: maybe(fc.array(fc.oneof(nastyName, fc.constantFrom('UAPPROVER1', 'SAPPROVER')), { maxLength: 9 })),
    allowSelf: fc.boolean(),
    expiresAt: moment,
    decision: maybe(fc.constantFrom('approved', 'rejected', 'expired', 'cancelled')),
    decidedBy: maybe(nastyName),
    decidedAt: maybe(moment),
  })
  .map((fields) => approvalView(fields));

const promotionView: fc.Arbitrary<PromotionView> = fc
  .record({ version: maybe(nastyName), since: moment, by: maybe(nastyName), conclusion: maybe(nastyName), url: maybe(url) })
  .map(({ conclusion, url: address, ...fields }) => ({
    artifact: null,
    origin: 'event',
    eventId: null,
    replaced: { version: 'v1', artifact: null, since: 0 },
    deployedAt: null,
    run: conclusion === null ? null : { conclusion, url: address, endedAt: 0 },
    ...fields,
  }));

const alias: fc.Arbitrary<AliasView> = fc.record({
  key: fc.constant('key'),
  source: nastyName,
  entity: maybe(nastyName),
  project: maybe(nastyName),
  registry: maybe(nastyName),
  collection: nastyName,
  alias: nastyName,
  holder: promotionView,
  deployed: maybe(promotionView),
});

const wandb = fc.oneof(
  fc.constantFrom(null, undefined),
  fc.record({
    artifact: fc.dictionary(nastyName, fc.jsonValue()),
    run: fc.record({ summary: fc.dictionary(nastyName, nastyName), user: nastyName }),
  }),
  fc.record({
    artifact: fc.record({ type: nastyName, size: fc.double({ noNaN: true }), created_by: nastyName }),
    run: fc.record({ url: nastyName.map((name) => `https://wandb.ai/${name}`), duration_seconds: fc.double({ noNaN: true }) }),
  }),
) as fc.Arbitrary<JsonObject | null | undefined>;

const manyOf = <T>(one: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> =>
  fc.oneof(
    fc.array(one, { maxLength: 4 }),
    fc.tuple(fc.array(one, { minLength: 1, maxLength: 3 }), fc.nat(most)).map(([few, count]) => repeated(few, count)),
  );

/** One text, or many. */
const textsOf = (text: string | null): string[] => (text === null ? [] : [text, `${text} again`, text, `${text}!`, `${text}?`, `${text}…`]);

const promotion: fc.Arbitrary<PromotionFacts> = fc.record({
  replaced: maybe(fc.record({ version: nastyName, since: moment })),
  isRollback: fc.boolean(),
  replacedBy: maybe(fc.record({ version: nastyName, at: moment })),
});

const burst: fc.Arbitrary<StateCount[] | null> = maybe(
  fc.array(
    fc.record({
      state: fc.constantFrom(...DELIVERY_STATES),
      run: maybe(fc.record({ status: fc.constantFrom('queued' as const, 'completed' as const), conclusion: maybe(nastyName) })),
      count: fc.nat(1000),
    }),
    { maxLength: 20 },
  ),
);

const told: fc.Arbitrary<ConversationEvent> = fc
  .tuple(
    event,
    moment,
    wandb,
    manyOf(delivery, 60),
    manyOf(approval, 20),
    maybe(nastyName.map((name) => `*${escapeMrkdwn(name)}*`)),
    maybe(promotion),
  )
  .map(([what, receivedAt, about, deliveries, approvals, text, promotion]) =>
    conversationEvent({ event: eventView(what, { receivedAt, wandb: about }), deliveries, approvals, texts: textsOf(text), promotion }),
  );

const mute: fc.Arbitrary<Mute> = fc.record({ route, subjectKey: fc.constant('subject-1'), until: moment, by: nastyName });

const conversation: fc.Arbitrary<ConversationView> = fc
  .tuple(manyOf(told, 100), manyOf(mute, 20), fc.oneof(nastyName, fc.constant('#ml-deploys')), fc.nat(1_000_000), burst)
  .map(([events, mutes, channel, more, states]) =>
    conversationOf(events, { mutes, channel, eventCount: events.length + more, burst: states }),
  );

function repeated<T>(few: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, index) => few[index % few.length] as T);
}

function problemsOf(message: { text?: string; blocks: unknown }, most = 50): string[] {
  return slackProblems(message.blocks, { most, ...(message.text === undefined ? {} : { text: message.text }) });
}

const NUM_RUNS = 300;

describe('whatever the names are and however much there is, Slack takes', () => {
  it('the conversation', () => {
    fc.assert(
      fc.property(conversation, (one) => {
        const message = conversationMessage(one, CONTEXT);
        expect(problemsOf(message)).toEqual([]);
        expect(message.text.length).toBeLessThanOrEqual(120);
        expect(Buffer.byteLength(JSON.stringify(message.blocks))).toBeLessThanOrEqual(SLACK_LIMITS.allBlocks);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('a reply', () => {
    fc.assert(
      fc.property(told, conversation, (from, one) => {
        expect(problemsOf(eventMessage(from, one, CONTEXT))).toEqual([]);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('the Home', () => {
    const waiting = manyOf(
      fc.tuple(approval, fc.option(event)).map(([asked, about]) => ({
        approval: { ...asked, notAsked: 'is_archived' },
        event: about === null ? undefined : eventView(about),
        held: [deliveryView({ state: 'held' })],
        mayApprove: about !== null,
      })),
      100,
    );
    const counts = { events: { routed: 3 }, deliveries: { dead: 2 }, rejected: 1 };
    fc.assert(
      fc.property(manyOf(alias, 100), waiting, manyOf(delivery, 100), maybe(event), (aliases, questions, failed, about) => {
        const trouble = failed.map((one) => ({ delivery: one, event: about === null ? undefined : eventView(about) }));
        const content = { aliases, waiting: questions, trouble, throttles: [], counts, mayOperate: true };
        const view = homeView(content, { ...CONTEXT, slackUsers: { ada: 'U0ADA' } });
        expect(problemsOf(view, 100)).toEqual([]);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe('rows of commands', () => {
  it('fit into a message, whatever they hold', () => {
    const row = { githubUrl: CONTEXT.githubUrl, slackUsers: { ada: 'U0ADA' } };
    fc.assert(
      fc.property(manyOf(alias, 60), manyOf(delivery, 60), manyOf(approval, 60), maybe(event), (aliases, deliveries, approvals, about) => {
        const told = about === null ? undefined : eventView(about);
        const held = [deliveryView({ state: 'held' })];
        for (const rows of [
          aliases.map((one) => aliasRow(one, row)),
          deliveries.map((one) => deliveryRow({ delivery: one, event: told }, row, true)),
          approvals.map((one) => approvalRow({ approval: one, event: told, held, mayApprove: true }, row)),
        ]) {
          expect(slackProblems(listBlocks('Rows', rows), { text: 'rows' })).toEqual([]);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe('what matters is kept when there is too much', () => {
  it('above all what happened and the latest question, whatever else the conversation holds', () => {
    const question = fc.tuple(event, manyOf(delivery, 60), maybe(nastyName.map(escapeMrkdwn))).map(([what, deliveries, text]) =>
      conversationEvent({
        event: eventView({ ...what, source: 'default' }),
        deliveries: deliveries.map((one) => ({ ...one, route: 'deploy', state: 'held' as const })),
        approvals: [approvalView()],
        texts: textsOf(text),
      }),
    );
    fc.assert(
      fc.property(conversation, question, (one, asking) => {
        fc.pre(asking.deliveries.length > 0);
        const { blocks } = conversationMessage({ ...one, burst: null, channel: '#ml-deploys', events: [...one.events, asking] }, CONTEXT);
        expect(blocks[0]?.type).toBe('section');
        expect(JSON.stringify(blocks)).toContain('"relay_approve"');
      }),
      { numRuns: NUM_RUNS },
    );
  });

  const long = '<&>'.repeat(400);
  const full = conversationOf(
    repeated([0], 100).map((_, index) =>
      conversationEvent({
        event: eventView(
          { type: 'add_artifact_alias', source: 'default', collection: long, version: long, alias: long, author: long },
          { id: `event-${index}` },
        ),
        deliveries: repeated([0], 60).map((__, number) =>
          deliveryView({ id: `delivery-${number}`, target: long, request: null, state: number < 20 ? 'held' : 'dead', reason: long }),
        ),
        approvals: [approvalView()],
        texts: index === 99 ? [escapeMrkdwn(long)] : [],
      }),
    ),
    { eventCount: 5000 },
  );

  it('what happened, and the buttons that somebody waits for', () => {
    const { blocks } = conversationMessage(full, CONTEXT);
    expect(JSON.stringify(blocks[0])).toContain('&lt;&amp;&gt;');
    const buttons = blocks.flatMap((block) => (block.type === 'actions' ? block.elements.map(({ action_id }) => action_id) : []));
    expect(buttons).toContain('relay_approve');
    expect(buttons).toContain('relay_reject_with_reason');
  });

  it('even where every character takes three bytes', () => {
    const wide = '漢'.repeat(3000);
    const request = {
      kind: 'workflow_dispatch',
      repository: 'acme/deploy',
      workflow: wide,
      ref: wide,
      inputs: Object.fromEntries(repeated([0], 9).map((_, index) => [`${index}${wide}`, wide])),
    } as const;
    const route = '漢'.repeat(255);
    const asking = conversationEvent({
      event: eventView({ type: 'unknown', source: 'default' }),
      deliveries: repeated([deliveryView({ state: 'held', route, request })], 9),
      approvals: [approvalView({ route, by: repeated(['UAPPROVER1'], 9), allowSelf: false })],
      texts: [wide, `${wide}!`],
    });
    expect(JSON.stringify(conversationMessage(conversationOf([asking]), CONTEXT).blocks)).toContain('"relay_approve"');
  });

  it('and it says that something is left out', () => {
    expect(JSON.stringify(conversationMessage(full, CONTEXT).blocks.at(-1))).toContain('A message cannot hold all of it');
  });
});

describe('the checker itself', () => {
  const good = conversationMessage(conversationOf(), CONTEXT);

  it('finds nothing in a good message', () => {
    expect(problemsOf(good)).toEqual([]);
  });

  it.each([
    ['a mention', { type: 'section', text: { type: 'mrkdwn', text: '<!channel>', verbatim: true } }],
    ['a link elsewhere', { type: 'section', text: { type: 'mrkdwn', text: '<https://evil.example|x>', verbatim: true } }],
    ['a bare ampersand', { type: 'section', text: { type: 'mrkdwn', text: 'a & b', verbatim: true } }],
    ['a cut entity', { type: 'section', text: { type: 'mrkdwn', text: 'a &am…', verbatim: true } }],
    ['text that is too long', { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3001), verbatim: true } }],
    ['text that is not verbatim', { type: 'section', text: { type: 'mrkdwn', text: 'x' } }],
    ['an override', { type: 'section', text: { type: 'mrkdwn', text: 'x\u202Ey', verbatim: true } }],
    ['half an emoji', { type: 'section', text: { type: 'mrkdwn', text: 'x\uD83D', verbatim: true } }],
    [
      'an option that is too long',
      {
        type: 'section',
        text: { type: 'mrkdwn', text: 'x', verbatim: true },
        accessory: {
          type: 'overflow',
          action_id: 'a',
          options: [{ text: { type: 'plain_text', text: 'x', emoji: false }, value: 'x'.repeat(151) }],
        },
      },
    ],
    ['an empty context', { type: 'context', elements: [] }],
  ])('finds %s', (_what, block) => {
    expect(slackProblems([block])).not.toEqual([]);
  });

  it('finds too many blocks and too many characters', () => {
    expect(slackProblems(repeated([{ type: 'divider' }], 51))).not.toEqual([]);
    const long = { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(2900), verbatim: true } };
    expect(slackProblems(repeated([long], 5))).not.toEqual([]);
  });
});
