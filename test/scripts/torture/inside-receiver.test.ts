import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { GitHub } from '../../../scripts/torture/github.ts';
import { Receiver } from '../../../scripts/torture/receiver.ts';
import type { Step } from '../../../scripts/torture/steps.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { builtProgram, COMMAND, eventually, runCommand } from '../../stand-ins/receiver-process.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { aliasBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';

const SECRET = 'a-webhook-secret-for-this-test-only';
const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
`;
const LIMIT_MS = 20_000;

let server: PostgresDatabases;
let github: GitHub;
beforeAll(async () => {
  server = await sharedPostgres();
  github = await GitHub.start(1);
  github.calm();
});
afterAll(async () => {
  github.stop();
});

/** A receiver, the event that it is sent, and what can be known about it from outside. */
async function receiverOn(store: string) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'wandb-relay.yaml'), CONFIG);
  const environment = {
    DATABASE_URL: store === 'postgres' ? await server.newDatabase() : 'file:relay.db',
    WANDB_WEBHOOK_SECRET: SECRET,
    GITHUB_TOKEN: 'ghp_a_token_for_this_test_only',
  };
  const crashed = () => undefined;
  const main = await builtProgram(COMMAND, ['pg']);
  const receiver = new Receiver({ main, name: 'tested', cwd, environment, githubUrl: github.url, crashed });
  onTestFinished(() => receiver.stop());
  receiver.start();
  await receiver.up();
  const body = JSON.stringify(aliasBody('v1'));
  const list = async (what: string) => JSON.parse((await runCommand([what, '--json'], { cwd, environment })).stdout) as unknown;
  return {
    receiver,
    /** The status of the answer, or `none`. */
    send: async () => {
      const post = { method: 'POST', headers: signedHeaders(body, SECRET), body };
      return fetch(`${receiver.url}/webhooks/wandb`, post).then(
        ({ status }) => status,
        () => 'none',
      );
    },
    events: async () => ((await list('events')) as { events: unknown[] }).events.length,
    deliveries: async () => (await list('deliveries')) as { createdAt: number }[],
  };
}

describe.each(['sqlite', 'postgres'])('on %s', (store) => {
  test.each<[Step, { answer: number | 'none'; events: number; arrivals: number }]>([
    ['before-commit', { answer: 'none', events: 0, arrivals: 0 }],
    ['after-commit', { answer: 'none', events: 1, arrivals: 0 }],
    ['after-claim', { answer: 202, events: 1, arrivals: 0 }],
    ['after-send', { answer: 202, events: 1, arrivals: 1 }],
  ])('a receiver is killed at the step %s', async (step, expected) => {
    const { receiver, send, events } = await receiverOn(store);
    const before = await github.count();
    const killed = receiver.killAt(step, LIMIT_MS);

    const answer = await send();
    expect(await killed).toBe(true);
    // What the process that comes after it sends is not of interest here.
    await receiver.stop();

    expect({ answer, events: await events(), arrivals: (await github.count()) - before }).toEqual(expected);
  });
});

test('a full disk refuses events until it has room again', async () => {
  const { receiver, send } = await receiverOn('sqlite');
  receiver.setDisk(true);
  await eventually('the disk is full', async () => (await send()) === 503);
  receiver.setDisk(false);
  await eventually('the disk has room', async () => [200, 202].includes(Number(await send())));
});

test('a clock that is set ahead stays ahead in the process that comes after', async () => {
  const { receiver, send, deliveries } = await receiverOn('sqlite');
  receiver.setClock(3_600_000);
  await receiver.kill();
  await receiver.up();

  expect(await send()).toBe(202);

  const [delivery] = await deliveries();
  expect(delivery?.createdAt).toBeGreaterThan(Date.now() + 3_000_000);
});
