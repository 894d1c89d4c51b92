import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { formatProblem } from '../src/config-problem.ts';
import { relayPayload } from '../src/relay-payload.ts';
import { commandLine } from './receiver/cli/command-io.ts';
import { PROJECT } from './stand-ins/receiver-process.ts';

const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((found) => found[1] ?? '');

describe('the README', () => {
  it('names every environment variable that is read, and no other', () => {
    const source = readFileSync(join(PROJECT, 'receiver', 'environment.ts'), 'utf8');
    const read = [...source.matchAll(/(?:get\('|variables\.)([A-Z_]+)/g)].map((found) => found[1]);
    const table = readme.slice(readme.indexOf('## Environment'), readme.indexOf('## More'));
    const rows = table.split('\n').filter((row) => row.startsWith('| `'));
    const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map((found) => found[1]));
    expect(named.filter((name) => !name?.startsWith('WANDB_WEBHOOK')).sort()).toEqual([...new Set(read)].sort());
    expect(rows.filter((row) => row.includes('WANDB_WEBHOOK'))).toHaveLength(3);
  });

  it('lists every command', async () => {
    const { out } = await commandLine().run('--help');
    const commands = [...out.matchAll(/^ {2}([a-z-]+) ?(\[|<|\s)/gm)].map((found) => found[1]).filter((name) => name !== 'help');
    expect(commands.length).toBeGreaterThan(8);
    const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## Routes'));
    for (const command of commands) expect(table).toContain(`\`${command}`);
  });

  it('shows configs that are valid', () => {
    const configs = blocks('yaml').filter((block) => /^(routes|automations):/m.test(block));
    expect(configs.length).toBeGreaterThan(2);
    for (const block of configs) {
      const config = readConfig(/^version:/m.test(block) ? block : `version: 1\n${block}`, 'README.md');
      expect(config.ok ? [] : config.error.map(formatProblem)).toEqual([]);
    }
  });

  it('shows the payload that automations get from us', () => {
    const shown = blocks('json').find((block) => block.includes('"relay": 1'));
    expect(JSON.parse(shown ?? '')).toEqual(relayPayload('add_artifact_alias', 'deploy-production'));
  });
});
