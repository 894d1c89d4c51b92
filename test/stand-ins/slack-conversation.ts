import { test as base, expect, vi } from 'vitest';
import { type RelayOptions, type RelayWithSlack, relayWithSlack } from './relay-with-slack.ts';
import type { StandInMessage } from './slack-call.ts';
import { linesOf } from './slack-words.ts';
import { aliasBody } from './wandb-sender.ts';

/** The scenarios of the end-to-end tests of Slack, and how their messages are read. */

/** The alias `production` waits for an approval, `staging` does not; both are posted in #ml-deploys. */
export const config = (approval = '{ slack: "#ml-deploys" }') => `version: 1
entity: acme
settings: { github_writes_per_second: 50 }
routes:
  - name: production
    on: { event: add_artifact_alias, alias: production }
    approval: ${approval}
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
  - name: tags
    on: { event: add_artifact_tag }
    to: [{ slack: { channel: "#ml-deploys" } }]
  - name: staging
    on: { event: add_artifact_alias, alias: staging }
    to:
      - slack: { channel: "#ml-deploys" }
      - workflow_dispatch:
          { repository: acme/deploy, workflow: staging.yml, ref: main, inputs: { model: "{{ event.artifact }}", delivery_id: "{{ delivery_id }}" } }
`;

export interface Fixtures {
  /** Takes what is to be done when the test has ended, last first. */
  readonly atEnd: (end: () => unknown) => void;
  /** Starts a relay for this test. */
  readonly start: (options?: Partial<RelayOptions>) => Promise<RelayWithSlack>;
}

/** A test that may run beside others: most of its time is spent waiting for Slack's pace. */
export const it = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern which fixtures are used.
  atEnd: async ({}, use) => {
    const ends: (() => unknown)[] = [];
    await use((end) => void ends.push(end));
    for (const end of ends.toReversed()) await end();
  },
  start: async ({ atEnd }, use) => {
    await use((options = {}) => relayWithSlack({ config: () => config(), channels: ['ml-deploys'], atEnd, ...options }));
  },
});

export const production = (version: string, collection = 'resnet50') => aliasBody(version, collection, 'production');
export const staging = (version: string, collection = 'resnet50') => aliasBody(version, collection, 'staging');

export const tag = (version: string, collection = 'resnet50') => {
  const { alias: _alias, ...body } = aliasBody(version, collection, 'none');
  return { ...body, event: 'add_artifact_tag', tag: 'good' };
};

export const until = (check: () => unknown, timeout = 60_000) => vi.waitFor(check, { timeout, interval: 20 });
export const textOf = (message: StandInMessage | undefined) =>
  message === undefined ? 'no message' : `${message.text}\n${linesOf(message).join('\n')}`;

/** The only head in #ml-deploys says this, in its text and its blocks. */
export const headSays = (relay: RelayWithSlack, ...words: readonly (string | RegExp)[]) =>
  until(() => {
    const heads = relay.heads('ml-deploys');
    expect(heads).toHaveLength(1);
    for (const word of words) expect(textOf(heads[0])).toMatch(word);
  });

/** The question is there, with its buttons; bob approves it and the message shows the run that follows. */
export async function approved(relay: RelayWithSlack, version = 'v12') {
  const event = await relay.event(production(version));
  await headSays(relay, /^Approve\? /);
  await relay.press(relay.heads('ml-deploys')[0], 'approve', relay.people.bob);
  await until(() => expect(relay.github.runs).toHaveLength(1));
  return event;
}

/** No call of Slack's is made any more for longer than the pace of a channel. */
export async function quiet({ slack }: RelayWithSlack): Promise<void> {
  let calls = -1;
  while (calls !== slack.calls.length) {
    calls = slack.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 1_600));
  }
}
