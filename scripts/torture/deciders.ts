import { runCommand } from '../../test/stand-ins/receiver-process.ts';
import type { Decision } from './ledger.ts';
import type { Dice } from './seeded.ts';

export interface DecidersOptions {
  readonly adminToken: string;
  readonly dice: Dice;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly urls: () => readonly string[];
  readonly decided: (decision: Decision) => void;
}

interface HeldDelivery {
  readonly id: string;
}

/** What two people want who decide at the same moment. Whoever cancels may also stop what the other one has just approved. */
const OPINIONS: readonly (readonly [Decision['word'], Decision['word']])[] = [
  ['approve', 'approve'],
  ['approve', 'approve'],
  ['approve', 'approve'],
  ['approve', 'cancel'],
  ['cancel', 'approve'],
  ['cancel', 'cancel'],
];
/** Every so many decisions somebody uses the command line, too: a process for each costs time. */
const COMMAND_EVERY = 8;
const ANSWER_LIMIT_MS = 10_000;

/**
 * Decides about whatever is held, always several people at once: through each receiver's API, twice where there is one, and
 * now and then on the command line. Call `decideAll` again and again.
 */
export class Deciders {
  readonly #options: DecidersOptions;
  #decisions = 0;

  constructor(options: DecidersOptions) {
    this.#options = options;
  }

  /** One look at what is held, and the decisions about it. Returns how many deliveries were decided about. */
  async decideAll(): Promise<number> {
    const [url] = this.#options.urls();
    const held = url === undefined ? [] : await this.#held(url);
    await Promise.all(held.map((delivery) => this.#decide(delivery.id)));
    return held.length;
  }

  async #held(url: string): Promise<readonly HeldDelivery[]> {
    try {
      const response = await fetch(`${url}/api/deliveries?state=held`, { headers: this.#headers(), signal: limit() });
      return response.ok ? ((await response.json()) as { deliveries: HeldDelivery[] }).deliveries : [];
    } catch {
      return [];
    }
  }

  async #decide(deliveryId: string): Promise<void> {
    const { dice, urls } = this.#options;
    const words = dice.pick(OPINIONS);
    const [first] = urls();
    const people = words.map((word, i) => {
      const url = urls()[i % Math.max(1, urls().length)] ?? first;
      return url === undefined ? undefined : this.#ask(url, deliveryId, word);
    });
    if (++this.#decisions % COMMAND_EVERY === 0) people.push(this.#run(deliveryId, words[0]));
    await Promise.all(people);
  }

  async #ask(url: string, deliveryId: string, word: Decision['word']): Promise<void> {
    let answer: Decision['answer'] = 'lost';
    try {
      const response = await fetch(`${url}/api/deliveries/${deliveryId}/${word}`, {
        method: 'POST',
        headers: this.#headers(),
        body: JSON.stringify({ by: DECIDER }),
        signal: limit(),
      });
      answer = response.ok ? 'done' : response.status < 500 ? 'refused' : 'lost';
    } catch {
      // A receiver that was killed gives no answer.
    }
    this.#options.decided({ deliveryId, through: 'api', word, answer });
  }

  async #run(deliveryId: string, word: Decision['word']): Promise<void> {
    const { cwd, environment } = this.#options;
    const { stdout, stderr } = await runCommand([word, deliveryId, '--as', DECIDER], { cwd, environment });
    const isDone = new RegExp(`^${deliveryId} (approved|cancelled)$`, 'm').test(stdout);
    const isRefused = stderr.startsWith(`${deliveryId} not `);
    this.#options.decided({ deliveryId, through: 'command', word, answer: isDone ? 'done' : isRefused ? 'refused' : 'lost' });
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#options.adminToken}` };
  }
}

/** Who decides. */
const DECIDER = 'torture';

const limit = (): AbortSignal => AbortSignal.timeout(ANSWER_LIMIT_MS);
