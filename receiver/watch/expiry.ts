import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';
import type { ApprovalStore } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { createLoop, type Loop } from './loop.ts';

export interface ExpiryOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Pick<ApprovalStore, 'expireApprovals'>;
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

/** Cancels deliveries whose approval has expired. */
export function createExpiry({ store, now, log, wake, isSteady = () => true, everyMs = EVERY_MS }: ExpiryOptions): Expiry {
  const work = async (): Promise<number> => {
    if (!isSteady()) return everyMs;
    const expired = await store.expireApprovals(now());
    if (expired > 0) {
      log.info({ approvals: expired }, 'approvals expired; their deliveries were cancelled');
      wake();
    }
    return everyMs;
  };
  const failed = (error: unknown): void => {
    if (error instanceof StoreUnavailableError) return;
    log.error({ error: messageOf(error) }, 'the store did not respond; expired approvals are cancelled later');
  };
  return {
    ...createLoop({ work, failed, retryMs: everyMs }),
    runOnce: async () => {
      await work().catch(failed);
    },
  };
}
