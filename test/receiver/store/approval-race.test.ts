import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ACTIONS, encodeDecision } from '../../../receiver/slack/actions.ts';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { startGitHub } from '../../stand-ins/github.ts';
import { BARE_ENVIRONMENT, builtProgram, COMPILED_ONCE } from '../../stand-ins/receiver-process.ts';
import { type SlackStandIn, startSlack } from '../../stand-ins/slack.ts';
import { type SlackPerson, slackInteractions } from '../../stand-ins/slack-interactions.ts';
import { aliasBody, post } from '../../stand-ins/wandb-sender.ts';
import { temporaryDatabase } from './temporary-database.ts';

const ROUNDS = 200;
const SIGNING_SECRET = 'the-signing-secret-of-the-slack-app';
const WANDB_SECRET = 'the-signing-secret-of-the-relay';
const TOKEN = 'ghp_a_token_for_tests_only';
const ROUTE = 'production';
const CONFIG = `version: 1
settings: { github_writes_per_second: 100 }
routes:
  - name: ${ROUTE}
    on: { event: add_artifact_alias, alias: production }
    approval: { slack: "#ml-deploys" }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
`;

/** A receiver in a process of its own, on a database that others have open too; resolves with its address. */
async function receiverOn(environment: Readonly<Record<string, string>>): Promise<string> {
  const script = await builtProgram('test/receiver/store/approval-race-child.ts');
  const child = spawn(process.execPath, [script], { env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE, RACE_CONFIG: CONFIG, ...environment } });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  onTestFinished(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(complaints).toEqual([]);
  });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the receiver ended with ${code}: ${complaints.join('\n')}`)));
  });
}

/** What somebody presses at the receiver that Slack happened to reach. */
function pressAt(url: string, slack: SlackStandIn, by: SlackPerson) {
  const from = slackInteractions({
    request: (path, init) => fetch(`${url}${path}`, init),
    signingSecret: SIGNING_SECRET,
    now: Date.now,
    responseUrl: slack.responseUrl,
    triggerId: slack.triggerId,
  });
  return async (action: string, value: string): Promise<void> => {
    expect((await from.press(by, action, value)).status).toBe(200);
  };
}

it('an approval that two people decide at the same moment, each at another receiver, is decided once', { timeout: 120_000 }, async () => {
  const path = temporaryDatabase();
  const slack = await startSlack({ channels: ['ml-deploys'], users: ['ada', 'bob'] });
  onTestFinished(() => slack.close());
  const github = await startGitHub({ repositories: ['acme/deploy'], workflows: [], tokens: { [TOKEN]: 'acme' } });
  onTestFinished(() => github.close());
  const environment = {
    DATABASE_URL: `file:${path}`,
    WANDB_WEBHOOK_SECRET: WANDB_SECRET,
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: github.url,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_SIGNING_SECRET: SIGNING_SECRET,
    SLACK_API_URL: slack.apiUrl,
  };
  const store = sqliteStore(openSqlite(path));
  onTestFinished(() => store.close());
  const urls = [await receiverOn(environment), await receiverOn(environment)];
  const people = ['ada', 'bob'].map((name) => ({ id: slack.userId(name), name }));
  const presses = people.map((person, i) => pressAt(urls[i]!, slack, person));
  const answers = () => slack.calls.filter(({ method }) => method === 'response_url').map(({ args }) => String(args.text));
  const labels = people.map(({ id, name }) => `${name} (${id})`);
  const won = new Map<string | null, number>();
  const released: string[] = [];

  for (let round = 0; round < ROUNDS; round++) {
    const { body } = await post(`${urls[round % 2]}/webhooks/wandb`, aliasBody('v1', `model-${round}`), WANDB_SECRET);
    const { id = '', deliveries = [] } = body;
    const dispatch = deliveries.find(({ target }) => target.startsWith('repository_dispatch'))!.id;
    const value = encodeDecision({ source: 'default', eventId: id, route: ROUTE });
    // Now they agree, now they do not; now the one is first on the way, now the other.
    const actions = [ACTIONS.approve, [ACTIONS.approve, ACTIONS.reject][round % 2]!];
    const both = [0, 1].map((i) => ({ press: presses[i]!, action: actions[(i + (round >> 1)) % 2]! }));
    const inOrder = (round >> 2) % 2 === 0 ? both : both.toReversed();
    await Promise.all(inOrder.map(({ press, action }) => press(action, value)));
    await vi.waitFor(() => expect(answers()).toHaveLength(2 * (round + 1)), { timeout: 10_000, interval: 2 });

    const approval = await store.approval(id, ROUTE);
    const winner = labels.indexOf(approval?.decidedBy ?? '');
    expect(winner).toBeGreaterThanOrEqual(0);
    expect(approval?.decision).toBe(both[winner]?.action === ACTIONS.approve ? 'approved' : 'rejected');
    won.set(approval?.decidedBy ?? null, (won.get(approval?.decidedBy ?? null) ?? 0) + 1);
    const said = answers().slice(-2).toSorted();
    const verb = approval?.decision === 'approved' ? 'approved' : 'rejected';
    expect(said[0]).toBe(verb === 'approved' ? 'Approved: it is sent now.' : 'Rejected: nothing is sent.');
    expect(said[1]).toMatch(`Too late: ${labels[winner]} ${verb} it`);
    const notes = (await store.delivery(dispatch))?.notes.map(({ text }) => text) ?? [];
    expect(notes.filter((text) => /^(approved|rejected) by /.test(text))).toEqual([`${verb} by ${labels[winner]}`]);
    if (verb === 'approved') released.push(dispatch);
    else expect((await store.delivery(dispatch))?.delivery.state).toBe('cancelled');
  }

  await vi.waitFor(() => expect(github.dispatches.length).toBeGreaterThanOrEqual(released.length), { timeout: 20_000, interval: 20 });
  const sent = github.dispatches.map(({ body }) => (body.client_payload as { delivery_id: string }).delivery_id);
  expect(sent.toSorted()).toEqual(released.toSorted());
  // Otherwise there was no race.
  expect([...won.keys()].toSorted()).toEqual(labels.toSorted());
  expect([...won.values()].reduce((sum, count) => sum + count, 0)).toBe(ROUNDS);
});
