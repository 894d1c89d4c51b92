import { reset } from 'cloudflare:test';
import { exports } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ACTIONS, type DecisionValue, encodeDecision } from '../../../receiver/slack/actions.ts';
import { signedWebhook } from '../../stand-ins/github-runs.ts';
import { type SlackInteractions, slackInteractions } from '../../stand-ins/slack-interactions.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import {
  ask,
  firstDelivery,
  GITHUB_WEBHOOK_SECRET,
  outside,
  PROD_EU_SECRET,
  post,
  SLACK_SIGNING_SECRET,
  seenByGitHub,
  until,
} from './worker-in-test.ts';

afterEach(reset);

const PROD_EU = { path: '/webhooks/wandb/prod-eu', secret: PROD_EU_SECRET };

async function ada(): Promise<{ person: { id: string; name: string }; slack: SlackInteractions }> {
  const seen = await outside();
  const slack = slackInteractions({
    request: (path, init) => exports.default.fetch(`https://relay.test${path}`, init),
    signingSecret: SLACK_SIGNING_SECRET,
    now: Date.now,
    responseUrl: () => seen.responseUrl,
    triggerId: async () => (await outside()).triggerId,
  });
  return { person: { id: seen.ada, name: 'ada' }, slack };
}

/** Waits until Slack shows the buttons of a decision; tells what they carry. */
function askedFor(decision: DecisionValue): Promise<string> {
  const value = encodeDecision(decision);
  return vi.waitFor(
    async () => {
      const { messages } = await outside();
      expect(JSON.stringify(messages.map(({ blocks }) => blocks))).toContain(JSON.stringify(value));
      return value;
    },
    { timeout: 60_000, interval: 50 },
  );
}

describe('Slack on Workers', () => {
  test.each([
    ['default', {}],
    ['prod-eu', PROD_EU],
  ])('asks for an approval of the source %s, and takes the answer to where it belongs', async (source, options) => {
    const { person, slack } = await ada();
    const answer = await post(aliasBody('v1', `model-of-${source}`, 'release'), options);
    const id = firstDelivery(answer);

    const value = await askedFor({ source, eventId: String(answer.body.id), route: 'release' });
    const pressed = await slack.press(person, ACTIONS.approve, value);

    expect(pressed.status).toBe(200);
    await until(id, 'delivered', source);
    expect((await seenByGitHub(id)).dispatches).toHaveLength(1);
  });

  test('verifies its address, and refuses what is not signed with its secret', async () => {
    const { person, slack } = await ada();
    const challenge = JSON.stringify({ type: 'url_verification', challenge: 'abc' });

    expect(await slack.send(challenge, 'application/json')).toMatchObject({ status: 200, text: '{"challenge":"abc"}' });
    const forged = await slack.press(person, ACTIONS.approve, JSON.stringify(['default', 'e', 'r']), { secret: 'another' });
    expect(forged.status).toBe(401);
  });

  test('answers a command for the source that it names, else for the default one', async () => {
    const { person, slack } = await ada();
    await post(aliasBody('v1', 'resnet50', 'no-route'), PROD_EU);

    expect((await slack.command(person, 'status')).text).not.toContain('unmatched 1');
    expect((await slack.command(person, 'status source:prod-eu')).text).toMatch(/unmatched/);
    expect((await slack.command(person, 'status source:nobody')).status).toBe(404);
    expect((await slack.command(person, 'status source:sandbox:default')).status).toBe(404);
  });
});

describe("GitHub's webhooks on Workers", () => {
  test('reach the object that knows the delivery, whichever that is', async () => {
    const id = firstDelivery(await post(aliasBody('v1'), PROD_EU));
    await until(id, 'delivered', 'prod-eu');
    const { runs } = await seenByGitHub(id);
    const run = { ...runs[0], run_attempt: 1, status: 'completed', conclusion: 'success', updated_at: new Date().toISOString() };
    const body = JSON.stringify({ action: 'completed', workflow_run: run, repository: { full_name: 'acme/deploy' } });
    const send = async (secret: string) => {
      const request = signedWebhook({ url: 'https://relay.test/webhooks/github', secret, event: 'workflow_run', body });
      return ask('/webhooks/github', { method: 'POST', headers: request.headers, body });
    };

    expect((await send('another')).status).toBe(401);
    expect((await send(GITHUB_WEBHOOK_SECRET)).status).toBeLessThan(300);

    await vi.waitFor(async () => {
      const { delivery } = await until(id, 'delivered', 'prod-eu');
      expect(delivery.run).toMatchObject({ status: 'completed', conclusion: 'success' });
    }, 60_000);
  });
});
