import type { JsonObject } from '../../src/lib/json.ts';
import type { ApprovalView } from '../store/approvals.ts';
import type { Pause } from '../store/pause.ts';

export interface ReadyDetailsOptions {
  /** Undecided approvals whose question could not be asked, oldest first. */
  readonly approvalsNotAsked: (limit: number) => Promise<readonly ApprovalView[]>;
  /** Left out: nothing can be paused. */
  readonly pauses?: () => Promise<readonly Pause[]>;
  readonly redact: (text: string) => string;
  /** Milliseconds. */
  readonly now: () => number;
  readonly limitMs?: number;
}

/** The answer counts for so long. Milliseconds. */
const CACHE_MS = 1_000;
/** Who asks whether the receiver is ready does not wait longer for what is only worth knowing. Milliseconds. */
const LIMIT_MS = 1_000;
const MOST_READ = 100;
const MOST_REASONS = 5;

/**
 * What people should look at although the receiver is ready: `undefined` when there is nothing, or when nobody can tell in
 * time. One look at the store for all who ask. Never rejects.
 */
export function readyDetails({
  approvalsNotAsked,
  pauses = async () => [],
  redact,
  now,
  limitMs = LIMIT_MS,
}: ReadyDetailsOptions): () => Promise<JsonObject | undefined> {
  let last: { readonly at: number; readonly details: Promise<JsonObject | undefined> } | undefined;

  const look = async (): Promise<JsonObject | undefined> => {
    const [open, paused] = await Promise.all([approvalsNotAsked(MOST_READ).catch(() => []), pauses().catch(() => [])]);
    const details = { ...notAskedOf(open), ...pausedOf(paused) };
    return Object.keys(details).length === 0 ? undefined : details;
  };

  const pausedOf = (paused: readonly Pause[]): JsonObject =>
    paused.length === 0
      ? {}
      : {
          paused: paused.slice(0, MOST_REASONS).map(({ scope, at }) => ({
            what: redact(scope.kind === 'everything' ? scope.kind : `${scope.kind} ${scope.name}`),
            since: new Date(at).toISOString(),
          })),
        };

  const notAskedOf = (open: readonly ApprovalView[]): JsonObject => {
    const [first] = open;
    if (first === undefined) return {};
    const reasons = [...new Set(open.map(({ notAsked = '' }) => redact(notAsked)))].slice(0, MOST_REASONS);
    const since = new Date(first.expiresAt - first.expiresMs).toISOString();
    return { approvals_not_asked: { count: open.length, since, reasons } };
  };

  return () => {
    const age = last === undefined ? Number.POSITIVE_INFINITY : now() - last.at;
    // A clock that was set back makes an answer older than nothing.
    if (last === undefined || age < 0 || age >= CACHE_MS) last = { at: now(), details: look() };
    return within(last.details, limitMs);
  };
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
