import process from 'node:process';
import { visible } from '../../src/lib/visible.ts';

/**
 * Asks one question on the terminal of this process. Node's own readline, and no library: `init` asks for a few lines of text.
 *
 * @returns the line, without space around it; `undefined` for Ctrl-C and Ctrl-D
 */
export async function askOnTerminal(question: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new AbortController();
  // Readline takes the terminal's keys: Ctrl-C is no signal then. It closes it, as Ctrl-D does, and the question would wait for ever.
  lines.on('close', () => ended.abort());
  try {
    return (await lines.question(visible(question), { signal: ended.signal })).trim();
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    process.stdout.write('\n');
    return undefined;
  } finally {
    lines.close();
  }
}
