import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../stand-ins/receiver-process.ts';
import { type CommandHelp, callProblem, commandHelp } from './command-help.ts';
import { blocksOf, inlineCode, PAGES, page, tableRows } from './pages.ts';
import { callsOf } from './shell.ts';

const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Programs that are not ours; a word that is none of them is a slip of the pen. */
const OTHER_PROGRAMS = new Set(['export', 'echo', 'cp', 'docker', 'kubectl', 'curl', 'openssl', 'pg_dump', 'pg_restore', 'createdb', 'jq']);
/** Of npm and wrangler, what the documentation uses. */
const NPM_WORDS = new Set(['ci', 'start', 'test']);
const WRANGLER_WORDS = new Set(['login', 'queues', 'rollback', 'secret', 'tail']);

type Commands = ReadonlyMap<string, CommandHelp>;

function problemOf(commands: Commands, [program = '', ...words]: readonly string[]): string | undefined {
  if (program === 'wandb-relay') return callProblem(commands, words);
  // Never a package of that name from the registry, which may be anybody's.
  if (program === 'npx' && words[0] === '--no-install' && words[1] === 'wandb-relay') return callProblem(commands, words.slice(2));
  if (program === 'npx' && words[0] === 'wrangler') return WRANGLER_WORDS.has(words[1] ?? '') ? undefined : `wrangler ${words[1]}?`;
  if (program === 'npm')
    return npmProblem(
      commands,
      words.filter((word) => word !== '-s'),
    );
  return OTHER_PROGRAMS.has(program) ? undefined : `"${program}" is no program that the documentation uses`;
}

function npmProblem(commands: Commands, [first = '', script = '', dashes, ...words]: readonly string[]): string | undefined {
  if (NPM_WORDS.has(first)) return undefined;
  if (first !== 'run') return `npm ${first}?`;
  if (scripts[script] === undefined) return `there is no script "${script}"`;
  if (dashes !== undefined && dashes !== '--') return `npm run ${script} needs "--" before "${dashes}"`;
  return script === 'relay' && words.length > 0 ? callProblem(commands, words) : undefined;
}

/** Placeholders such as `<command>` or `…` are for people. */
const isWhole = (code: string) => !/[<>…]/.test(code);

describe('the commands that the documentation shows', () => {
  it('exist, with these flags, in every example', async () => {
    const commands = await commandHelp();
    const calls = blocksOf('sh').flatMap(({ place, text }) => callsOf(text).map((words) => ({ place, words })));
    expect(calls.length).toBeGreaterThan(30);
    const problems = calls.flatMap(({ place, words }) => problemOf(commands, words)?.concat(` (${place}: ${words.join(' ')})`) ?? []);
    expect(problems).toEqual([]);
  });

  it('exist, with these flags, in running text', async () => {
    const commands = await commandHelp();
    const shown = PAGES.flatMap((one) => inlineCode(one).map((code) => ({ where: one.name, code }))).filter(
      ({ code }) => /^(npm|npx|wandb-relay) /.test(code) && isWhole(code),
    );
    expect(shown.length).toBeGreaterThan(15);
    const problems = shown.flatMap(({ where, code }) =>
      callsOf(code).flatMap((words) => problemOf(commands, words)?.concat(` (${where}: ${code})`) ?? []),
    );
    expect(problems).toEqual([]);
  });

  it('are all in the reference, with all their flags', async () => {
    const commands = await commandHelp();
    const rows = tableRows(page('docs/reference.md'), '## Commands').flatMap(([cell = '']) => /^`(.*)`$/.exec(cell)?.[1] ?? []);
    const described = new Map(
      rows.map((row) => {
        const two = row.split(' ').slice(0, 2).join(' ');
        return [commands.has(two) ? two : (row.split(' ')[0] ?? ''), [...row.matchAll(/--([a-z-]+)/g)].map((flag) => flag[1])];
      }),
    );
    const real = new Map([...commands].map(([name, { flags }]) => [name, [...flags.keys()]]));
    const sorted = (map: ReadonlyMap<string, readonly unknown[]>) => [...map].map(([name, flags]) => [name, [...flags].sort()]).sort();
    expect(sorted(described)).toEqual(sorted(real));
  });

  it('of the README are the two that let a newcomer try it', () => {
    const tries = page('README.md')
      .blocks.filter(({ language }) => language === 'sh')
      .slice(0, 2);
    expect(tries.map(({ text }) => text.trim())).toEqual(['npm ci && npm start', 'npm ci && npm test']);
  });
});
