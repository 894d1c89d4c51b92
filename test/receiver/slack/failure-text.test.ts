import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOBODY_ASKED } from '../../../receiver/slack/approvers.ts';
import { type AlertContext, alertMessage, type FullAlert } from '../../../receiver/slack/failure-text.ts';
import { EVENT_TYPES } from '../../../src/event/event.ts';
import type { AlertRun, AlertSubject } from '../../../src/route/alert.ts';
import { nastyName } from './nasty-names.ts';
import { slackProblems } from './slack-limits.ts';

const CONTEXT: AlertContext = { githubUrl: 'https://github.com', slackUsers: { ada: 'U012ADA' } };
const RUN_URL = 'https://github.com/acme/deploy/actions/runs/482';
const SUBJECT: AlertSubject = {
  source: 'default',
  type: 'add_artifact_alias',
  collection: 'resnet50',
  version: 'v12',
  alias: 'production',
  author: 'ada',
};
const RUN: AlertRun = {
  url: RUN_URL,
  conclusion: 'failure',
  attempt: 1,
  startedAt: 0,
  endedAt: 42_000,
  failed: { job: 'deploy', step: 'push image', url: `${RUN_URL}/job/1` },
};
const FAILED: FullAlert = {
  problem: 'run_failed',
  target: 'repository_dispatch:acme/deploy',
  route: 'deploy',
  reason: '',
  subject: SUBJECT,
  run: RUN,
  broadcast: true,
};

function shown(changes: Partial<FullAlert>, context: AlertContext = CONTEXT): string[] {
  const { text, blocks } = alertMessage({ ...FAILED, ...changes }, context);
  const texts = blocks.flatMap((block): string[] => {
    if (block.type === 'section') return block.text === undefined ? [] : block.text.text.split('\n');
    return block.type === 'context' ? [block.elements.map((element) => ('text' in element ? element.text : '')).join(' | ')] : [];
  });
  return [text, ...texts];
}

const withoutRun = (changes: Partial<FullAlert>) => {
  const { run: _run, ...rest } = FAILED;
  return alertMessage({ ...rest, ...changes }, CONTEXT);
};

describe('an alert', () => {
  it('of a run that failed names model, alias, repository, job and step, with links, and mentions the author', () => {
    expect(shown({})).toEqual([
      'FAILED: resnet50 v12 → production. acme/deploy failed after 42 s in deploy / push image',
      `:x: <@U012ADA> *resnet50 v12 → production failed* after 42 s in *<${RUN_URL}/job/1|deploy / push image>*`,
      `<${RUN_URL}|Open the run> · <https://github.com/acme/deploy|acme/deploy>`,
      'route deploy | by ada',
    ]);
  });

  it('mentions those that the route names, instead of the author', () => {
    expect(shown({ mention: ['U0BOB', 'S045'] })[1]).toMatch(/^:x: <@U0BOB> <!subteam\^S045> \*resnet50/);
    expect(shown({ mention: ['U1A', 'U2B', 'U3C', 'U4D', 'U5E', 'U6F', 'U7G'] })[1]).toContain('<@U5E> and 2 more *resnet50');
  });

  it('mentions nobody when the author is not known in Slack, whatever the name', () => {
    for (const author of ['bob', 'constructor', '__proto__']) {
      expect(shown({ subject: { ...SUBJECT, author } })[1]).toMatch(/^:x: \*resnet50/);
    }
  });

  it.each([
    [
      'timed_out',
      'TIMED OUT: resnet50 v12 → production. acme/deploy timed out after 42 s',
      '*resnet50 v12 → production timed out* after 42 s',
    ],
    [
      'cancelled',
      'CANCELLED: resnet50 v12 → production. acme/deploy was cancelled after 42 s',
      '*resnet50 v12 → production was cancelled* after 42 s',
    ],
    [
      'startup_failure',
      'DID NOT START: resnet50 v12 → production. acme/deploy could not start',
      '*resnet50 v12 → production could not start*',
    ],
  ])('has words of its own for a run that ended as %s', (conclusion, text, line) => {
    const { failed: _failed, ...run } = { ...RUN, conclusion };
    const [first, second] = shown({ run });
    expect([first, second]).toEqual([text, `:x: <@U012ADA> ${line}`]);
  });

  it('names the attempt of a run that was repeated', () => {
    expect(shown({ run: { ...RUN, attempt: 2 } })[2]).toContain('|Open the run, attempt 2>');
  });

  it('of a dispatch that was not sent, or whose run did not come, gives the reason', () => {
    const reason = 'GitHub refused it <404>';
    expect(withoutRun({ problem: 'not_dispatched', reason })).toMatchObject({
      text: 'NOT DISPATCHED: resnet50 v12 → production. acme/deploy: GitHub refused it &lt;404&gt;',
      blocks: [
        {
          text: {
            text: ':x: <@U012ADA> *resnet50 v12 → production was not dispatched* to <https://github.com/acme/deploy|acme/deploy>: GitHub refused it &lt;404&gt;',
          },
        },
        {},
      ],
    });
    const missing = withoutRun({ problem: 'run_missing', target: 'workflow_dispatch:acme/deploy/deploy.yml', reason });
    expect(missing.text).toMatch(/^DID NOT START: resnet50 v12 → production\. acme\/deploy\/deploy\.yml: /);
    expect(JSON.stringify(missing.blocks)).toContain('did not start* in <https://github.com/acme/deploy|acme/deploy> (deploy.yml): ');
  });

  it('says what a later success resolved, and mentions nobody', () => {
    const { failed: _failed, ...run } = { ...RUN, conclusion: 'success', endedAt: 180_000 };
    expect(shown({ problem: 'resolved', mention: ['U0BOB'], run }).slice(0, 2)).toEqual([
      'RESOLVED: resnet50 v12 → production succeeded in 3 min in acme/deploy',
      ':white_check_mark: *Resolved:* *resnet50 v12 → production succeeded* in 3 min',
    ]);
  });

  it('of a question that nobody was asked mentions those who may decide, and says how', () => {
    const question = {
      problem: 'not_asked',
      target: 'slack:#old',
      reason: `Slack refused it${NOBODY_ASKED}`,
      deliveries: ['d-1', 'd-2'],
    } as const;
    const { text, blocks } = withoutRun({ ...question, mention: ['U0BOB'] });
    expect(text).toBe('NOBODY ASKED: resnet50 v12 → production. #old: Slack refused it');
    expect(JSON.stringify(blocks)).toContain(
      ":warning: <@U0BOB> *resnet50 v12 → production waits, and nobody was asked to approve it* in #old: Slack refused it\\nDecide in this app's Home, or with `wandb-relay approve d-1 d-2 --as NAME`",
    );
    expect(JSON.stringify(withoutRun({ ...question, mention: [] }).blocks)).not.toContain('<@');
  });

  it('of a message that could not be posted names its channel, and mentions nobody', () => {
    const { text, blocks } = withoutRun({ problem: 'not_posted', target: 'slack:#ml-vision', reason: 'there is no #ml-vision' });
    expect(text).toBe('NOT POSTED: resnet50 v12 → production. #ml-vision: there is no #ml-vision');
    expect(blocks[0]).toMatchObject({
      text: { text: ':warning: *resnet50 v12 → production could not be posted* in #ml-vision: there is no #ml-vision' },
    });
  });

  it('of a dispatch whose run cannot be followed says that it was sent', () => {
    const { text, blocks } = withoutRun({ problem: 'resolved', reason: 'its run cannot be followed' });
    expect(text).toBe('RESOLVED: resnet50 v12 → production. acme/deploy: its run cannot be followed');
    expect(blocks[0]).toMatchObject({
      text: {
        text: ':white_check_mark: *Resolved:* *resnet50 v12 → production was dispatched*: its run cannot be followed\n<https://github.com/acme/deploy|acme/deploy>',
      },
    });
  });

  it.each([
    [{ type: 'run_state', run: 'train-78' }, 'run train-78'],
    [{ type: 'run_metric', run: 'train-78', metric: 'loss' }, 'loss of run train-78'],
    [{ type: 'add_artifact_tag', collection: 'resnet50', version: 'v12', tag: 'europe' }, 'resnet50 v12, tag europe'],
    [{ type: 'unknown' }, 'an artifact'],
  ] as const)('names what %j is about', (subject, words) => {
    expect(shown({ subject: { source: 'default', ...subject } })[0]).toContain(`FAILED: the workflow for ${words}. acme/deploy failed`);
  });

  it('keeps to what Slack takes, with a text of 120 characters, whatever the names', () => {
    const name = fc.option(nastyName, { nil: undefined });
    const subject = fc.record({
      type: fc.constantFrom(...EVENT_TYPES),
      collection: name,
      version: name,
      alias: name,
      tag: name,
      run: name,
      author: name,
    });
    const problem = fc.constantFrom('not_dispatched', 'run_missing', 'run_failed', 'resolved', 'not_asked', 'not_posted');
    fc.assert(
      fc.property(problem, subject, nastyName, nastyName, nastyName, (kind, about, target, route, job) => {
        const present = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined)) as Omit<
          AlertSubject,
          'source'
        >;
        const run = {
          ...RUN,
          url: `https://github.com/${target}`,
          failed: { job, step: job, url: `https://github.com/?${new URLSearchParams({ job })}` },
        };
        const alert = {
          ...FAILED,
          problem: kind,
          subject: { source: 'default', ...present },
          target,
          route,
          reason: job,
          deliveries: [job],
        };
        for (const message of [alertMessage({ ...alert, run }, CONTEXT), withoutRun(alert)]) {
          expect(slackProblems(message.blocks, { text: message.text })).toEqual([]);
          expect(message.text.length).toBeLessThanOrEqual(120);
          expect(JSON.stringify(message)).not.toMatch(/<!(?:channel|here|everyone)/);
        }
      }),
      { numRuns: 150 },
    );
  });
});
