import { durationWords } from '../../src/lib/duration.ts';
import { isDispatch, type TargetRequest } from '../../src/route/target.ts';
import type { DeliveryView } from '../store/delivery.ts';
import type { RunView } from '../store/run.ts';
import { bold, link, mrkdwnName, slackDate } from './mrkdwn.ts';

/** Reasons are sentences of GitHub or ours; longer ones are in the delivery's log. */
const REASON_LIMIT = 300;

/** What a delivery starts or sets, and where, as mrkdwn: `deploy in acme/deploy`, with a link to the repository. */
export function targetWords({ request, target }: Pick<DeliveryView, 'request' | 'target'>, githubUrl: string): string {
  switch (request?.kind) {
    case 'repository_dispatch':
      return `${bold(request.event_type)} in ${repositoryLink(request.repository, githubUrl)}`;
    case 'workflow_dispatch':
      return `${bold(request.workflow)} at ${bold(request.ref)} in ${repositoryLink(request.repository, githubUrl)}`;
    case 'commit_status':
      return `commit status ${bold(request.state)} on ${bold(request.sha.slice(0, 12))} in ${repositoryLink(request.repository, githubUrl)}`;
    default:
      return bold(target);
  }
}

/** The same without links or formatting, for a dialog or a notification. Not escaped. */
export function plainTarget({ request, target }: Pick<DeliveryView, 'request' | 'target'>): string {
  switch (request?.kind) {
    case 'repository_dispatch':
      return `${request.event_type} in ${request.repository}`;
    case 'workflow_dispatch':
      return `${request.workflow} in ${request.repository}`;
    case 'commit_status':
      return `commit status in ${request.repository}`;
    default:
      return target;
  }
}

/** What the workflow will be given, as one line of mrkdwn; nothing when that is nothing of its own. */
export function inputWords(request: TargetRequest | null): string {
  if (request?.kind !== 'workflow_dispatch') return '';
  const inputs = Object.entries(request.inputs);
  const shown = inputs.slice(0, 5).map(([name, value]) => `${mrkdwnName(name, 40)}: ${mrkdwnName(value, 60)}`);
  const more = inputs.length > shown.length ? [`and ${inputs.length - shown.length} more`] : [];
  return [...shown, ...more].join(', ');
}

/** Where a delivery stands, with its run: mrkdwn for one line. */
export function stateWords(delivery: DeliveryView): string {
  const reason = delivery.reason === null ? '' : mrkdwnName(delivery.reason, REASON_LIMIT);
  switch (delivery.state) {
    case 'held':
      return ':raised_hand: waits for approval';
    case 'pending':
      if (delivery.attempts === 0 || delivery.dueAt === null) return ':hourglass_flowing_sand: waits to be sent';
      return `:hourglass_flowing_sand: will be tried again ${slackDate(delivery.dueAt)}${reason === '' ? '' : `: ${reason}`}`;
    case 'in_flight':
      return ':hourglass_flowing_sand: is being sent';
    case 'delivered':
      return runWords(delivery);
    case 'dead':
      return `:x: not delivered${reason === '' ? '' : `: ${reason}`} (delivery ${mrkdwnName(delivery.id, 60)})`;
    case 'superseded':
      return ':heavy_minus_sign: superseded by a newer event';
    case 'cancelled':
      return `:no_entry_sign: cancelled${reason === '' ? '' : `: ${reason}`}`;
  }
}

/** Where a delivery stands, in two or three words of ours. */
export function standing({ state, attempts, run }: DeliveryView): string {
  switch (state) {
    case 'held':
      return 'waits for approval';
    case 'pending':
      return attempts === 0 ? 'waits to be sent' : 'will be tried again';
    case 'in_flight':
      return 'is being sent';
    case 'delivered':
      return run === null ? 'sent' : runStanding(run);
    case 'dead':
      return 'not delivered';
    case 'superseded':
    case 'cancelled':
      return state;
  }
}

/** Whether people should look at it before anything else. */
export function wentWrong({ state, run }: DeliveryView): boolean {
  return state === 'dead' || run?.status === 'missing' || (run !== null && endedBadly(run));
}

/** Conclusions of a run that mean its work was not done (GitHub, "Workflow runs"); `cancelled` was somebody's wish. */
const BAD: ReadonlySet<string> = new Set(['failure', 'timed_out', 'startup_failure', 'action_required', 'stale']);

export function endedBadly({ status, conclusion }: Pick<RunView, 'status' | 'conclusion'>): boolean {
  return status === 'completed' && conclusion !== null && BAD.has(conclusion);
}

/** How a completed run ended: `succeeded in 3 min`, `failed after 42 s`. Ours; a conclusion that is new to us is named, escaped. */
export function endWords({ conclusion, startedAt, endedAt }: RunView): string {
  const time = startedAt === null || endedAt === null || endedAt < startedAt ? undefined : durationWords(endedAt - startedAt);
  const after = time === undefined ? '' : ` after ${time}`;
  switch (conclusion) {
    case 'success':
      return time === undefined ? 'succeeded' : `succeeded in ${time}`;
    case 'failure':
      return `failed${after}`;
    case 'timed_out':
      return `timed out${after}`;
    case 'startup_failure':
      return 'could not start';
    case 'cancelled':
      return `was cancelled${after}`;
    case 'skipped':
      return 'was skipped';
    case 'action_required':
      return 'needs somebody to act';
    case null:
      return `ended${after}`;
    default:
      return `ended as ${mrkdwnName(conclusion, 40)}${after}`;
  }
}

/** A link to the run, or only the words when there is no address. */
export function runLink(run: Pick<RunView, 'url' | 'attempt'>, fallbackUrl: string | null = null): string {
  return link(run.url ?? fallbackUrl, run.attempt > 1 ? `run, attempt ${run.attempt}` : 'run');
}

function runWords({ run, runUrl, request }: DeliveryView): string {
  if (run === null) return runUrl === null ? ':white_check_mark: sent' : `:white_check_mark: sent, ${link(runUrl, 'run')}`;
  const it = runLink(run, runUrl);
  switch (run.status) {
    case 'expected':
      return ':hourglass_flowing_sand: sent, its run has not appeared yet';
    case 'queued':
      return `:hourglass_flowing_sand: ${it} is queued`;
    case 'in_progress':
      return `:arrow_forward: ${it} is running${run.startedAt === null ? '' : ` since ${slackDate(run.startedAt)}`}`;
    case 'completed':
      return `${endSign(run)} ${it} ${endWords(run)}`;
    case 'missing':
      return `:warning: ${request !== null && isDispatch(request) ? MISSING[request.kind] : 'no run appeared'}`;
    case 'unknown':
      return ':white_check_mark: sent; what its run does cannot be seen: the credential may not read runs';
  }
}

const MISSING = {
  repository_dispatch:
    'no run appeared: nothing listens to this event_type on the default branch, or its run-name does not hold the delivery id',
  workflow_dispatch: "no run appeared: look at the workflow's runs, or at its run-name, which should hold the delivery id",
} as const;

function endSign(run: RunView): string {
  if (run.conclusion === 'success') return ':white_check_mark:';
  return endedBadly(run) ? ':x:' : ':heavy_minus_sign:';
}

function runStanding(run: RunView): string {
  switch (run.status) {
    case 'expected':
      return 'sent';
    case 'queued':
      return 'run queued';
    case 'in_progress':
      return 'run in progress';
    case 'completed':
      return `run ${endWords(run)}`;
    case 'missing':
      return 'no run appeared';
    case 'unknown':
      return 'sent';
  }
}

function repositoryLink(repository: string, githubUrl: string): string {
  const path = repository.split('/').map((part) => encodeURIComponent(part.toWellFormed()));
  return link(`${githubUrl.replace(/\/+$/, '')}/${path.join('/')}`, repository);
}
