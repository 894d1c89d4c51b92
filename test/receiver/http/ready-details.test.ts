import { expect, test } from 'vitest';
import { readyDetails } from '../../../receiver/http/ready-details.ts';
import { approvalView, MINUTE, T0 } from '../slack/message-samples.ts';

const approval = (notAsked: string, askedAt = T0) => approvalView({ notAsked, expiresMs: MINUTE, expiresAt: askedAt + MINUTE });

test('the details of readiness count the questions that nobody was asked, with each reason once and no secret', async () => {
  const open = [approval('#old is archived'), approval('#old is archived', T0 + 5), approval('the token xoxb-1 is revoked')];
  const details = readyDetails({ approvalsNotAsked: async () => open, redact: (text) => text.replace('xoxb-1', '***'), now: () => T0 });
  expect(await details()).toEqual({
    approvals_not_asked: {
      count: 3,
      since: new Date(T0).toISOString(),
      reasons: ['#old is archived', 'the token *** is revoked'],
    },
  });
});

test('the details of readiness are left out when there are none, and when the store fails or hangs', async () => {
  const others = { redact: (text: string) => text, now: () => T0, limitMs: 10 };
  expect(await readyDetails({ ...others, approvalsNotAsked: async () => [] })()).toBeUndefined();
  expect(await readyDetails({ ...others, approvalsNotAsked: () => Promise.reject(new Error('disk full')) })()).toBeUndefined();
  expect(await readyDetails({ ...others, approvalsNotAsked: () => new Promise(() => {}) })()).toBeUndefined();
});

test('the details of readiness are looked up once a second for all who ask', async () => {
  const clock = { now: T0 };
  let looks = 0;
  const approvalsNotAsked = async () => {
    looks++;
    return [];
  };
  const details = readyDetails({ approvalsNotAsked, redact: (text) => text, now: () => clock.now });
  await Promise.all([details(), details()]);
  clock.now += 999;
  await details();
  expect(looks).toBe(1);
  clock.now += 1;
  await details();
  clock.now -= MINUTE;
  await details();
  expect(looks).toBe(3);
});
