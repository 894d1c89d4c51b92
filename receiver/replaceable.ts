import type { ConfigInUse, ReceiverConfig } from './config-in-use.ts';
import type { Extension } from './receiver.ts';

export interface ReplaceableOptions<Part extends Extension> {
  /** True: the part that works by the one config does just as well for the other. */
  readonly isSame: (a: ReceiverConfig, b: ReceiverConfig) => boolean;
  /** The part for a config; `undefined`: none is needed. Rejects when that config cannot be worked by. Starts nothing. */
  readonly make: (config: ReceiverConfig) => Promise<Part | undefined>;
}

/**
 * A part of a receiver that is made from the config. Another config gets another part: it is made before the config is in use,
 * and starts when the one before has ended, so that no two of them ever work at the same time.
 */
export async function replaceable<Part extends Extension>(
  inUse: ConfigInUse,
  { isSame, make }: ReplaceableOptions<Part>,
): Promise<{ readonly extension: Extension; readonly current: () => Part | undefined }> {
  let part = await make(inUse.current());
  let isStarted = false;
  let isStopped = false;
  let ended: Promise<void> = Promise.resolve();
  inUse.beforeReplacing(async (next, before) => {
    if (isSame(next, before)) return () => undefined;
    const replacement = await make(next);
    return () => {
      const old = part;
      part = replacement;
      ended = ended.then(async () => {
        await old?.stop?.();
        if (isStarted && !isStopped && part === replacement) replacement?.start?.();
      });
    };
  });
  const extension: Extension = {
    details: () => part?.details?.() ?? [],
    start: () => {
      isStarted = true;
      part?.start?.();
    },
    runOnce: async () => part?.runOnce?.(),
    nextAt: () => part?.nextAt?.(),
    stop: async () => {
      isStopped = true;
      await Promise.all([ended, part?.stop?.()]);
    },
  };
  return { extension, current: () => part };
}

/** Whether two definitions say the same. Where they are written does not matter: a comment above moves them. */
export function isSameContent(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_key, inner) => (isLocated(inner) ? { ...inner, location: 0, path: 0 } : inner)) ?? '';
  return text(a) === text(b);
}

function isLocated(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'location' in value && 'path' in value && value.location !== 0;
}
