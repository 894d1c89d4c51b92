import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aboutDataset, aboutModel, aboutRun, NOW } from '../../../../scripts/pages-pictures/acme.ts';
import { startWorld, type World } from '../../../../scripts/pages-pictures/world.ts';
import { type Visit, visit } from './browser.ts';

let world: World;
let url: string;
let edge: string[];

const MINUTE = 60_000;
/** GitHub does not know `acme/edge`: each of these fails for good. */
const tagged = (version: string) => aboutModel('add_artifact_tag', 'speech-small', version, 'lin', { tag: 'edge' });
const promoted = (model: string) => aboutModel('add_artifact_alias', model, 'v3', 'ada', { alias: 'production' });

beforeAll(async () => {
  world = await startWorld({ since: NOW });
  edge = [];
  for (const version of ['v1', 'v2', 'v3']) edge.push(await world.event(tagged(version)));
  for (let i = 0; i < 60; i++) await world.event(aboutRun('run_state', `nightly-${i}`, 'grace', { run_status: 'finished' }));
  await world.until(NOW + MINUTE);
  url = await world.open();
});
afterAll(() => world.close());

/** Opens a page as ada, and says yes to every question. */
async function open(path: string): Promise<Visit & { readonly questions: string[] }> {
  const visited = await visit(url, { as: 'ada' });
  const questions: string[] = [];
  visited.page.on('dialog', (dialog) => {
    questions.push(dialog.message());
    void dialog.accept();
  });
  await visited.go(path);
  return { ...visited, questions };
}

describe('the list of events', () => {
  it('has its filters in the address, and the back button goes back', async () => {
    const { page, context, go } = await open('/');
    await page.getByRole('combobox', { name: 'State' }).selectOption('failed');
    await page.getByText('More filters').click();
    await page.getByRole('textbox', { name: 'Collection' }).fill('speech-small');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('heading', { name: 'Events that match' }).waitFor();
    expect(new URL(page.url()).searchParams.get('collection')).toBe('speech-small');
    expect(await page.locator('table.events tbody tr').count()).toBe(3);
    await page.getByRole('link', { name: 'speech-small v2 got the tag edge' }).click();
    await page.getByRole('heading', { level: 1, name: 'speech-small v2 got the tag edge' }).waitFor();
    await page.goBack();
    expect(await page.getByRole('textbox', { name: 'Collection' }).inputValue()).toBe('speech-small');
    await page.goBack();
    await page.getByRole('heading', { name: 'All events' }).waitFor();
    // The tiles are filters, too.
    await page.getByRole('link', { name: /^3\s*failed$/ }).click();
    await page.getByRole('heading', { name: 'Events that match' }).waitFor();
    await go('/?source_name=prod');
    expect(await page.getByText('No event matches').isVisible()).toBe(true);
    await context.close();
  });

  it('goes on to older ones, and back to the newest', async () => {
    const { page, context } = await open('/?type=run_state');
    const first = await page.locator('table.events tbody tr').first().innerText();
    await page.getByRole('link', { name: 'Older' }).click();
    await page.waitForURL(/before=/);
    expect(await page.locator('table.events tbody tr').count()).toBe(10);
    expect(await page.getByRole('link', { name: 'Older' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Newest' }).click();
    await page.waitForURL((at) => !at.searchParams.has('before'));
    expect(await page.locator('table.events tbody tr').first().innerText()).toBe(first);
    await context.close();
  });

  it('replays all that match, and cancels: a count first, the result after', async () => {
    const { page, context } = await open('/?state=failed');
    await page.getByRole('button', { name: 'Replay…' }).click();
    expect(await page.getByText('3 deliveries match.').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Send again 3 deliveries' }).click();
    await page.getByText('3 deliveries sent again.').waitFor();
    await expect.poll(async () => (await world.store.deliveries({ states: ['dead'], limit: 10 })).length).toBe(3);
    await page.goto(`${url}/?state=failed&text=v1`);
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await page.getByRole('button', { name: 'Cancel 1 delivery' }).click();
    await page.getByText('1 delivery cancelled.').waitFor();
    const [cancelled] = await world.store.deliveries({ eventId: edge[0] ?? '', states: ['cancelled'], limit: 10 });
    expect(cancelled?.reason).toContain('ada, by the pages');
    await context.close();
  });
});

describe('the page of an event', () => {
  it('replays and cancels its delivery', async () => {
    const { page, context, questions, complaints } = await open(`/events/${edge[1]}`);
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('1 delivery sent again.').waitFor();
    await expect
      .poll(async () => {
        await page.reload();
        return page.getByText(/GitHub answered 404/).count();
      })
      .toBeGreaterThan(2);
    await page.getByRole('region', { name: 'Delivery to repository_dispatch:acme/edge' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('1 delivery cancelled.').waitFor();
    expect(questions).toEqual(['Cancel this delivery? It is not sent any more.']);
    expect(complaints()).toEqual([]);
    await context.close();
  });

  it('approves with a reason, and the workflow starts', async () => {
    const id = await world.event(promoted('resnet50'));
    const { page, context } = await open('/');
    await page.getByRole('link', { name: 'Approve or reject…' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'resnet50 v3 → production' }).waitFor();
    await page.getByLabel('Reason').fill('recall is up');
    await page.getByRole('button', { name: 'Approve' }).click();
    // ada caused it, and `allow_self` is false.
    expect(await page.getByRole('alert').innerText()).toMatch(/./);
    await context.close();
    const ben = await visit(url, { as: 'ben' });
    await ben.go(`/events/${id}`);
    await ben.page.getByLabel('Reason').fill('recall is up');
    await ben.page.getByRole('button', { name: 'Approve' }).click();
    await ben.page.getByText('1 delivery approved.').waitFor();
    expect(await ben.page.getByText('approved by ben, by the pages: recall is up').isVisible()).toBe(true);
    await expect.poll(() => world.github.dispatches.some(({ body }) => JSON.stringify(body).includes('recall is up'))).toBe(true);
    await ben.context.close();
  });

  it('counts the approvals of several people; who shares a token gives a name', async () => {
    const id = await world.event(aboutModel('add_artifact_alias', 'resnet50', 'v3', 'lin', { alias: 'fleet' }));
    const { page, context } = await open(`/events/${id}`);
    await page.getByLabel('Reason').fill('looks good');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Your approval is counted. More are needed.').waitFor();
    expect(await page.getByRole('definition').getByText('1 of 2').isVisible()).toBe(true);
    await context.close();
    const shared = await visit(url, { as: 'admin' });
    await shared.go(`/events/${id}`);
    expect(await shared.page.getByText(/ada.*looks good/).count()).toBeGreaterThan(0);
    await shared.page.getByRole('button', { name: 'Approve' }).click();
    // The browser itself asks for the name.
    expect(await shared.page.locator('input[name=by]:invalid').count()).toBe(1);
    await shared.page.getByLabel('Your name').first().fill('grace');
    await shared.page.getByRole('button', { name: 'Approve' }).click();
    await shared.page.getByText('1 delivery approved.').waitFor();
    expect(await shared.page.getByRole('definition').getByText('2 of 2').isVisible()).toBe(true);
    await shared.context.close();
  });

  it('rejects with a reason', async () => {
    const id = await world.event(promoted('bert-ranker'));
    const { page, context } = await open(`/events/${id}`);
    await page.getByLabel('Reason').fill('too slow on the phone');
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByText('1 delivery rejected.').waitFor();
    expect(await page.locator('.badge', { hasText: 'rejected' }).count()).toBeGreaterThan(0);
    expect(await page.getByText('too slow on the phone').count()).toBeGreaterThan(0);
    await context.close();
  });

  it('mutes the messages about its subject, and unmutes', async () => {
    const id = await world.event(aboutRun('run_state', 'finetune-1', 'lin', { run_status: 'failed' }));
    const { page, context } = await open(`/events/${id}`);
    await page.getByLabel('For').selectOption('8 hours');
    await page.getByRole('button', { name: 'Mute' }).click();
    await page.getByText('Muted.').waitFor();
    expect(await page.getByText(/Route training-failed is muted by ada/).isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Unmute' }).click();
    await page.getByText('Not muted any more.').waitFor();
    await context.close();
  });

  it('a form that is out of date changes nothing', async () => {
    const id = await world.event(promoted('fraud-trees'));
    const [first, second] = [await open(`/events/${id}`), await open(`/events/${id}`)];
    await first.page.getByRole('button', { name: 'Reject' }).click();
    await first.page.getByText('1 delivery rejected.').waitFor();
    await second.page.getByRole('button', { name: 'Reject' }).click();
    expect(await second.page.getByRole('alert').isVisible()).toBe(true);
    await second.page.getByRole('link', { name: 'Back' }).click();
    await second.page.getByRole('heading', { level: 1, name: 'fraud-trees v3 → production' }).waitFor();
    await first.context.close();
    await second.context.close();
  });
});

describe('the models', () => {
  it('roll back to a version that was deployed before: what will be sent first, then it is sent', async () => {
    const staged = (version: string) => world.event(aboutModel('add_artifact_alias', 'ocr-net', version, 'lin', { alias: 'staging' }));
    const sent = () => world.github.dispatches.filter(({ body }) => JSON.stringify(body).includes('ocr-net')).length;
    for (const [i, version] of ['v1', 'v2'].entries()) {
      await staged(version);
      await expect.poll(sent).toBe(i + 1);
      await expect.poll(endRuns).toBe(version);
    }
    const { page, context, questions, complaints } = await open('/models?collection=ocr-net');
    await page
      .getByRole('link', { name: /ocr-net/ })
      .first()
      .click();
    await page.getByRole('combobox', { name: 'Version' }).selectOption('v1');
    await page.getByLabel('Reason').fill('v2 reads no dates');
    await page.getByRole('button', { name: 'See what will be sent…' }).click();
    await page.getByText('v1 is deployed again: one dispatch of route deploy-staging, as below.').waitFor();
    expect(await page.getByText(/POST .*\/repos\/acme\/deploy\/actions\/workflows\/staging\.yml\/dispatches/).count()).toBe(1);
    expect(await page.getByText('The alias in W&B stays on v2').isVisible()).toBe(true);
    expect([sent(), await page.getByLabel('Reason').inputValue()]).toEqual([2, 'v2 reads no dates']);
    await page.getByRole('button', { name: 'Roll back to v1' }).click();
    await page.getByRole('heading', { level: 1, name: 'ocr-net staging rolled back to v1' }).waitFor();
    expect(await page.getByText(/v2 reads no dates/).count()).toBeGreaterThan(0);
    await expect.poll(sent).toBe(3);
    expect([questions, complaints()]).toEqual([[], []]);
    await context.close();
  });
});

/** Ends the runs at GitHub well; the version of `ocr-net` that counts as deployed by then. */
async function endRuns(): Promise<string | undefined> {
  for (const { id } of world.github.runs.filter(({ status }) => status !== 'completed')) {
    await world.github.advance(id, 'in_progress');
    await world.github.advance(id, { conclusion: 'success' });
  }
  const [alias] = await world.store.aliases({ collection: 'ocr-net', limit: 1 });
  return alias?.deployed?.version ?? undefined;
}

describe('pauses', () => {
  it('a route is paused, every page says so, and it is resumed', async () => {
    const { page, context, go } = await open('/pauses');
    await page.getByLabel('What').selectOption('route datasets');
    await page.getByLabel('Reason').fill('the cluster moves');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused.', { exact: true }).waitFor();
    await world.event(aboutDataset('dataset-imagenet', 'v90', 'lin'));
    await go('/');
    expect(
      await page
        .getByRole('status')
        .getByText(/Route datasets is paused by ada.*the cluster moves/)
        .isVisible(),
    ).toBe(true);
    expect(await page.getByRole('listitem').filter({ hasText: 'dataset-imagenet v90' }).locator('.badge').innerText()).toBe('paused');
    await page.getByRole('status').getByRole('link', { name: 'Pauses' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('Resumed.').waitFor();
    expect(await page.getByText('Nothing is paused').isVisible()).toBe(true);
    await expect.poll(() => world.github.dispatches.filter(({ repository }) => repository === 'acme/data').length).toBe(1);
    await context.close();
  });
});
