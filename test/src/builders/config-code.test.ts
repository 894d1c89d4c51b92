import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as builders from '../../../src/builders/builders.ts';
import { BARE_ENVIRONMENT, MAIN, PROJECT } from '../../stand-ins/receiver-process.ts';
import { run } from '../../stand-ins/run-program.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

/** Config files in TypeScript and JavaScript, run by the real command line in folders of their own. */

function folderWith(files: Readonly<Record<string, string>>): string {
  const cwd = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return cwd;
}

const relay = async (cwd: string, ...words: string[]) =>
  await run(process.execPath, [MAIN, ...words], { cwd, environment: BARE_ENVIRONMENT });

/** Each file rendered by itself, all in one process: the name of its first automation, or its error. Nothing else is printed. */
async function rendered(cwd: string, names: readonly string[]): Promise<string[]> {
  const script = `
    import { readConfigSources } from ${JSON.stringify(join(PROJECT, 'src/sync/definitions.ts'))};
    import { formatDiagnostic } from ${JSON.stringify(join(PROJECT, 'src/lib/diagnostic.ts'))};
    for (const name of process.argv.slice(1)) {
      const read = await readConfigSources(process.cwd(), [name]);
      console.log(read.ok ? name + ' ' + JSON.parse(read.value[0].text).automations[0].name : formatDiagnostic(read.error[0]).split('\\n')[0]);
    }`;
  const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script, '--', ...names], {
    cwd,
    environment: BARE_ENVIRONMENT,
  });
  expect([code, stderr]).toEqual([0, '']);
  return stdout.trim().split('\n');
}

const AUTOMATION = `automation({ name: 'deploy', event: onAddArtifactAlias(project('train'), 'production'), action: doNothing() })`;
const NAMES = 'automation, config, doNothing, onAddArtifactAlias, project';
const MODULE = `import { ${NAMES} } from 'wandb-relay/builders';
export default config({ entity: 'acme', automations: [${AUTOMATION}] });
`;
const COMMON = `const { ${NAMES} } = require('wandb-relay/builders');
module.exports = config({ entity: 'acme', automations: [${AUTOMATION}] });
`;
const TYPED = MODULE.replace('export default', 'const entity: string = "acme";\nexport default');

describe('a config in code', () => {
  it.each([
    ['commonjs', '{ "type": "commonjs" }'],
    ['module', '{ "type": "module" }'],
    ['no type', '{}'],
    ['no package.json', undefined],
  ])('is read in a package of type %s, in every kind of file', { timeout: 60_000 }, async (type, manifest) => {
    const isModule = type === 'module';
    const files = {
      'a.ts': TYPED,
      'b.mts': TYPED,
      'c.cts': COMMON,
      'd.cts': TYPED,
      'e.js': MODULE,
      'f.mjs': MODULE,
      'g.cjs': COMMON,
      ...(isModule ? {} : { 'h.ts': COMMON, 'i.js': COMMON }),
      'j.ts': `import shared from './shared';\nimport { config } from 'wandb-relay/builders';\nexport default config({ entity: 'acme', automations: [shared] });`,
      'k.js': `import shared from './shared.js';\nimport { config } from 'wandb-relay/builders';\nexport default config({ entity: 'acme', automations: [shared] });`,
    };
    const shared = `import { ${NAMES} } from 'wandb-relay/builders';\nconst name: string = 'deploy';\nexport default { ...${AUTOMATION}, name };\n`;
    const cwd = folderWith({ ...files, 'shared.ts': shared, ...(manifest === undefined ? {} : { 'package.json': manifest }) });
    const names = Object.keys(files);
    expect(await rendered(cwd, names)).toEqual(names.map((name) => `${name} deploy`));
  });

  it('has its errors at the line of the builder that was called', { timeout: 60_000 }, async () => {
    const source = `import { automation, config, doNothing, onRunMetric, onRunState, project, runEvent, sendNotification } from 'wandb-relay/builders';

const bad = automation({
  name: 'loss',
  event: onRunMetric(project('train'), runEvent.metric('').gt(1)),
  action: sendNotification({
    slack: '',
  }),
});
// A type assertion hides the mistake from the type checker.
const unknown = { ...automation({ name: 'x', event: onRunState(project('a/b/c'), runEvent.state.eq('failed')), action: doNothing() }), nmae: 'y' } as never;

export default config({
  entity: 'acme',
  automations: [bad, unknown],
});
`;
    const cwd = folderWith({ 'conf/relay.ts': source });
    const { code, stderr } = await relay(cwd, 'validate', '--config', 'conf/relay.ts');
    expect([code, stderr.trim().split('\n')]).toEqual([
      1,
      [
        'conf/relay.ts:5:10: automations[0].event.run_metric.metric: must not be empty',
        'conf/relay.ts:6:11: automations[0].action.notification.slack: must not be empty',
        'conf/relay.ts:11:64: automations[1].scope.project: must be a project, or entity/project',
        'conf/relay.ts:13:16: automations[1].nmae: unknown key (did you mean "name"?)',
        '4 problems',
      ],
    ]);
  });

  it('that fails says where', { timeout: 60_000 }, async () => {
    const cwd = folderWith({
      'throws.ts': `import { runEvent } from 'wandb-relay/builders';\n\nconst x: number = 1;\nexport default runEvent.metric('loss').avg(10).increasesBy({ frac: -x });\n`,
      'syntax.ts': `import { config } from 'wandb-relay/builders';\n\nexport default config({ entity: 'acme' ;\n`,
      'nothing.ts': 'export const config = 1;\n',
      'missing.ts': `import { x } from './not-there.ts';\nexport default x;\n`,
    });
    expect(await rendered(cwd, ['throws.ts', 'syntax.ts', 'nothing.ts', 'missing.ts'])).toEqual([
      'throws.ts:4:48: cannot be run: a change must be by a positive amount, not -1',
      expect.stringMatching(/^syntax\.ts:3:1: cannot be run: /),
      'nothing.ts:1:1: must export a config as default: export default config({ … })',
      expect.stringMatching(/^missing\.ts:1:1: cannot be run: Cannot find module .*not-there\.ts/),
    ]);
  });
});

/** The code of each `@example` of a file, with where it is. */
function examplesIn(file: string): { readonly place: string; readonly code: string }[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, i) => {
    if (!line.includes('@example')) return [];
    const rest = lines.slice(i + 1);
    const end = rest.findIndex((next) => next.includes('*/') || next.includes('@'));
    const code = rest.slice(0, end).map((next) => next.replace(/^\s*\* ?/, ''));
    return [{ place: `${file}:${i + 1}`, code: code.join('\n') }];
  });
}

describe('TSDoc', () => {
  const folder = join(PROJECT, 'src/builders');
  const sources = readdirSync(folder).map((name) => join(folder, name));
  const examples = sources.flatMap(examplesIn);

  it('has an example of every builder', () => {
    const functions = Object.keys(builders);
    expect(functions.length).toBeGreaterThan(20);
    expect(functions.filter((name) => !examples.some(({ code }) => code.includes(name)))).toEqual([]);
    for (const file of sources) {
      const exported = [...readFileSync(file, 'utf8').matchAll(/((?:\n \*[^\n]*)+\n \*\/\n)?export (?:function|const) (\w+)/g)];
      const bare = exported.filter(([, comment = '', name = '']) => functions.includes(name) && !comment.includes('@example'));
      // The overloads of one function share the comment of the first.
      const named = new Set(exported.filter(([, comment = '']) => comment.includes('@example')).map(([, , name]) => name));
      expect(bare.map(([, , name]) => name).filter((name) => !named.has(name ?? ''))).toEqual([]);
    }
  });

  it('has examples that type-check', { timeout: 120_000 }, () => {
    expect(examples.length).toBeGreaterThan(20);
    const cwd = temporaryFolder();
    const from = join(folder, 'builders.ts');
    for (const [i, { code }] of examples.entries()) {
      const used = Object.keys(builders).filter((name) => new RegExp(`\\b${name}\\b`).test(code));
      const text = `import { ${used.join(', ')}, type AutomationDefinition } from '${from}';\ndeclare const deployProduction: AutomationDefinition;\n${code}\nexport const done = deployProduction;\n`;
      writeFileSync(join(cwd, `example-${i}.ts`), text);
    }
    writeFileSync(join(cwd, 'package.json'), '{ "type": "module" }');
    const options = {
      noEmit: true,
      noUnusedLocals: false,
      rewriteRelativeImportExtensions: false,
      typeRoots: [join(PROJECT, 'node_modules/@types')],
    };
    writeFileSync(
      join(cwd, 'tsconfig.json'),
      JSON.stringify({ extends: join(PROJECT, 'tsconfig.json'), compilerOptions: options, include: ['*.ts'] }),
    );
    const tsc = join(PROJECT, 'node_modules/.bin/tsc');
    let output = '';
    try {
      output = execFileSync(tsc, ['-p', cwd], { encoding: 'utf8' });
    } catch (error) {
      output = String((error as { stdout?: unknown }).stdout);
    }
    const where = output.replace(/example-(\d+)\.ts/g, (_whole, i: string) => examples[Number(i)]?.place ?? '');
    expect(where).toBe('');
  });
});
