import type { Alert, AlertRun, AlertSubject } from '../../src/route/alert.ts';
import { NOBODY_ASKED } from './approvers.ts';
import { section } from './blocks.ts';
import { endWords } from './delivery-words.ts';
import type { SlackMessage } from './message.ts';
import { bold, channelName, fitMrkdwn, link, mention, mrkdwnName } from './mrkdwn.ts';
import { sayPlainly, subjectWords } from './sentence.ts';

/** Whom an alert names, and where its links go. */
export interface AlertContext {
  /** `https://github.com`, or the web address of a GitHub Enterprise Server. */
  readonly githubUrl: string;
  /** The Slack user id of W&B users, by W&B user name. */
  readonly slackUsers: Readonly<Record<string, string>>;
}

/** An alert that knows what it is about. Older versions stored alerts without it. */
export type FullAlert = Alert & { readonly subject: AlertSubject };

/** A lock screen shows about so many characters. */
const TEXT_LIMIT = 120;
/** Characters of a reason. The command line shows all of it. */
const REASON_LIMIT = 500;
/** Every name of the first line fits, and so do its links. */
const LINE_LIMIT = 2900;
/** People who are mentioned. */
const MOST_MENTIONED = 5;
/** Held deliveries that are named, for the command line. */
const MOST_HELD = 3;

export function isFullAlert(alert: Alert): alert is FullAlert {
  return alert.subject !== undefined;
}

/** A reply that is read by itself, because the channel shows it: state, thing and change first, then where and why. */
export function alertMessage(alert: FullAlert, context: AlertContext): SlackMessage {
  const { sign, state } = STATES[alert.problem];
  const thing = thingWords(alert.subject);
  const people = peopleToMention(alert, context);
  const first = [sign, ...people, sentence(alert, `*${thing}*`, context)].join(' ');
  const lines = [first, ...secondLine(alert, context)];
  return {
    text: plainText(alert, state, thing),
    blocks: [section(fitMrkdwn(lines.join('\n'), LINE_LIMIT))],
  };
}

const STATES: Readonly<Record<Alert['problem'], { readonly sign: string; readonly state: string }>> = {
  not_dispatched: { sign: ':x:', state: 'NOT DISPATCHED' },
  run_missing: { sign: ':x:', state: 'DID NOT START' },
  run_failed: { sign: ':x:', state: 'FAILED' },
  resolved: { sign: ':white_check_mark:', state: 'RESOLVED' },
  not_asked: { sign: ':warning:', state: 'NOT ASKED' },
  not_posted: { sign: ':warning:', state: 'NOT POSTED' },
};

/** `resnet50 v12 → production`, `run train-78`. */
function thingWords(subject: AlertSubject): string {
  const name = (text: string) => mrkdwnName(text, 80);
  const about = subjectWords(subject, name);
  if (subject.alias !== undefined) return `${about} → ${name(subject.alias)}`;
  if (subject.tag !== undefined) return `${about}, tag ${name(subject.tag)}`;
  return subject.metric === undefined || subject.run === undefined ? about : `${name(subject.metric)} of ${about}`;
}

/** Those that the config names, or the author, when it says who that is in Slack. */
function peopleToMention({ problem, mention: listed = [], subject }: FullAlert, { slackUsers }: AlertContext): string[] {
  if (problem === 'resolved') return [];
  if (listed.length > 0) {
    const more = listed.length - MOST_MENTIONED;
    return [...listed.slice(0, MOST_MENTIONED).map(mention), ...(more > 0 ? [`and ${more} more`] : [])];
  }
  const { author } = subject;
  const known =
    problem === 'not_asked' || problem === 'not_posted' || author === undefined || !Object.hasOwn(slackUsers, author)
      ? undefined
      : slackUsers[author];
  return known === undefined ? [] : [mention(known)];
}

function sentence({ problem, target, run, reason }: FullAlert, thing: string, { githubUrl }: AlertContext): string {
  switch (problem) {
    case 'not_dispatched':
      return `${thing} *was not dispatched* to ${repository(target, githubUrl)}: ${why(reason)}`;
    case 'run_missing':
      return `${thing} *did not start* in ${repository(target, githubUrl)}: ${why(reason)}`;
    case 'run_failed':
      return `${thing} ${ended(run)}${place(run)}`;
    case 'resolved':
      return `*Resolved:* ${thing} ${ended(run)}`;
    case 'not_posted':
      return `${thing}: a message *could not be posted* in ${channelName(target.slice(target.indexOf(':') + 1))}: ${why(reason)}`;
    case 'not_asked':
      return `${thing} *waits for an approval that nobody was asked for* in ${channelName(target.slice(target.indexOf(':') + 1))}: ${why(reason)}`;
  }
}

/** The end in bold: `*failed* after 42 s`. */
function ended(run: AlertRun | undefined): string {
  if (run === undefined) return '*failed*';
  return endWords({ ...run, id: null, status: 'completed' }).replace(/^(?:was )?\S+(?: out| not start)?/, '*$&*');
}

/** Where it went wrong, linked: `in deploy / push image`. */
function place(run: AlertRun | undefined): string {
  if (run?.failed === undefined) return '';
  const { job, step, url } = run.failed;
  const words = step === null ? job : `${job} / ${step}`;
  return ` in *${link(url ?? run.url, words)}*`;
}

function secondLine({ problem, target, route, run, deliveries = [] }: FullAlert, { githubUrl }: AlertContext): string[] {
  if (problem === 'not_asked') return [howToDecide(deliveries, route)];
  const facts = problem === 'run_failed' || problem === 'resolved' ? [repository(target, githubUrl)] : [];
  if (run !== undefined && run.url !== null)
    facts.unshift(link(run.url, run.attempt > 1 ? `Open the run, attempt ${run.attempt}` : 'Open the run'));
  return [[...facts, `route ${mrkdwnName(route)}`].join(' · ')];
}

function howToDecide(deliveries: readonly string[], route: string): string {
  const ids = deliveries.slice(0, MOST_HELD).map((id) => mrkdwnName(id, 60));
  const command = ids.length === 0 ? '' : `, or with \`wandb-relay approve ${ids.join(' ')}\``;
  return `Decide in this app's Home${command} · route ${mrkdwnName(route)}`;
}

/** A delivery's target as a link to its repository; a workflow's file is named behind it. */
function repository(target: string, githubUrl: string): string {
  const [owner = '', name = '', workflow] = target.slice(target.indexOf(':') + 1).split('/');
  if (name === '') return bold(owner);
  const path = [owner, name].map((part) => encodeURIComponent(part.toWellFormed())).join('/');
  const repositoryLink = link(`${githubUrl.replace(/\/+$/, '')}/${path}`, `${owner}/${name}`);
  return workflow === undefined ? repositoryLink : `${repositoryLink} (${mrkdwnName(workflow)})`;
}

function why(reason: string): string {
  return mrkdwnName(reason.replace(NOBODY_ASKED, ''), REASON_LIMIT);
}

/** For the lock screen, search and screen readers: the state, the thing, and the one fact that is needed next. */
function plainText(alert: FullAlert, state: string, thing: string): string {
  const { problem, run, target, reason } = alert;
  const where = mrkdwnName(target.slice(target.indexOf(':') + 1), 60);
  const begin = `${state}: ${thing}`;
  switch (problem) {
    case 'run_failed': {
      const failed = run?.failed;
      const at = failed === undefined ? '' : ` in ${sayPlainly(failed.step === null ? failed.job : `${failed.job} / ${failed.step}`)}`;
      return fitMrkdwn(
        `${begin}. ${where} ${run === undefined ? 'failed' : endWords({ ...run, id: null, status: 'completed' })}${at}`,
        TEXT_LIMIT,
      );
    }
    case 'resolved':
      return fitMrkdwn(
        `${begin} ${run === undefined ? 'succeeded' : endWords({ ...run, id: null, status: 'completed' })} in ${where}`,
        TEXT_LIMIT,
      );
    default:
      return fitMrkdwn(`${begin}. ${where}: ${why(reason)}`, TEXT_LIMIT);
  }
}
