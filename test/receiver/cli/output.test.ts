import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { renderTable } from '../../../receiver/cli/output.ts';
import { printerOf } from '../../../receiver/cli/printer.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import { pretty } from '../../../receiver/log/pretty.ts';
import { BARE_ENVIRONMENT, COMPILED_ONCE, eventually, MAIN } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

function start(words: readonly string[], stdout: 'pipe' | number, nodeOptions: readonly string[] = []) {
  const child = spawn(process.execPath, [...nodeOptions, MAIN, ...words], {
    cwd: temporaryFolder(),
    env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE, PORT: '0' },
    stdio: ['ignore', stdout, 'pipe'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, stderr: () => stderr };
}

describe('a reader of the output that goes away', () => {
  it('does not end the receiver, which says so once', async () => {
    const { child, stderr } = start(['serve'], 'pipe');
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    let url = '';
    for await (const line of lines) {
      if (!line.includes('"msg":"listening"')) continue;
      url = (JSON.parse(line) as { url: string }).url;
      break;
    }
    child.stdout?.destroy();
    // Each of these is a line in the log.
    for (let i = 0; i < 3; i++) expect((await fetch(`${url}/webhooks/wandb`, { method: 'POST', body: '{}' })).status).toBe(401);
    await eventually('it has complained', () => stderr() !== '');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(stderr()).toMatch(/^the log cannot be written: .*EPIPE; the receiver goes on\n$/);
  });

  it('ends a command quietly', async () => {
    const { child, stderr } = start(['schema'], 'pipe');
    child.stdout?.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(stderr()).toBe('');
  });

  it('is not a full disk: that fails a command, and not the receiver', async () => {
    const full = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(full));
    const { child, stderr } = start(['schema'], full);
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(stderr()).toMatch(/^the output cannot be written: ENOSPC/);
    const serving = start(['serve'], full);
    await eventually('it has complained', () => serving.stderr().includes('the receiver goes on'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    serving.child.kill('SIGTERM');
    expect(await once(serving.child, 'exit')).toEqual([0, null]);
  });
});

it('is whole for a reader that has read one byte and then pauses, as a pager does', async () => {
  const size = async (reader: string) => {
    const child = spawn('sh', ['-c', `"$0" "$1" schema | (${reader})`, process.execPath, MAIN], {
      env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE },
    });
    let text = '';
    for await (const part of child.stdout.setEncoding('utf8')) text += part;
    return Number(text);
  };
  const [at, late] = await Promise.all([size('wc -c'), size('dd bs=1 count=1 of=/dev/null 2>/dev/null; sleep 2; wc -c')]);
  expect(at).toBeGreaterThan(65_536);
  expect(late).toBe(at - 1);
});

/** What must never reach a terminal as it is: escape sequences, C1, line breaks, bidirectional and invisible characters. */
const NASTY = [
  '\u001b[2J',
  '\u009b31m',
  '\u0007',
  '\r\n[23:59:59] INFO: delivered',
  '\u0085',
  '\u2028',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u200f',
  '\u2060',
  '\ufeff',
  '\u00ad',
  '\u{e0041}',
  '\ud83d',
];
const RAW = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('text from outside', () => {
  const printed = (work: (printer: ReturnType<typeof printerOf>) => void): string => {
    let text = '';
    work(
      printerOf(
        (more) => {
          text += more;
        },
        (more) => {
          text += more;
        },
      ),
    );
    return text;
  };

  it.each(NASTY)('%j is shown and does nothing, in a line, a note, a document and a table', (nasty) => {
    const name = `a${nasty}b`;
    for (const text of [printed(({ print }) => print(name)), printed(({ complain }) => complain(name))]) {
      expect(text.endsWith('b\n')).toBe(true);
      expect(text.slice(0, -1)).not.toMatch(RAW);
    }
    const json = printed(({ printDocument }) => printDocument(JSON.stringify({ [name]: name })));
    expect(json.slice(0, -1)).not.toMatch(RAW);
    expect(JSON.parse(json)).toEqual({ [name]: name });
    const table = renderTable(
      ['NAME', 'ID'],
      [
        [name, '1'],
        ['short', '2'],
      ],
    );
    expect(table).toHaveLength(3);
    expect(table.join('')).not.toMatch(RAW);
  });

  it.each(NASTY)('%j is shown and does nothing, in the log for people and in the one for machines', (nasty) => {
    const name = `a${nasty}b`;
    const lines: string[] = [];
    for (const format of [undefined, pretty()]) {
      createLogger({ level: 'info', format, redact: (text) => text, write: (text) => lines.push(text.trimEnd()) }).info(
        { [name]: [name] },
        `about ${name}`,
      );
    }
    const [machine = '', people = ''] = lines;
    expect(machine).not.toMatch(RAW);
    expect(JSON.parse(machine)).toMatchObject({ [name]: [name], msg: `about ${name}` });
    // Its own colours are all that is left.
    expect(people).toContain('\u001b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    expect(people.replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(RAW);
  });

  it('reaches no terminal with an error that nobody expected', async () => {
    const bug = `setTimeout(() => { throw new Error('about a\\u001b[2Jb\\u202e') }, 1500)`;
    const { child, stderr } = start(['serve'], 'pipe', ['--import', `data:text/javascript,${encodeURIComponent(bug)}`]);
    child.stdout?.resume();
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(stderr()).toMatch(/^Error: about a\\u001b\[2Jb\\u202e\n +at /);
  });

  it('keeps what people write: accents, other scripts, emoji', () => {
    for (const name of ['Zoë', 'שלום', '漢字', 'مرحبا', '❤️ 🚀', 'a b']) expect(printed(({ print }) => print(name))).toBe(`${name}\n`);
  });
});
