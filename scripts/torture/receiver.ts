import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BARE_ENVIRONMENT, COMPILED_ONCE, MAIN } from '../../test/stand-ins/receiver-process.ts';
import type { Crash } from './ledger.ts';
import { CLOCK_VARIABLE, type Command, DISK_VARIABLE, type Step } from './steps.ts';

export interface ReceiverOptions {
  readonly name: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly githubUrl: string;
  /** The program; default: the sources. Its `pg` is the one of node_modules/. */
  readonly main?: string;
  /** Called when it ended although nobody killed it. */
  readonly crashed: (crash: Crash) => void;
}

/** A receiver that ended by itself is started again after this, as a supervisor does. Milliseconds. */
const RESTART_MS = 500;
const COMPLAINTS_KEPT = 20;
const INSIDE = new URL('./inside-receiver.ts', import.meta.url).href;

/** `wandb-relay serve` in a process of its own, started again whenever it ends, until it is stopped. */
export class Receiver {
  readonly #options: ReceiverOptions;
  #child: ChildProcess | undefined;
  #url: string | undefined;
  #starts = 0;
  #isStopped = false;
  #aheadMs = 0;
  #isDiskFull = false;
  #waiting: (() => void)[] = [];
  #exited: Promise<void> = Promise.resolve();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Its name, and how often it has been started: one process. */
  get tag(): string {
    return `${this.#options.name}.${this.#starts}`;
  }

  /** Where it listens; `undefined` while it does not. */
  get url(): string | undefined {
    return this.#url;
  }

  start(): void {
    this.#starts++;
    const { cwd, environment, githubUrl } = this.#options;
    const child = fork(this.#options.main ?? MAIN, ['serve'], {
      cwd,
      execArgv: ['--import', INSIDE],
      env: {
        ...BARE_ENVIRONMENT,
        ...COMPILED_ONCE,
        PORT: '0',
        GITHUB_API_URL: `${githubUrl}/${this.tag}`,
        [CLOCK_VARIABLE]: String(this.#aheadMs),
        [DISK_VARIABLE]: this.#isDiskFull ? '1' : '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    const complaints = this.#listenTo(child);
    // What is said to a process that was killed is lost, as it should be.
    child.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        const isStarting = this.#url === undefined;
        this.#url = undefined;
        resolve();
        if (this.#isStopped) return;
        if (signal === 'SIGKILL') {
          this.start();
          return;
        }
        const detail = `${code ?? signal}: ${complaints.join(' | ')}`;
        this.#options.crashed({ receiver: this.tag, at: Date.now(), isStarting, detail });
        setTimeout(() => this.#isStopped || this.start(), RESTART_MS);
      });
    });
  }

  /** Resolves when it listens. */
  async up(): Promise<void> {
    if (this.#url !== undefined) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Kills it now. Resolves with the process that it was, when that is gone. */
  async kill(): Promise<string> {
    const { tag } = this;
    this.#child?.kill('SIGKILL');
    await this.#exited;
    return tag;
  }

  /** Has it killed at a step. False when the step was not reached within `limitMs`. */
  async killAt(step: Step, limitMs: number): Promise<boolean> {
    const exited = this.#exited.then(() => true);
    this.#say({ do: 'kill-at', step });
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), limitMs);
    const reached = await Promise.race([exited, late.promise]);
    clearTimeout(timer);
    return reached;
  }

  /** Stands still until what this returns is called. */
  freeze(): () => void {
    const child = this.#child;
    child?.kill('SIGSTOP');
    return () => void child?.kill('SIGCONT');
  }

  setClock(aheadMs: number): void {
    this.#aheadMs = aheadMs;
    this.#say({ do: 'set-clock', aheadMs });
  }

  setDisk(isFull: boolean): void {
    this.#isDiskFull = isFull;
    this.#say({ do: 'set-disk', full: isFull });
  }

  /** Kills it for good. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.kill();
  }

  #say(command: Command): void {
    if (this.#child?.connected === true) this.#child.send(command, () => undefined);
  }

  /** Returns what it last complained about, and follows its log. */
  #listenTo(child: ChildProcess): string[] {
    const complaints: string[] = [];
    const keep = (line: string): void => {
      complaints.push(line);
      if (complaints.length > COMPLAINTS_KEPT) complaints.shift();
    };
    if (child.stdout === null || child.stderr === null) throw new Error(`${fileURLToPath(INSIDE)}: no pipes`);
    createInterface({ input: child.stderr }).on('line', keep);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"level":"error"')) keep(line);
      if (!line.includes('"msg":"listening"') || this.#child !== child) return;
      this.#url = (JSON.parse(line) as { url: string }).url;
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
    return complaints;
  }
}
