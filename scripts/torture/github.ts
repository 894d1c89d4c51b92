import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { GitHubCommand, GitHubReport } from './github-process.ts';
import type { Arrival } from './ledger.ts';

/** The harness's end of the stand-in's process. */
export class GitHub {
  readonly #child: ChildProcess;
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(seed: number): Promise<GitHub> {
    const child = fork(fileURLToPath(new URL('./github-process.ts', import.meta.url)), [String(seed)]);
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`the stand-in of GitHub ended with ${code}`);
    });
    failed.catch(() => undefined);
    const [{ url }] = (await Promise.race([once(child, 'message'), failed])) as [{ url: string }];
    return new GitHub(child, url);
  }

  /** From now on everything works. */
  calm(): void {
    this.#send({ do: 'calm' });
  }

  /** How many dispatches have arrived. */
  async count(): Promise<number> {
    return (await this.#report(false)).count;
  }

  /** In the order of arrival. */
  async arrivals(): Promise<readonly Arrival[]> {
    return (await this.#report(true)).arrivals;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #send(command: GitHubCommand): void {
    this.#child.send(command);
  }

  async #report(withArrivals: boolean): Promise<Exclude<GitHubReport, { url: string }>> {
    const answered = once(this.#child, 'message');
    this.#send({ do: 'report', withArrivals });
    const [report] = (await answered) as [Exclude<GitHubReport, { url: string }>];
    return report;
  }
}
