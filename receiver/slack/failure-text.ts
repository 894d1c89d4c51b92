import { DIGEST, RELAY_ALERT } from '../../src/event/event.ts';
import type { Alert, AlertRun, AlertSubject, FailedJob } from '../../src/route/alert.ts';
import { NOBODY_ASKED } from './approvers.ts';
import { context, section } from './blocks.ts';
import { endWords } from './delivery-words.ts';
import type { SlackMessage } from './message.ts';
import { bold, channelName, fitMrkdwn, link, mention, mrkdwnName } from './mrkdwn.ts';
import { nameOf, slackIdOf } from './people.ts';
import { sayPlainly, subjectWords } from './sentence.ts';
import { isStop } from './stop-words.ts';

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
export function alertMessage(alert: FullAlert, alertContext: AlertContext): SlackMessage {
  const { sign, state } = stateOf(alert);
  const thing = thingWords(alert);
  const first = [sign, ...peopleToMention(alert, alertContext), sentence(alert, thing, alertContext)].join(' ');
  const lines = [first, ...nextLine(alert, alertContext)];
  const { author } = alert.subject;
  return {
    text: plainText(alert, state, thing),
    blocks: [
      section(fitMrkdwn(lines.join('\n'), LINE_LIMIT)),
      ...context(`route ${mrkdwnName(alert.route)}`, ...(author === undefined ? [] : [`by ${mrkdwnName(nameOf(author))}`])),
    ],
  };
}

const FAILED = ':x:';
const STATES: Readonly<Record<Alert['problem'], { readonly sign: string; readonly state: string }>> = {
  not_dispatched: { sign: FAILED, state: 'NOT DISPATCHED' },
  run_missing: { sign: FAILED, state: 'DID NOT START' },
  run_failed: { sign: FAILED, state: 'FAILED' },
  resolved: { sign: ':white_check_mark:', state: 'RESOLVED' },
  not_asked: { sign: ':warning:', state: 'NOBODY ASKED' },
  not_posted: { sign: ':warning:', state: 'NOT POSTED' },
};
const RUN_STATES: Readonly<Record<string, string>> = { cancelled: 'CANCELLED', timed_out: 'TIMED OUT', startup_failure: 'DID NOT START' };

function stateOf({ problem, run, target }: FullAlert): { readonly sign: string; readonly state: string } {
  if (problem === 'not_dispatched' && isStop({ target })) return { sign: FAILED, state: 'NOT STOPPED' };
  const { sign, state } = STATES[problem];
  return { sign, state: (problem === 'run_failed' ? RUN_STATES[run?.conclusion ?? ''] : undefined) ?? state };
}

/** `resnet50 v12 → production`; of what is no promotion, `the workflow for run train-78`: the run itself did not fail. */
function thingWords({ subject, target }: Pick<FullAlert, 'subject' | 'target'>): string {
  const name = (text: string) => mrkdwnName(text, 80);
  if (isStop({ target })) return `run ${name(subject.run ?? '')}`;
  if (subject.type === RELAY_ALERT) return `the alert ${name(subject.automation ?? '')}`;
  if (subject.type === DIGEST) return `the digest ${name(subject.automation ?? '')}`;
  const about = subjectWords(subject, name);
  if (subject.alias !== undefined) return `${about} → ${name(subject.alias)}`;
  if (subject.tag !== undefined) return `the workflow for ${about}, tag ${name(subject.tag)}`;
  return `the workflow for ${subject.metric === undefined || subject.run === undefined ? about : `${name(subject.metric)} of ${about}`}`;
}

/** Those that the config names, or the author, when it says who that is in Slack. */
function peopleToMention({ problem, mention: listed = [], subject }: FullAlert, { slackUsers }: AlertContext): string[] {
  if (problem === 'resolved') return [];
  if (listed.length > 0) {
    const more = listed.length - MOST_MENTIONED;
    return [...listed.slice(0, MOST_MENTIONED).map(mention), ...(more > 0 ? [`and ${more} more`] : [])];
  }
  const { author } = subject;
  const known = problem === 'not_asked' || problem === 'not_posted' || author === undefined ? undefined : slackIdOf(author, slackUsers);
  return known === undefined ? [] : [mention(known)];
}

function sentence({ problem, target, run, reason }: FullAlert, thing: string, { githubUrl }: AlertContext): string {
  if (isStop({ target }))
    return `${problem === 'resolved' ? '*Resolved:* ' : ''}*${thing} was ${problem === 'resolved' ? '' : 'not '}stopped*: ${why(reason)}`;
  switch (problem) {
    case 'not_dispatched':
      return `*${thing} was not dispatched* to ${repository(target, githubUrl)}: ${why(reason)}`;
    case 'run_missing':
      return `*${thing} did not start* in ${repository(target, githubUrl)}: ${why(reason)}`;
    case 'run_failed':
      return `${ended(thing, run)}${place(run)}`;
    case 'resolved':
      return `*Resolved:* ${run === undefined ? `*${thing} was dispatched*: ${why(reason)}` : ended(thing, run)}`;
    case 'not_asked':
      return `*${thing} waits, and nobody was asked to approve it* in ${channelName(placeIn(target))}: ${why(reason)}`;
    case 'not_posted':
      return `*${thing} could not be posted* in ${channelName(placeIn(target))}: ${why(reason)}`;
  }
}

/** `acme/deploy`, `#ml-deploys` */
function placeIn(target: string): string {
  return target.slice(target.indexOf(':') + 1);
}

/** The words of `endWords`, cut behind what happened: `failed`, ` after 42 s`. */
const END = /^((?:was )?\S+(?: out| not start)?)(.*)$/s;

/** `*resnet50 v12 → production failed* after 42 s`. */
function ended(thing: string, run: AlertRun | undefined): string {
  const [, what = 'failed', more = ''] = run === undefined ? [] : (END.exec(runWords(run)) ?? []);
  return `*${thing} ${what}*${more}`;
}

function runWords(run: AlertRun): string {
  return endWords({ ...run, id: null, status: 'completed' });
}

/** Where it went wrong, linked: `in deploy / push image`. */
function place(run: AlertRun | undefined): string {
  if (run?.failed === undefined) return '';
  return ` in *${link(run.failed.url ?? run.url, jobWords(run.failed))}*`;
}

function nextLine({ problem, target, run, deliveries = [] }: FullAlert, { githubUrl }: AlertContext): string[] {
  if (problem === 'not_asked') return [howToDecide(deliveries)];
  if (run === undefined) return problem === 'resolved' && !isStop({ target }) ? [repository(target, githubUrl)] : [];
  const open = run.url === null ? [] : [link(run.url, run.attempt > 1 ? `Open the run, attempt ${run.attempt}` : 'Open the run')];
  return [[...open, repository(target, githubUrl)].join(' · ')];
}

function howToDecide(deliveries: readonly string[]): string {
  const ids = deliveries.slice(0, MOST_HELD).map((id) => mrkdwnName(id, 60));
  return `Decide in this app's Home${ids.length === 0 ? '' : `, or with \`wandb-relay approve ${ids.join(' ')} --as NAME\``}`;
}

/** A delivery's target as a link to its repository; a workflow's file is named behind it. */
function repository(target: string, githubUrl: string): string {
  const [owner = '', name = '', workflow] = placeIn(target).split('/');
  if (name === '') return bold(owner);
  const path = [owner, name].map((part) => encodeURIComponent(part.toWellFormed())).join('/');
  const repositoryLink = link(`${githubUrl.replace(/\/+$/, '')}/${path}`, `${owner}/${name}`);
  return workflow === undefined ? repositoryLink : `${repositoryLink} (${mrkdwnName(workflow)})`;
}

function why(reason: string): string {
  return mrkdwnName(reason.replace(NOBODY_ASKED, ''), REASON_LIMIT);
}

/** For the lock screen, search and screen readers: the state, the thing, and the one fact that is needed next. */
function plainText({ problem, run, target, reason }: FullAlert, state: string, thing: string): string {
  const where = mrkdwnName(placeIn(target), 60);
  const begin = `${state}: ${thing}`;
  if (isStop({ target })) return fitMrkdwn(`${begin}. ${why(reason)}`, TEXT_LIMIT);
  if (run === undefined) return fitMrkdwn(`${begin}. ${where}: ${why(reason)}`, TEXT_LIMIT);
  if (problem === 'resolved') return fitMrkdwn(`${begin} ${runWords(run)} in ${where}`, TEXT_LIMIT);
  const at = run.failed === undefined ? '' : ` in ${sayPlainly(jobWords(run.failed))}`;
  return fitMrkdwn(`${begin}. ${where} ${runWords(run)}${at}`, TEXT_LIMIT);
}

function jobWords({ job, step }: FailedJob): string {
  return step === null ? job : `${job} / ${step}`;
}
