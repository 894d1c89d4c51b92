import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../stand-ins/receiver-process.ts';
import { inlineCode, PAGES, type Page, page, TOPICS } from './pages.ts';

const packaged = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { files: string[] };

/** The anchors of a page, as GitHub makes them: the heading in lower case, without signs, spaces as dashes. */
function anchorsOf({ prose }: Page): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose.matchAll(/^#+ (.+)$/gm)) {
    const plain = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = plain;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${plain}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

function linksOf({ prose }: Page): string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((found) => found[1] ?? '').filter((link) => !/^[a-z]+:/.test(link));
}

function linkProblem(from: Page, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const name = path === '' ? from.name : relative(PROJECT, join(PROJECT, dirname(from.name), path));
  if (!existsSync(join(PROJECT, name))) return `${from.name}: ${link}: there is no such file`;
  if (anchor === undefined) return undefined;
  const target = PAGES.find((one) => one.name === name);
  if (target === undefined) return `${from.name}: ${link}: is no page of the documentation`;
  return anchorsOf(target).has(anchor) ? undefined : `${from.name}: ${link}: there is no such heading`;
}

/** Files of the reader's own, and of other projects, that the documentation names. Everything else must exist here. */
const READERS_FILES = new Set([
  'wandb-relay.yaml',
  'wandb-relay.config.ts',
  'relay.db',
  'relay-sandbox.db',
  'deploy.yml',
  // Of examples/workflows, where they are named without their folder.
  'automations.yml',
  'drift.yml',
  'render.yml',
  'watch.yml',
  'watch.db',
  'monorepo.yml',
  'definitions.json',
  'ml/prod-*.yaml',
  'ml/dev-*.yaml',
  '.github/workflows/automations.yml',
  '.github/workflows/deploy.yml',
  'events.md',
  '.dev.vars',
  '.wrangler/state', // what `npm run dev:worker` stores
  '.wrangler/sandbox-state',
  'dist/App.js', // Bolt's
  'sift/lib/index.js',
]);
const FILE_ENDING = /\.(ts|js|cjs|md|ya?ml|jsonc?|db|vars|toml|sh)$/;
const PATH = /^\.?[\w-]+[\w.*-]*(\/[\w.*-]+)*\/?$/;

/** Whether a word in back-ticks is meant to be a file or folder here: by its ending, or because it begins in a folder of ours. */
function looksLikeOurs(code: string): boolean {
  if (!PATH.test(code) || READERS_FILES.has(code)) return false;
  const [first = ''] = code.split('/');
  if (FILE_ENDING.test(code) || code.endsWith('/')) return true;
  return code.includes('/') && existsSync(join(PROJECT, first));
}

describe('the pages of the documentation', () => {
  it('link only to files and headings that exist', () => {
    const links = PAGES.flatMap((from) => linksOf(from).map((link) => ({ from, link })));
    expect(links.length).toBeGreaterThan(40);
    expect(links.flatMap(({ from, link }) => linkProblem(from, link) ?? [])).toEqual([]);
  });

  it('name only files and folders of the repository that exist, with their whole path', () => {
    const named = PAGES.flatMap((one) => inlineCode(one).map((code) => ({ name: one.name, code }))).filter(({ code }) =>
      looksLikeOurs(code),
    );
    expect(named.length).toBeGreaterThan(80);
    const missing = named.filter(({ code }) => globSync(code, { cwd: PROJECT }).length === 0);
    expect(missing.map(({ name, code }) => `${name}: ${code}`)).toEqual([]);
  });

  it('name a folder where ARCHITECTURE.md draws one', () => {
    const drawn = page('ARCHITECTURE.md').blocks.flatMap(({ text }) => text.match(/\b(?:receiver|src)\/[\w./-]*/g) ?? []);
    expect(drawn.length).toBeGreaterThan(10);
    expect(drawn.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });

  it('are all reachable from the README, and packed', () => {
    const linked = linksOf(page('README.md')).map((link) => link.split('#')[0]);
    for (const name of TOPICS) expect(linked).toContain(`docs/${name}`);
    expect(packaged.files).toContain('docs');
    for (const link of linked) expect([...packaged.files, 'README.md']).toContain(link?.split('/')[0]);
  });

  it('hold nothing that a merge left', () => {
    for (const { name, text } of PAGES) expect(/^(<{7}|={7}$|>{7})/m.test(text), name).toBe(false);
  });

  it('are short, or begin with an example', () => {
    expect(page('README.md').text.split('\n').length - 1).toBeLessThanOrEqual(150);
    expect(page('ARCHITECTURE.md').text.split('\n').length - 1).toBeLessThanOrEqual(120);
    for (const name of TOPICS) {
      const { text } = page(`docs/${name}`);
      expect(text.split('\n').slice(0, 9).join('\n'), name).toMatch(/^# .+\n[\s\S]*?^```/m);
    }
  });
});
