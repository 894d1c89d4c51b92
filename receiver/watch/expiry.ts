import { messageOf } from '../../src/lib/error-message.ts';
import type { Logger } from '../log/log.ts';
import type { ApprovalStore } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { createLoop, type Loop } from './loop.ts';

export interface ExpiryOptions {
  readonly store: Pick<ApprovalStore, 'expireApprovals'>;
  readonly now: () => number;
  /** Says whether the clock may be trusted; while it may not, nothing expires. Left out: always. */
  readonly isSteady?: () => boolean;
  readonly log: Logger;
  /** Called after something was stored that may have to be sent. */
  readonly changed: () => void;
  /** How often it is looked, in milliseconds; default 30 seconds. */
  readonly everyMs?: number;
}

const EVERY_MS = 30_000;

export interface Expiry extends Loop {
  /** Looks once; for platforms that have alarms and no timers. Never rejects. */
  look(): Promise<void>;
}

/** Cancels what nobody has approved in time. */
export function createExpiry({ store, now, log, changed, isSteady = () => true, everyMs = EVERY_MS }: ExpiryOptions): Expiry {
  const work = async (): Promise<number> => {
    if (!isSteady()) return everyMs;
    const expired = await store.expireApprovals(now());
    if (expired > 0) {
      log.info({ approvals: expired }, 'nobody approved in time: cancelled what was held');
      changed();
    }
    return everyMs;
  };
  const failed = (error: unknown): void => {
    if (error instanceof StoreUnavailableError) return;
    log.error({ error: messageOf(error) }, 'the store did not answer; approvals expire later');
  };
  return {
    ...createLoop({ work, failed, retryMs: everyMs }),
    look: async () => {
      await work().catch(failed);
    },
  };
}
