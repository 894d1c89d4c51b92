import { commandLine } from '../receiver/cli/command-io.ts';

/** What a command takes, from its own help. */
export interface CommandHelp {
  /** Long flags without dashes; true: a value follows. */
  readonly flags: ReadonlyMap<string, boolean>;
  /** It takes words that are no flags. */
  readonly takesWords: boolean;
}

/** Every command with what it takes; `slack manifest` is one of them. To be called inside a test. */
export async function commandHelp(): Promise<ReadonlyMap<string, CommandHelp>> {
  const cli = commandLine();
  const names = commandsIn((await cli.run('--help')).out);
  const found = new Map<string, CommandHelp>();
  for (const name of names) {
    const { out } = await cli.run(name, '--help');
    const below = commandsIn(out);
    if (below.length === 0) found.set(name, read(out));
    for (const second of below) found.set(`${name} ${second}`, read((await cli.run(name, second, '--help')).out));
  }
  return found;
}

function commandsIn(help: string): string[] {
  const list = help.split(/^Commands:$/m)[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((line) => line[1] ?? '').filter((name) => name !== 'help');
}

function read(help: string): CommandHelp {
  const flags = [...help.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)( <)?/gm)].map((line): [string, boolean] => [
    line[1] ?? '',
    line[2] !== undefined,
  ]);
  return { flags: new Map(flags.filter(([name]) => name !== 'help')), takesWords: /^Arguments:$/m.test(help) };
}

/** What is wrong with a call of `wandb-relay`, or `undefined`. */
export function callProblem(commands: ReadonlyMap<string, CommandHelp>, words: readonly string[]): string | undefined {
  const two = words.slice(0, 2).join(' ');
  const name = commands.has(two) ? two : (words[0] ?? '');
  const command = commands.get(name);
  if (command === undefined) return `there is no command "${name}"`;
  const rest = words.slice(name.split(' ').length);
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] ?? '';
    if (!word.startsWith('--')) {
      // Behind a flag with a value, more words are more values.
      if (!command.takesWords && !rest.slice(0, i).some((before) => command.flags.get(before.slice(2)) === true))
        return `${name} takes no "${word}"`;
      continue;
    }
    const [flag = '', inline] = word.slice(2).split('=');
    const takesValue = command.flags.get(flag);
    if (takesValue === undefined) return `${name} has no --${flag}`;
    if (!takesValue) continue;
    if (inline === undefined && (rest[i + 1] ?? '--').startsWith('--')) return `${name} --${flag} needs a value`;
    if (inline === undefined) i++;
  }
  return undefined;
}
