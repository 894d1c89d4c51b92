import { WebAPIPlatformError } from '@slack/web-api';
import { describe, expect, it } from 'vitest';
import { afterAsking, NOBODY_ASKED } from '../../../receiver/slack/approvers.ts';
import type { ApprovalView } from '../../../receiver/store/approvals.ts';
import { approvalView, conversationEvent } from './message-samples.ts';

const POSTED = { outcome: 'delivered', status: 200, detail: 'posted in #ml', run: null, message: { channel: 'C012ML', ts: '1' } } as const;

/** What comes of a posted question, when the channel has these members, page by page. */
async function asked(approval: Partial<ApprovalView>, pages: readonly (readonly string[])[] | Error) {
  const calls: unknown[] = [];
  const client = {
    apiCall: async (method: string, args?: Record<string, unknown>) => {
      calls.push([method, args]);
      if (pages instanceof Error) throw pages;
      const page = Number(args?.cursor ?? 0);
      const next = page + 1 < pages.length ? String(page + 1) : '';
      return { ok: true, members: pages[page], response_metadata: { next_cursor: next } };
    },
  };
  const event = conversationEvent({ approvals: [approvalView({ channel: '#ml', decision: null, ...approval })] });
  return { result: await afterAsking(client, POSTED, event, { channel: '#ml' }), calls };
}

const refusal = (error: string, needed?: string) =>
  new WebAPIPlatformError({ ok: false, error, ...(needed === undefined ? {} : { needed }) } as ConstructorParameters<
    typeof WebAPIPlatformError
  >[0]);

describe('whether those who may decide see the question', () => {
  it('is so when one of them is in the channel, and as many as must approve', async () => {
    const pages = [['U0X', 'U0Y'], ['U0BOB']];
    expect((await asked({ by: ['U0ADA', 'U0BOB'] }, pages)).result).toEqual(POSTED);
    expect((await asked({ by: ['U0X', 'U0BOB', 'U0ADA'], approvals: 2 }, pages)).result).toEqual(POSTED);
  });

  it('is not so when too few of them are', async () => {
    const none = await asked({ by: ['U0ADA', 'U0BOB'] }, [['U0X']]);
    const notAsked = 'nobody who may decide is in #ml: invite them there';
    expect(none.result).toEqual({ ...POSTED, notAsked, detail: `posted in #ml, but ${notAsked}` });
    expect(none.calls).toEqual([['conversations.members', { channel: 'C012ML', limit: 1000 }]]);
    const one = await asked({ by: ['U0ADA', 'U0BOB'], approvals: 2 }, [['U0BOB']]);
    expect(one.result).toMatchObject({
      notAsked: 'only 1 of those who may decide is in #ml, and 2 must approve: invite the others there',
    });
  });

  it('is not asked about when everybody may, when a group may, when it is decided, or asked elsewhere', async () => {
    for (const approval of [
      { by: null },
      { by: ['U0ADA', 'S045'] },
      { by: ['U0ADA'], decision: 'approved' },
      { by: ['U0ADA'], channel: '#other' },
    ] as const) {
      expect(await asked(approval, [[]])).toEqual({ result: POSTED, calls: [] });
    }
  });

  it('is not known without the scope, in a very large channel, or when Slack fails; the question is posted all the same', async () => {
    const { result } = await asked({ by: ['U0ADA'] }, refusal('missing_scope', 'channels:read'));
    expect(result).toEqual({
      ...POSTED,
      detail: 'posted in #ml; whether those who may decide are in #ml is not known: the app lacks the scope channels:read',
    });
    const large = await asked(
      { by: ['U0ADA'] },
      Array.from({ length: 9 }, () => ['U0X']),
    );
    expect([large.result, large.calls.length]).toEqual([POSTED, 5]);
    for (const error of [refusal('internal_error'), new Error('socket hang up')]) {
      expect((await asked({ by: ['U0ADA'] }, error)).result).toEqual(POSTED);
    }
  });
});

it('says of a refused message that nobody is asked, when it asks', async () => {
  const client = { apiCall: () => Promise.reject(new Error('not to be called')) };
  const refused = { outcome: 'refused', status: 200, detail: '#ml is archived' } as const;
  const asking = conversationEvent({ approvals: [approvalView({ channel: 'ml', decision: null })] });
  expect(await afterAsking(client, refused, asking, { channel: '#ml' })).toEqual({ ...refused, detail: `#ml is archived${NOBODY_ASKED}` });
  expect(await afterAsking(client, refused, conversationEvent({ approvals: [] }), { channel: '#ml' })).toEqual(refused);
});
