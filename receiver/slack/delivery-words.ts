import { durationWords } from '../../src/lib/duration.ts';
import { isDispatch, type TargetRequest } from '../../src/route/target.ts';
import { shownState } from '../shown-state.ts';
import type { DeliveryView } from '../store/delivery.ts';
import type { RunView } from '../store/run.ts';
import { bold, link, mrkdwnName, slackDate } from './mrkdwn.ts';
import { isStop, plainStop, STOP_THE_RUN, stopDetail, stopOutcome } from './stop-words.ts';

/** Characters. The CLI shows the whole reason. */
const REASON_LIMIT = 300;

/** A delivery's target as mrkdwn: `deploy in acme/deploy`, with a link to the repository. */
export function targetWords({ request, target }: Pick<DeliveryView, 'request' | 'target'>, githubUrl: string): string {
  switch (request?.kind) {
    case 'repository_dispatch':
      return `${bold(request.event_type)} in ${repositoryLink(request.repository, githubUrl)}`;
    case 'workflow_dispatch':
      return `${bold(request.workflow)} at ${bold(request.ref)} in ${repositoryLink(request.repository, githubUrl)}`;
    case 'commit_status':
      return `commit status ${bold(request.state)} on ${bold(request.sha.slice(0, 12))} in ${repositoryLink(request.repository, githubUrl)}`;
    default:
      return bold(isStop({ target }) ? STOP_THE_RUN : target);
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
      return isStop({ target }) ? STOP_THE_RUN : target;
  }
}

/** The workflow's inputs as one line of mrkdwn; blank for other targets. */
export function inputWords(request: TargetRequest | null): string {
  if (request?.kind !== 'workflow_dispatch') return '';
  const inputs = Object.entries(request.inputs);
  const shown = inputs.slice(0, 5).map(([name, value]) => `${mrkdwnName(name, 40)}: ${mrkdwnName(value, 60)}`);
  const more = inputs.length > shown.length ? [`and ${inputs.length - shown.length} more`] : [];
  return [...shown, ...more].join(', ');
}

/** A delivery's state with its run and its reason: mrkdwn for one line, behind a sign. */
export function stateLine(delivery: DeliveryView): string {
  return `${signOf(delivery)} ${stateWords(delivery)}`;
}

function signOf(delivery: DeliveryView): string {
  const state = shownState(delivery);
  switch (state) {
    case 'awaiting approval':
      return ':raised_hand:';
    case 'waiting':
    case 'sending':
    case 'retrying':
    case 'throttled':
      return ':hourglass_flowing_sand:';
    case 'delivered':
      return delivery.run === null ? ':white_check_mark:' : runSign(delivery.run);
    case 'failed':
      return ':x:';
    case 'superseded':
      return ':heavy_minus_sign:';
    case 'expired':
      return ':alarm_clock:';
    case 'rejected':
      return ':no_entry_sign:';
    case 'cancelled':
      return ':heavy_multiplication_x:';
  }
}

/**
 * What a reader needs to know next about the only dispatch of an event, whose state the line above says.
 *
 * @param target as `targetWords` has it
 */
export function detailWords(delivery: DeliveryView, target: string): string {
  if (isStop(delivery)) return stopDetail(delivery);
  const { reason, run, request } = delivery;
  const why = reason === null ? '' : `: ${mrkdwnName(reason, REASON_LIMIT)}`;
  const state = shownState(delivery);
  switch (state) {
    case 'waiting':
    case 'sending':
      return target;
    case 'retrying':
    case 'throttled':
      return `${target} is tried again${delivery.dueAt === null ? '' : ` ${slackDate(delivery.dueAt)}`}${why}`;
    case 'failed':
      return `${target} was not dispatched${why} (delivery ${mrkdwnName(delivery.id, 60)})`;
    case 'rejected':
    case 'cancelled':
    case 'superseded':
      return `${target} is not sent`;
    case 'expired':
      return `Nobody approved it in time: ${target} is not sent`;
    default:
      if (run?.status !== 'missing') return `${stateWords(delivery)} · ${target}`;
      return `${target}: ${request !== null && isDispatch(request) ? MISSING[request.kind] : "check the workflow's runs"}`;
  }
}

/** The same in a notification: `deploy.yml in acme/deploy failed after 42 s`. Escaped. */
export function plainDetail(delivery: DeliveryView): string {
  if (isStop(delivery)) return plainStop(delivery);
  const target = mrkdwnName(plainTarget(delivery), 50);
  const { run, state, reason } = delivery;
  if (state === 'dead') return `${target} was not dispatched${reason === null ? '' : `: ${mrkdwnName(reason, 40)}`}`;
  if (state !== 'delivered' || run === null) return target;
  if (run.status === 'completed') return `${target} ${endWords(run)}`;
  return run.status === 'queued' || run.status === 'in_progress' ? `${target}: ${shortState(delivery)}` : target;
}

/** The same without the sign. */
export function stateWords(delivery: DeliveryView): string {
  const state = shownState(delivery);
  const reason = delivery.reason === null ? '' : `: ${mrkdwnName(delivery.reason, REASON_LIMIT)}`;
  switch (state) {
    case 'awaiting approval':
    case 'waiting':
    case 'sending':
      return state;
    case 'retrying':
    case 'throttled':
      return `${state}${delivery.dueAt === null ? '' : ` ${slackDate(delivery.dueAt)}`}${reason}`;
    case 'delivered':
      return isStop(delivery) ? stopOutcome(delivery) : runWords(delivery);
    case 'failed':
      return `${state}${reason} (delivery ${mrkdwnName(delivery.id, 60)})`;
    case 'superseded':
      return 'superseded by a newer event';
    case 'rejected':
    case 'cancelled':
      // The reason says it, and by whom.
      return mrkdwnName(personsReason(delivery.reason) ?? state, REASON_LIMIT);
    case 'expired':
      return `${state}${reason}`;
  }
}

/** `rejected by ada`, without the id that is stored with the name. */
function personsReason(reason: string | null): string | undefined {
  return reason?.replace(/\s*\([UW][A-Z0-9]{2,30}\)$/, '');
}

/** A delivery's state, or its run's, in two or three words. */
export function shortState(delivery: DeliveryView): string {
  const { run } = delivery;
  if (delivery.state === 'delivered' && isStop(delivery)) return stopOutcome(delivery);
  return delivery.state === 'delivered' && run !== null ? shortRunState(run) : shownState(delivery);
}

/** Whether people should see it first. */
export function wentWrong({ state, run }: DeliveryView): boolean {
  return state === 'dead' || run?.status === 'missing' || (run !== null && endedBadly(run));
}

/** Conclusions of a run that mean its work was not done (GitHub, "Workflow runs"); a person chose `cancelled`. */
const BAD: ReadonlySet<string> = new Set(['failure', 'timed_out', 'startup_failure', 'action_required', 'stale']);

export function endedBadly({ status, conclusion }: Pick<RunView, 'status' | 'conclusion'>): boolean {
  return status === 'completed' && conclusion !== null && BAD.has(conclusion);
}

/** How a completed run ended: `succeeded in 3 min`, `failed after 42 s`. An unknown conclusion is named, escaped. */
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
      return 'needs action';
    case null:
      return `ended${after}`;
    default:
      return `ended as ${mrkdwnName(conclusion, 40)}${after}`;
  }
}

/** A link to the run; plain text when there is no URL. */
export function runLink(run: Pick<RunView, 'url' | 'attempt'>, fallbackUrl: string | null = null): string {
  return link(run.url ?? fallbackUrl, run.attempt > 1 ? `run, attempt ${run.attempt}` : 'run');
}

function runSign(run: RunView): string {
  switch (run.status) {
    case 'expected':
    case 'queued':
      return ':hourglass_flowing_sand:';
    case 'in_progress':
      return ':arrows_counterclockwise:';
    case 'completed':
      return endSign(run);
    case 'missing':
      return ':warning:';
    case 'unknown':
      return ':white_check_mark:';
  }
}

function runWords({ run, runUrl, request }: DeliveryView): string {
  if (run === null) return runUrl === null ? 'delivered' : `delivered, ${link(runUrl, 'run')}`;
  const it = runLink(run, runUrl);
  switch (run.status) {
    case 'expected':
      return 'delivered; its run has not appeared yet';
    case 'queued':
      return `${it} is queued`;
    case 'in_progress':
      return `${it} is running${run.startedAt === null ? '' : ` since ${slackDate(run.startedAt)}`}`;
    case 'completed':
      return `${it} ${endWords(run)}`;
    case 'missing':
      return `no run appeared${request !== null && isDispatch(request) ? `: ${MISSING[request.kind]}` : ''}`;
    case 'unknown':
      return 'delivered; its run cannot be followed: the credential may not read runs';
  }
}

const MISSING = {
  repository_dispatch: 'no workflow on the default branch listens to this event_type, or its run-name does not contain the delivery id',
  workflow_dispatch: "check the workflow's runs, and that its run-name contains the delivery id",
} as const;

function endSign(run: RunView): string {
  if (run.conclusion === 'success') return ':white_check_mark:';
  return endedBadly(run) ? ':x:' : ':heavy_minus_sign:';
}

function shortRunState(run: RunView): string {
  switch (run.status) {
    case 'expected':
      return 'delivered';
    case 'queued':
      return 'run queued';
    case 'in_progress':
      return 'run in progress';
    case 'completed':
      return `run ${endWords(run)}`;
    case 'missing':
      return 'no run appeared';
    case 'unknown':
      return 'delivered';
  }
}

function repositoryLink(repository: string, githubUrl: string): string {
  const path = repository.split('/').map((part) => encodeURIComponent(part.toWellFormed()));
  return link(`${githubUrl.replace(/\/+$/, '')}/${path.join('/')}`, repository);
}
