import { type Automation, eventTypeOf } from '../../automation/automation.ts';
import { isLive } from '../../engine/run.ts';
import { durationInConfig } from '../../lib/duration.ts';
import { orWords } from '../../lib/or-words.ts';
import type { Located } from '../config.ts';
import type { Warning } from './match-warnings.ts';

/** W&B's SDK sends what a run logs every 15 s, so the receiver reads runs no faster. In milliseconds. */
const POLL_MS = 15_000;
/** More values than this are more than many runs log at all. */
const LONG_WINDOW = 1_000;

/** Warnings about an automation that the relay evaluates: what has no effect, and what is probably not meant. */
export function engineWarnings(automation: Located<Automation>): Warning[] {
  const { engine, path, action, adopt, refire, event } = automation;
  if (engine !== 'relay') return [];
  const at = [...path, 'event', eventTypeOf(automation)];
  const warnings: Warning[] = [];
  const warn = (where: (string | number)[], message: string) => warnings.push({ path: where, message });
  if (action.relay?.integration !== undefined) {
    warn([...path, 'action', 'relay', 'integration'], 'has no effect with engine: relay: nothing is made in W&B, so there is no webhook');
  }
  if (adopt !== undefined && adopt !== false) warn([...path, 'adopt'], 'has no effect with engine: relay: nothing is made in W&B');
  if (typeof refire === 'number' && refire < POLL_MS) {
    warn(
      [...path, 'refire'],
      `${durationInConfig(refire)} is shorter than 15s, in which a run is read at most once: the values of one reading may fire several times`,
    );
  }
  const grace = event.run_state?.grace;
  if (grace !== undefined && grace < POLL_MS) {
    warn(
      [...at, 'grace'],
      `${durationInConfig(grace)} is shorter than 15s, in which a run is read at most once: a run that comes back is rarely seen in time`,
    );
  }
  const silence = event.run_silent?.for;
  if (silence !== undefined && silence < 2 * POLL_MS) {
    warn(
      [...at, 'for'],
      `${durationInConfig(silence)} is shorter than 30s: rows reach W&B every 15 s, so runs that log would count as silent`,
    );
  }
  return [...warnings, ...windowWarnings(event, at)];
}

/** A run that has ended cannot be stopped: the webhook of either engine comes too late for that. */
export function stopWarnings(automation: Located<Automation>): Warning[] {
  const { path, action, event } = automation;
  const states = event.run_state?.states;
  if (states === undefined || states.some((state) => isLive({ state }))) return [];
  return (action.relay?.to ?? []).flatMap(({ wandb_stop: stop }, i): Warning[] =>
    stop === undefined
      ? []
      : [
          {
            path: [...path, 'action', 'relay', 'to', i, 'wandb_stop'],
            message: `does nothing: a run that is ${orWords(states)} has ended`,
          },
        ],
  );
}

function windowWarnings(event: Automation['event'], at: (string | number)[]): Warning[] {
  const { run_metric: threshold, run_metric_change: change, run_metric_zscore: zscore, run_metric_stall: stall } = event;
  const windows = { window: (threshold ?? change ?? zscore ?? stall)?.window, prior_window: change?.prior_window };
  return Object.entries(windows).flatMap(([word, window]): Warning[] =>
    window === undefined || window <= LONG_WINDOW || zscore?.over === 'runs'
      ? []
      : [
          {
            path: [...at, word],
            message: `${window} values are many: a run that logs the metric less often never fires, because a window has to be full`,
          },
        ],
  );
}
