import { describe, expect, it } from 'vitest';
import type { SlackPerson } from '../../stand-ins/slack-interactions.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { asItCame, bury, claim, eventOf, take } from '../store/samples.ts';
import { ADA, BOB, EVE, type SlackAppInTest, type SlackAppInTestOptions, slackAppInTest, slackInTest } from './slack-app-in-test.ts';
import { slackProblems } from './slack-limits.ts';

async function app(options: Partial<SlackAppInTestOptions> = {}): Promise<SlackAppInTest> {
  return slackAppInTest({ slack: await slackInTest(), ...options });
}

/** Whom the configs of these tests name. */
const NAMED = /^<(?:!subteam\^S0OPS|@U0ADA|@U0BOB)>$/;

/** What the command is answered, which only its user sees. */
async function say(receiver: SlackAppInTest, text: string, by: SlackPerson = BOB): Promise<string> {
  const answer = await receiver.from.command(by, text);
  expect(answer.status).toBe(200);
  const body = JSON.parse(answer.text) as Record<string, unknown>;
  const { blocks, ...rest } = body;
  expect(rest).toEqual({ response_type: 'ephemeral', text: expect.any(String) });
  expect(String(body.text).length).toBeLessThanOrEqual(4_000);
  if (blocks !== undefined) expect(slackProblems(blocks, { text: String(body.text), ours: NAMED })).toEqual([]);
  expect(receiver.slack.calls.filter(({ method }) => method.startsWith('chat.'))).toEqual([]);
  return String(body.text);
}

async function buryAll({ store, clock }: SlackAppInTest): Promise<void> {
  for (const claimed of await claim(store, clock.now)) await bury(store, claimed, clock.now);
}

describe('/wandb-relay', () => {
  it.each([
    '',
    '  ',
    'help',
    'party',
    'mute',
    'mute x 2h',
    'mute x off',
    'mute x 1h y',
    'unmute',
    'replay',
    'replay a b',
    'status now',
    'where a b',
  ])('explains itself for "%s"', async (words) => {
    const text = await say(await app(), words);
    for (const name of ['where', 'approvals', 'failed', 'status', 'deliveries', 'mute', 'unmute', 'replay', 'simulate', 'help'])
      expect(text).toContain(`\`/wandb-relay ${name}`);
    expect(text).toContain('&lt;model or delivery id&gt;');
  });

  it('is unknown under another name', async () => {
    const receiver = await app();
    expect(await receiver.from.command(BOB, 'status', '/wandb')).toEqual({ status: 200, text: '' });
  });

  it('says so when the store fails', async () => {
    const receiver = await app({ wrap: (store) => ({ ...store, counts: () => Promise.reject(new Error('disk full')) }) });
    expect(await say(receiver, 'status')).toMatch(/cannot read or write its store/);
  });
});

/** The rows of an answer: the text of each, and its button. */
async function rows(receiver: SlackAppInTest, text: string, by: SlackPerson = BOB): Promise<[string, string | undefined][]> {
  const answer = JSON.parse((await receiver.from.command(by, text)).text) as { blocks: Block[] };
  expect(slackProblems(answer.blocks, { ours: NAMED })).toEqual([]);
  return answer.blocks.flatMap((block) => (block.type === 'section' ? [[block.text?.text ?? '', block.accessory?.text?.text]] : []));
}

interface Block {
  readonly type: string;
  readonly text?: { readonly text: string };
  readonly accessory?: { readonly action_id: string; readonly value?: string; readonly text?: { readonly text: string } };
}

describe('where, failed and approvals', () => {
  async function members(options: Partial<SlackAppInTestOptions> = {}) {
    const slack = await slackInTest({ users: ['mia', { name: 'gus', guest: 'single-channel' as const }] });
    const receiver = await app({ slack, ...options });
    const person = (name: string) => ({ id: slack.userId(name), name });
    return { receiver, mia: person('mia'), gus: person('gus') };
  }

  it('say which version of a model has an alias, by the name of the model', async () => {
    const { receiver, mia } = await members({ settings: '{ slack_users: { ada: U0ADA } }' });
    await receiver.event('v1');
    receiver.clock.now += 60_000;
    await receiver.event('v2');
    const [row, ...more] = await rows(receiver, 'where resnet50', mia);
    expect(row?.[0]).toMatch(/^\*resnet50\* production: v2 since <!date\^1800000060.* by <@U0ADA>\nreplaced v1 · /);
    expect(more).toEqual([]);
    expect(await say(receiver, 'where', mia)).toMatch(/^\*resnet50\* production: v2/);
    expect(await say(receiver, 'where gpt', mia)).toMatch(/^Nothing is known of gpt/);
  });

  it('list what waits, each with a button that shows the question with its buttons to who may decide', async () => {
    const { receiver, mia } = await members({ approval: '{ slack: "#ml-deploys" }' });
    const { id } = await receiver.event('v1');
    const [row] = await rows(receiver, 'approvals', mia);
    expect(row).toEqual([expect.stringMatching(/\*resnet50\* \*v1\* → \*production\* by ada, until/), 'Review']);
    expect(await rows(receiver, 'approvals resnet50', mia)).toHaveLength(1);
    expect(await say(receiver, 'approvals gpt', mia)).toBe('Nothing of gpt awaits approval.');

    const value = JSON.stringify(['default', id, 'deploy']);
    await receiver.from.press(mia, 'relay_review', value);
    await receiver.settled();
    const question = receiver.slack.calls.find(({ method }) => method === 'response_url')?.args.blocks;
    expect(JSON.stringify(question)).toMatch(/relay_approve.*relay_reject/);
    await receiver.from.press(mia, 'relay_approve', value);
    await receiver.from.press(mia, 'relay_review', value);
    await receiver.settled();
    expect(receiver.answers().slice(1).sort()).toEqual([
      'Approved: it is sent now.',
      expect.stringMatching(/^There is nothing to decide any more/),
    ]);
  });

  it('show the question without buttons to who may not decide, and say why', async () => {
    const { receiver, mia } = await members({ approval: '{ slack: "#ml-deploys", by: [U0BOB] }' });
    const { id } = await receiver.event('v1');
    await receiver.from.press(mia, 'relay_review', JSON.stringify(['default', id, 'deploy']));
    await receiver.from.press(mia, 'relay_review', JSON.stringify(['another', id, 'deploy']));
    await receiver.settled();
    const [question] = receiver.slack.calls
      .filter(({ method }) => method === 'response_url')
      .map(({ args }) => JSON.stringify(args.blocks));
    expect(question).toMatch(/Only <@U0BOB> may decide/);
    expect(question).not.toContain('relay_approve');
    expect(receiver.answers()[1]).toMatch(/nothing to decide any more/);
  });

  it('list what failed, with a button for operators', async () => {
    const { receiver, mia } = await members({ settings: '{ slack_operators: [U0BOB] }' });
    await receiver.event('v1');
    await buryAll(receiver);
    expect(await rows(receiver, 'failed', BOB)).toEqual([[expect.stringContaining('no such repository'), 'Dispatch again']]);
    expect(await rows(receiver, 'failed resnet50', mia)).toEqual([[expect.stringContaining('no such repository'), undefined]]);
    expect(await say(receiver, 'failed gpt', mia)).toBe('Nothing of gpt has failed that still needs somebody.');
  });

  it.each(['where', 'failed', 'approvals'])('%s is not for guests', async (words) => {
    const { receiver, gus } = await members();
    await receiver.event('v1');
    expect(await say(receiver, words, gus)).toBe('Only members of the organization may read this; you are a guest.');
  });
});

describe('a model by its name', () => {
  it('is what replay sends again when one delivery of it failed; of several, each has a button', async () => {
    const receiver = await app();
    expect(await say(receiver, 'replay resnet50')).toMatch(/no such delivery/);
    await receiver.event('v1');
    expect(await say(receiver, 'replay resnet50')).toBe('Nothing of resnet50 has failed that could be sent again.');
    await buryAll(receiver);
    expect(await say(receiver, 'replay ResNet50')).toBe('It is sent again, with the same id.');
    await buryAll(receiver);
    expect(await say(receiver, 'replay resnet50:v1')).toBe('It is sent again, with the same id.');
    expect(await say(receiver, 'replay resnet50:v2')).toMatch(/no such delivery/);
  });

  it('is what mute is about: the routes of its latest event', async () => {
    const receiver = await app();
    await receiver.event('v1');
    expect(await say(receiver, 'mute resnet50 1h')).toMatch(/^Route deploy posts nothing about this subject until/);
    expect(await receiver.store.mutes(receiver.clock.now)).toHaveLength(1);
    expect(await say(receiver, 'unmute resnet50')).toBe('Route deploy posts messages about this subject again.');
    expect(await say(receiver, 'mute gpt')).toMatch(/no such delivery.*called gpt/);
  });

  it('chooses among deliveries that wait', async () => {
    const receiver = await app({ approval: '{ slack: "#ml-deploys" }' });
    await receiver.event('v1');
    expect(await rows(receiver, 'deliveries resnet50')).toEqual([[expect.stringContaining('awaiting approval'), 'Review']]);
    expect(await say(receiver, 'deliveries gpt')).toBe('Everything of gpt is delivered.');
  });
});

describe('status', () => {
  it('counts by state, and says what is throttled', async () => {
    const receiver = await app({ approval: '{ slack: "#ml-deploys" }' });
    await receiver.event('v1');
    await receiver.store.throttle({ credential: 'github', until: receiver.clock.now + 60_000, reason: 'GitHub said <wait>' });
    const text = await say(receiver, 'STATUS');
    expect(text).toContain('*Events* 1 routed');
    expect(text).toContain('*Deliveries* 1 awaiting approval');
    expect(text).toContain('*Open approvals* 1');
    expect(text).toMatch(/\*Throttled\* until <!date\^1800000060\^.*github\. GitHub said &lt;wait&gt;/);
  });

  it('is zero at the beginning', async () => {
    expect(await say(await app(), 'status')).toContain('*Deliveries* none yet');
  });
});

describe('deliveries', () => {
  it('are not all there while events are not routed yet', async () => {
    const receiver = await app();
    await take(receiver.store, asItCame(eventOf('e1', { at: receiver.clock.now - 3_000 })));
    expect(await say(receiver, 'deliveries')).toBe('1 stored event waits to be routed, the oldest for 3 s.');
  });

  it('lists what is not delivered, newest first, and within the limits of Slack', async () => {
    const receiver = await app();
    expect(await say(receiver, 'deliveries')).toBe('Everything is delivered.');
    const ids: string[] = [];
    for (let i = 1; i <= 25; i += 1) {
      receiver.clock.now += 1_000;
      ids.push(...(await receiver.event(`v${i}`)).deliveries);
    }
    await buryAll(receiver);
    const text = await say(receiver, 'deliveries');
    const listed = [...text.matchAll(/`([0-9a-f-]{36})`/g)].map(([, id]) => id);
    expect(listed).toEqual([...ids].reverse().slice(0, listed.length));
    expect(listed).toHaveLength(20);
    expect(text).toContain(`\`${ids.at(-1)}\` *waiting* deploy → repository_dispatch:acme/deploy`);
  });

  it('leaves out whole lines where there are too many letters for Slack, and says how many', async () => {
    const receiver = await app();
    for (let i = 1; i <= 20; i += 1) {
      await receiver.event(`v${i}`);
      for (const claimed of await claim(receiver.store, receiver.clock.now)) {
        const attempt = { startedAt: receiver.clock.now, durationMs: 1, outcome: 'refused', status: 404, detail: 'x' } as const;
        await receiver.store.settle(claimed, attempt, { state: 'dead', reason: '&'.repeat(500) });
      }
    }
    const lines = (await say(receiver, 'deliveries')).split('\n');
    expect(lines.at(-1)).toBe(`… and ${20 - (lines.length - 1)} more lines. Run \`wandb-relay\` on the command line to see all of it.`);
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^`.*…\)$/);
  });

  it('shows nobody else a mention that a reason holds', async () => {
    const receiver = await app();
    await receiver.event('v1');
    for (const claimed of await claim(receiver.store, receiver.clock.now)) {
      const attempt = { startedAt: receiver.clock.now, durationMs: 1, outcome: 'refused', status: 404, detail: 'x' } as const;
      await receiver.store.settle(claimed, attempt, { state: 'dead', reason: `<!channel>\n${'x'.repeat(5_000)}` });
    }
    const text = await say(receiver, 'deliveries');
    expect(text).toContain('(&lt;!channel&gt; xxx');
    expect(text).not.toContain('<!channel>');
  });
});

describe('replay', () => {
  it('sends a delivery once more, and says why not', async () => {
    const receiver = await app();
    const { deliveries } = await receiver.event('v1');
    expect(await say(receiver, `replay ${deliveries[0]}`)).toMatch(/^Not sent again: it is pending; only what is delivered or dead/);
    await buryAll(receiver);
    expect(await say(receiver, `replay ${deliveries[0]}`)).toBe('It is sent again, with the same id.');
    expect(await say(receiver, 'replay none')).toMatch(/no such delivery/);
  });

  it('is for operators and approvers, where they are named', async () => {
    const slack = await slackInTest({ userGroups: { S0OPS: ['U0ADA', 'U0BOB'] } });
    const receiver = await app({ slack, approval: '{ slack: "#ml-deploys", by: [U0BOB] }', settings: '{ slack_operators: [S0OPS] }' });
    const { deliveries } = await receiver.event('v1');
    await receiver.store.approve(deliveries, receiver.clock.now);
    await buryAll(receiver);
    expect(await say(receiver, `replay ${deliveries[0]}`, EVE)).toMatch(/^Only <!subteam\^S0OPS> may do this/);
    expect(await say(receiver, `replay ${deliveries[0]}`, ADA)).toBe('Only <@U0BOB> may replay what they approve.');
    expect(await say(receiver, `replay ${deliveries[0]}`, BOB)).toBe('It is sent again, with the same id.');
  });

  it.each(['deliveries', 'simulate {"event": "link_artifact"}'])(
    '%s tells what events hold to operators only, where they are named',
    async (words) => {
      const slack = await slackInTest({ userGroups: { S0OPS: ['U0ADA'] } });
      const receiver = await app({ slack, settings: '{ slack_operators: [S0OPS] }' });
      expect(await say(receiver, words, EVE)).toMatch(/^Only <!subteam\^S0OPS> may do this/);
      expect(await say(receiver, words, ADA)).not.toMatch(/^Only/);
    },
  );

  it('is no way around an approval: what nobody approved waits for it again', async () => {
    const receiver = await app({ approval: '{ slack: "#ml-deploys" }' });
    const { deliveries } = await receiver.event('v1');
    await receiver.store.cancel(deliveries, receiver.clock.now);
    expect(await say(receiver, `replay ${deliveries[0]}`)).toBe('It awaits approval again.');
    expect((await receiver.store.delivery(deliveries[0]!))?.delivery.state).toBe('held');
  });
});

describe('mute and unmute', () => {
  it('take the id of a delivery and a time', async () => {
    const receiver = await app();
    const id = (await receiver.event('v1')).deliveries[0];
    const until = async () => (await receiver.store.mutes(receiver.clock.now)).map((mute) => mute.until - receiver.clock.now);
    expect(await say(receiver, `mute ${id} 1h`)).toMatch(/^Route deploy posts nothing about this subject until/);
    expect(await until()).toEqual([3_600_000]);
    await say(receiver, `mute ${id}`);
    expect(await until()).toEqual([86_400_000]);
    expect(await say(receiver, `unmute ${id}`)).toBe('Route deploy posts messages about this subject again.');
    expect(await until()).toEqual([]);
    expect(await say(receiver, 'mute none')).toMatch(/no such delivery/);
  });
});

describe('simulate', () => {
  it('says what an event would start, and why not, and stores nothing', async () => {
    const receiver = await app({ approval: '{ slack: "#ml-deploys" }' });
    const text = await say(receiver, `simulate ${JSON.stringify(aliasBody('v7'))}`);
    expect(text).toContain('Event add_artifact_alias: 1 of 2 routes match. Nothing was sent.');
    expect(text).toContain('*deploy* matches');
    expect(text).toContain('• would await approval, then be sent to repository_dispatch:acme/deploy: `{"kind":"repository_dispatch"');
    expect(text).toContain('*other* does not match: event is "add_artifact_alias", wanted "run_state"');
    expect((await receiver.store.counts()).events).toEqual({});
  });

  it('takes the quotation marks that a phone writes', async () => {
    const typed = JSON.stringify(aliasBody('v7')).replace(/"(.*?)"/g, '“$1”');
    expect(await say(await app(), `simulate ${typed}`)).toContain('1 of 2 routes match');
  });

  it('lets no name out of its place', async () => {
    const text = await say(await app(), `simulate ${JSON.stringify(aliasBody('v7', '`<!channel>`'))}`);
    expect(text).not.toContain('<!channel>');
  });

  it('says what is wrong with the text', async () => {
    expect(await say(await app(), 'simulate {')).toMatch(/^This is not JSON: line 1, column 2/);
    expect(await say(await app(), 'simulate')).toMatch(/^This is not JSON/);
    expect(await say(await app(), 'simulate {}')).toMatch(/Test button/);
  });

  it('hides secrets', async () => {
    const receiver = await app();
    const text = await say(receiver, `simulate ${JSON.stringify({ ...aliasBody('v7'), event_author: receiver.slack.botToken })}`);
    expect(text).toContain('1 of 2 routes match');
    expect(text).not.toContain(receiver.slack.botToken);
  });
});
