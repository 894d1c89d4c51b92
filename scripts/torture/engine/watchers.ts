import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Dice } from '../seeded.ts';

const PROGRAM = fileURLToPath(new URL('./watcher-process.ts', import.meta.url));

/** Watchers that are killed, stopped and frozen, and each time come back. */
export class Watchers {
  kills = 0;
  stops = 0;
  freezes = 0;
  /** What they wrote to standard error, for whoever looks for the reason of a failure. */
  readonly complaints: string[] = [];
  private readonly environment: NodeJS.ProcessEnv;
  private readonly slots: (ChildProcess | undefined)[];
  private ended = false;

  constructor(count: number, environment: NodeJS.ProcessEnv) {
    this.environment = environment;
    this.slots = Array.from({ length: count }, () => undefined);
  }

  /** Resolves when each of them watches. */
  async start(): Promise<void> {
    await Promise.all(this.slots.map((_none, slot) => this.launch(slot)));
  }

  /** Something happens to one of them. */
  async disturb(dice: Dice): Promise<void> {
    const slot = dice.between(0, this.slots.length - 1);
    const child = this.slots[slot];
    if (child?.pid === undefined) return;
    const what = dice.next();
    if (what < 0.2) {
      this.freezes += 1;
      child.kill('SIGSTOP');
      // Longer than a lease: another one takes over, and this one goes on where it was.
      await sleep(dice.between(300, 1_500));
      child.kill('SIGCONT');
      return;
    }
    if (what < 0.4) this.stops += 1;
    else this.kills += 1;
    child.kill(what < 0.4 ? 'SIGTERM' : 'SIGKILL');
    await ended(child);
    await sleep(dice.between(0, 200));
    await this.launch(slot);
  }

  async end(): Promise<void> {
    this.ended = true;
    const running = this.slots.filter((child) => child !== undefined);
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(running.map(ended));
  }

  private launch(slot: number): Promise<void> {
    if (this.ended) return Promise.resolve();
    const child = spawn(process.execPath, [PROGRAM], { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.slots[slot] = child;
    child.stderr.on('data', (part: Buffer) => {
      if (this.complaints.length < 200) this.complaints.push(part.toString());
    });
    return new Promise((resolve) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', () => {
        if (this.slots[slot] === child) this.slots[slot] = undefined;
        resolve();
      });
    });
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
