/** Work that comes round again and again. */
export interface Loop {
  start(): void;
  /** Tells what is under way to end, and waits for it. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** Does what is due and tells after how many milliseconds to come round again. */
  readonly work: (signal: AbortSignal) => Promise<number>;
  /** What `work` threw. */
  readonly failed: (error: unknown) => void;
  /** The pause after a failure, in milliseconds. */
  readonly retryMs: number;
}

/** Calls `work` again and again; two calls never overlap, and a failure never ends it. */
export function createLoop({ work, failed, retryMs }: LoopOptions): Loop {
  let aborter: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  const turn = (signal: AbortSignal): void => {
    working = work(signal)
      .catch((error: unknown) => {
        if (!signal.aborted) failed(error);
        return retryMs;
      })
      .then((pause) => {
        working = undefined;
        if (!signal.aborted) timer = setTimeout(turn, pause, signal);
      });
  };

  return {
    start: () => {
      if (aborter !== undefined) return;
      aborter = new AbortController();
      turn(aborter.signal);
    },
    stop: async () => {
      aborter?.abort(new Error('the receiver is stopping'));
      aborter = undefined;
      clearTimeout(timer);
      await working;
    },
  };
}
