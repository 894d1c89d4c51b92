import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { MUTE_TIMES, type MuteTime } from './actions.ts';
import { approvals, deliveries, failed, LISTED, status, where } from './command-lists.ts';
import { muteNamed, replayNamed } from './command-named.ts';
import { simulate } from './command-simulate.ts';
import { capped, sectionsOf } from './command-text.ts';
import { type Handling, type Outcome, type Person, refused } from './handling.ts';
import { mayRead } from './members.ts';
import { permitted } from './step-in.ts';

export const COMMAND = '/wandb-relay';

/** Longer commands are cut: Slack's own messages are shorter. */
const MAX_WORDS = 12_000;

/**
 * Runs what was typed after the command's name. The answer is blocks, and the same as mrkdwn of at most 3,900 characters.
 */
export async function runCommand(handling: Handling, words: string, person: Person): Promise<Outcome> {
  const outcome = await run(handling, words.slice(0, MAX_WORDS).trim(), person);
  const text = capped(outcome.text);
  return { ...outcome, text, blocks: outcome.blocks ?? sectionsOf(text) };
}

/** On Workers the last word may name the source whose store is meant; it has been used by the time the command arrives here. */
const SOURCE_WORD = /(?:^|\s)source:\S+$/;

async function run(handling: Handling, typed: string, person: Person): Promise<Outcome> {
  const words = typed.replace(SOURCE_WORD, '');
  const [name = '', ...rest] = words.split(/\s+/);
  const [first, second, ...more] = rest;
  const one = second === undefined;
  switch (name.toLowerCase()) {
    case 'status':
      return rest.length === 0 ? status(handling) : help();
    case 'where':
      return one ? forReaders(handling, person, () => where(handling, first)) : help();
    case 'failed':
      return one ? forReaders(handling, person, () => failed(handling, first, person)) : help();
    case 'approvals':
      return one ? forReaders(handling, person, () => approvals(handling, first, person)) : help();
    case 'deliveries':
      return one ? forOperators(handling, person, () => deliveries(handling, first)) : help();
    case 'mute': {
      const chosen = second ?? '24h';
      if (first === undefined || more.length > 0 || !isMuteTime(chosen) || chosen === 'off') return help();
      return muteNamed(handling, first, chosen, person);
    }
    case 'unmute':
      return first === undefined || !one ? help() : muteNamed(handling, first, 'off', person);
    case 'replay':
      return first === undefined || !one ? help() : replayNamed(handling, first, person);
    case 'simulate':
      return forOperators(handling, person, async () => simulate(handling, words.slice(name.length).trim()));
    case 'help':
    case '':
      return { ...help(), done: true };
    default:
      return help();
  }
}

/** When the config names operators, only they may read events as they arrived. */
async function forOperators(handling: Handling, person: Person, work: () => Promise<Outcome>): Promise<Outcome> {
  const permission = await permitted(handling, person, null);
  return permission.may ? work() : refused(permission.why);
}

async function forReaders(handling: Handling, person: Person, work: () => Promise<Outcome>): Promise<Outcome> {
  const permission = await mayRead(person, handling);
  return permission.may ? work() : refused(permission.why);
}

function help(): Outcome {
  const lines: [string, string][] = [
    ['where [model]', 'which version has an alias such as production, since when, and which one is deployed'],
    ['approvals [model]', 'what waits for a decision'],
    ['failed [model]', 'dispatches and runs that failed and that nothing later has made good'],
    ['status', 'how much arrived, what waits, what failed, what is throttled'],
    ['deliveries [model]', `the newest ${LISTED} that are not delivered`],
    ['mute <model or delivery id> [1h|24h|7d]', 'no messages of its route about its subject; default 24h'],
    ['unmute <model or delivery id>', 'messages again'],
    ['replay <model or delivery id>', 'sends what failed once more'],
    ['simulate <event as JSON>', 'what an event would start, and why not; sends nothing'],
    ['help', 'this list'],
  ];
  return refused(lines.map(([words, what]) => `\`${COMMAND} ${escapeMrkdwn(words)}\` ${what}`).join('\n'));
}

function isMuteTime(text: string): text is MuteTime {
  return Object.hasOwn(MUTE_TIMES, text);
}
