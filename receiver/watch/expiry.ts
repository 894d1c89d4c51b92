import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';
import type { ApprovalStore, NudgeFollowUps } from '../store/approvals.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { createLoop, type Loop } from './loop.ts';

export interface ExpiryOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Pick<ApprovalStore, 'expireApprovals' | 'nudgeApprovals'>;
  /** What is sent where people are to hear of an approval again. */
  readonly nudges: NudgeFollowUps;
  /** Whether the clock can be trusted; nothing expires while it cannot. Left out: always. */
  readonly isSteady?: () => boolean;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
  /** Time between two checks, in milliseconds; default 30 seconds. */
  readonly everyMs?: number;
}

const EVERY_MS = 30_000;

export interface Expiry extends Loop {
  /** Checks once; for platforms that have alarms and no timers. Never rejects. */
  runOnce(): Promise<void>;
}

/** Cancels deliveries whose approval has expired; reminds people before that, and asks others as well. */
export function createExpiry({ store, nudges, now, log, wake, isSteady = () => true, everyMs = EVERY_MS }: ExpiryOptions): Expiry {
  const work = async (): Promise<number> => {
    if (!isSteady()) return everyMs;
    const expired = await store.expireApprovals(now());
    if (expired > 0) {
      log.info({ approvals: expired }, 'approvals expired; their deliveries were cancelled');
      wake();
    }
    const nudged = await store.nudgeApprovals(now(), nudges);
    if (nudged > 0) {
      log.info({ approvals: nudged }, 'people were reminded of approvals, or asked as well');
      wake();
    }
    return everyMs;
  };
  const failed = (error: unknown): void => {
    if (error instanceof StoreUnavailableError) return;
    log.error({ error: messageOf(error) }, 'the store did not respond; expired approvals are cancelled, and people are reminded, later');
  };
  return {
    ...createLoop({ work, failed, retryMs: everyMs }),
    runOnce: async () => {
      await work().catch(failed);
    },
  };
}
