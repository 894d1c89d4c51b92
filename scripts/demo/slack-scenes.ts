import assert from 'node:assert/strict';
import { ACTIONS } from '../../receiver/slack/actions.ts';
import type { StandInRun } from '../../test/stand-ins/github-runs.ts';
import { eventually } from '../../test/stand-ins/receiver-process.ts';
import type { StandInMessage } from '../../test/stand-ins/slack-call.ts';
import { buttonValue, linesOf } from '../../test/stand-ins/slack-words.ts';
import { aliasBody, post } from '../../test/stand-ins/wandb-sender.ts';
import { DEMO_SECRET, type Scene, type Stage } from './scenes.ts';

export const DEMO_CHANNEL = 'ml-deploys';
/** A message changes at most about once a second, and one that Slack did not take is tried again seconds later. */
const LIMIT_MS = 30_000;

/** What people see in Slack. Each scene prints the message as it changes. */
export const slackScenes: readonly Scene[] = [
  {
    title: 'a champion is chosen: somebody approves it in Slack, and the workflow succeeds',
    play: async (stage) => {
      const { github, people, from } = stage;
      const channel = follow(stage);
      await send(stage, 'champion', 'resnet50');
      const question = await channel.until(/^Approve\? /);
      assert.equal(channel.runs().length, 0);
      stage.say(['> bob presses Approve']);
      await from.press(people.bob, ACTIONS.approve, buttonValue(question, ACTIONS.approve));
      await channel.until(/run queued/);
      const run = await channel.startedRun();
      await github.advance(run.id, 'in_progress');
      await channel.until(/run in progress/);
      stage.later(185_000);
      await github.advance(run.id, { conclusion: 'success' });
      const { text } = await channel.until(/ succeeded in 3 min/);
      assert.equal(channel.messages().length, 1);
      return `one message, from the question to: ${ending(text)}`;
    },
  },
  {
    title: 'another is rejected, with a reason',
    play: async (stage) => {
      const { people, from, slack } = stage;
      const channel = follow(stage);
      await send(stage, 'champion', 'bert');
      const question = await channel.until(/^Approve\? /);
      stage.say(['> ada presses Reject… and writes "val/f1 is lower"']);
      await from.press(people.ada, ACTIONS.rejectWithReason, buttonValue(question, ACTIONS.rejectWithReason));
      await eventually('the form is open', () => slack.views(people.ada.id).length === 1, LIMIT_MS);
      const form = slack.views(people.ada.id)[0];
      assert.ok(form);
      await from.submit(people.ada, form, { reason: 'val/f1 is lower' });
      const { text } = await channel.until(/^Rejected by ada: /);
      assert.equal(channel.runs().length, 0);
      return `nothing was dispatched: ${ending(text)}`;
    },
  },
  {
    title: 'a workflow fails',
    play: async (stage) => {
      const channel = follow(stage);
      await send(stage, 'canary', 'gpt');
      const run = await channel.startedRun();
      await channel.until(/run queued/);
      stage.later(42_000);
      await stage.github.advance(run.id, { conclusion: 'failure' });
      await channel.until(/^Failed: /);
      await eventually('the failure is posted in the thread', () => channel.messages().length === 2, LIMIT_MS);
      const [head, reply] = channel.messages();
      assert.ok(reply);
      assert.equal(reply.threadTs, head?.ts);
      stage.say(['in its thread:', ...linesOf(reply).map((line) => `  ${line}`)]);
      return 'shown in the message, and posted once in its thread';
    },
  },
  {
    title: 'Slack is down while a version gets the alias canary',
    play: async (stage) => {
      const { slack } = stage;
      slack.setDown(true);
      const channel = follow(stage);
      const before = performance.now();
      await send(stage, 'canary', 'whisper');
      const run = await channel.startedRun();
      const took = Math.round(performance.now() - before);
      stage.later(60_000);
      await stage.github.advance(run.id, { conclusion: 'success' });
      await eventually('Slack was asked in vain', () => slack.calls.at(-1)?.status === 503, LIMIT_MS);
      assert.equal(channel.messages().length, 0);
      stage.say([`GitHub had started the run after ${took} ms; Slack answers 503`, '> Slack is back']);
      slack.setDown(false);
      await channel.until(/^Deployed: /);
      assert.equal(channel.messages().length, 1);
      return `the run had started after ${took} ms; the message came when Slack was back, once`;
    },
  },
];

/** Looks at what is new in the channel and at GitHub from here on. */
function follow({ slack, github, say }: Stage) {
  const [firstMessage, firstRun] = [slack.messages(DEMO_CHANNEL).length, github.runs.length];
  const messages = (): StandInMessage[] => slack.messages(DEMO_CHANNEL).slice(firstMessage);
  const runs = (): readonly StandInRun[] => github.runs.slice(firstRun);
  let shown = '';
  return {
    messages,
    runs,
    startedRun: async (): Promise<StandInRun> => {
      await eventually('GitHub starts the run', () => runs().length === 1);
      const [run] = runs();
      assert.ok(run);
      return run;
    },
    /** Prints the first message whenever it changes; resolves once its `text` says this. */
    until: async (words: RegExp): Promise<StandInMessage> => {
      let head: StandInMessage | undefined;
      const arrived = (): boolean => {
        [head] = messages();
        const lines = head === undefined ? [] : [`#${DEMO_CHANNEL}: ${head.text}`, ...linesOf(head).map((line) => `  | ${line}`)];
        if (lines.join('\n') !== shown) say(lines);
        shown = lines.join('\n');
        return head !== undefined && words.test(head.text);
      };
      await eventually(`the message says ${words.source}`, arrived, LIMIT_MS);
      assert.ok(head);
      return head;
    },
  };
}

async function send({ receiver }: Stage, alias: string, collection: string): Promise<void> {
  const { status } = await post(`${receiver().url}/webhooks/wandb`, aliasBody('v20', collection, alias), DEMO_SECRET);
  assert.equal(status, 202);
}

/** Of a message's text, how things stand in the end. */
function ending(text: string): string {
  return text.slice(text.indexOf('. ') + 2).replace(/\.$/, '');
}
