// This file is loaded before the version of Node is checked: it uses nothing that an older Node does not understand.

/** The signals that a process gets. */
export interface Signals {
  /**
   * From this call on a signal ends nothing by itself: the promise resolves with its name, and the caller stops in order.
   * A second signal ends the process at once.
   */
  stopped(): Promise<string>;
}

/** The parts of `process` that signals need. */
interface SignalledProcess {
  readonly argv: readonly string[];
  on(signal: 'SIGTERM' | 'SIGINT', handler: () => void): unknown;
  exit(code: number): void;
}

const NUMBERS = { SIGTERM: 15, SIGINT: 2 } as const;

/** A second signal after this is meant: one Ctrl-C may arrive twice, from the terminal and from npm. Milliseconds. */
const IMPATIENT_MS = 500;

/**
 * Handles SIGTERM and SIGINT in every command, also as the first process of a container, for which the kernel ignores
 * signals without a handler. An interrupted command exits with 128 + the signal's number, as shells expect. `serve` exits
 * with 0: to stop it is the ordered way to end it. Before it has opened anything there is nothing to finish: it ends at once.
 */
export function handleSignals(process: SignalledProcess, now: () => number = Date.now): Signals {
  const isServe = process.argv[2] === 'serve';
  let resolve: ((signal: string) => void) | undefined;
  let firstAt: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      const interrupted = 128 + NUMBERS[signal];
      if (resolve === undefined) {
        process.exit(isServe ? 0 : interrupted);
      } else if (firstAt === undefined) {
        firstAt = now();
        resolve(signal);
      } else if (now() - firstAt > IMPATIENT_MS) {
        process.exit(interrupted);
      }
    });
  }
  return {
    stopped: () =>
      new Promise((done) => {
        resolve = done;
      }),
  };
}
