import { expect, test, vi } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import { namesIn, notSetUp } from '../../../receiver/worker/not-set-up.ts';
import { rayOf } from '../../../receiver/worker/ray.ts';
import { rememberedAnswers } from '../../../receiver/worker/remembered-answers.ts';

const VALUE = 'what-was-set';

test.each([
  [
    ['WANDB_WEBHOOK_SECRET: is not set', `SLACK_APP_TOKEN: ${VALUE}`],
    ['WANDB_WEBHOOK_SECRET', 'SLACK_APP_TOKEN'],
  ],
  [[`BASE_PATH: "${VALUE}" is not a path`, 'BASE_PATH: again'], ['BASE_PATH']],
  [[`settings.max_body_bytes: ${VALUE}`], ['settings.max_body_bytes']],
  [[`${VALUE} is not what was expected`], []],
])('the names of what is missing or not valid are shown, and no value: %j', async (problems, names) => {
  expect(namesIn(problems)).toEqual(names);
  const ask = async (path: string) => notSetUp(problems, silentLogger, Date.now)(new Request(`https://relay.test${path}`), {});
  const ready = await ask('/relay/readyz');
  const detail = await ready.text();

  expect([ready.status, (await ask('/healthz')).status, (await ask('/webhooks/wandb')).status]).toEqual([503, 200, 503]);
  expect([ready.headers.get('cache-control'), ready.headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff']);
  expect(names.every((name) => detail.includes(name))).toBe(true);
  expect(detail).not.toContain(VALUE);
});

test.each([
  ['9a1b2c3d4e5f6071-FRA', { ray: '9a1b2c3d4e5f6071-FRA' }],
  ['9a1b2c3d4e5f6071', { ray: '9a1b2c3d4e5f6071' }],
  ['9a1b2c3d4e5f6071-FRA, 9a1b2c3d4e5f6071-FRA', {}],
  ['x'.repeat(10_000), {}],
  ['', {}],
])('a ray id is one of Cloudflare or none: %s', (header, ray) => {
  expect(rayOf(new Request('https://relay.test', { headers: { 'cf-ray': header } }))).toEqual(ray);
});

test('a source is asked at most once a second whether it is ready, and each has its own answer', async () => {
  let time = 0;
  const readiness = rememberedAnswers(() => time, 1_000);
  const ask = vi.fn(async () => new Response('{"status":"ok"}', { headers: { 'content-type': 'application/json' } }));
  const answers = await Promise.all(Array.from({ length: 50 }, () => readiness('default', ask)));

  expect(ask).toHaveBeenCalledTimes(1);
  expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(Array(50).fill({ status: 'ok' }));
  await readiness('prod', ask);
  expect(ask).toHaveBeenCalledTimes(2);
  time = 1_000;
  await readiness('default', ask);
  expect(ask).toHaveBeenCalledTimes(3);
  time = 500;
  await readiness('default', ask);
  expect(ask).toHaveBeenCalledTimes(4);
});
