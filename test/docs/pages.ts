import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../stand-ins/receiver-process.ts';

/** A fenced block of a page. */
export interface Block {
  /** `README.md:42`, where the block begins. */
  readonly place: string;
  /** What stands behind the opening fence: `sh`, `yaml`, …; may be empty. */
  readonly language: string;
  /** Without the indentation that a block in a list has. */
  readonly text: string;
}

/** One Markdown file of the project. */
export interface Page {
  /** From the project's folder: `docs/routes.md`. */
  readonly name: string;
  readonly text: string;
  /** The text without its fenced blocks and comments, line for line. */
  readonly prose: string;
  readonly blocks: readonly Block[];
}

/** A note for those who edit the page; it is not shown. */
const COMMENT = /<!--[\s\S]*?-->/g;
const FENCE = /^( *)```([a-z]*)\n([\s\S]*?)^\1```$/gm;

/** Reads a page from its text. */
export function readPage(name: string, text: string): Page {
  const blocks = [...text.matchAll(FENCE)].map(({ index, 1: indent = '', 2: language = '', 3: body = '' }) => ({
    place: `${name}:${text.slice(0, index).split('\n').length}`,
    language,
    text: body
      .split('\n')
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join('\n'),
  }));
  return { name, text, blocks, prose: text.replace(FENCE, blank).replace(COMMENT, blank) };
}

/** Keeps the number of lines. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, '');
}

/** The pages of docs/, by their names. */
export const TOPICS: readonly string[] = readdirSync(join(PROJECT, 'docs')).filter((name) => name.endsWith('.md'));

/** Every page that the project shows to people. */
export const PAGES: readonly Page[] = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...TOPICS.map((name) => `docs/${name}`),
].map((name) => readPage(name, readFileSync(join(PROJECT, name), 'utf8')));

/** @throws when there is no such page */
export function page(name: string): Page {
  const found = PAGES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no page ${name}`);
  return found;
}

/** All blocks of one language, of every page. */
export function blocksOf(language: string): Block[] {
  return PAGES.flatMap(({ blocks }) => blocks.filter((block) => block.language === language));
}

/** What stands in back-ticks in running text, once for each page that has it. */
export function inlineCode({ prose }: Page): string[] {
  return [...new Set([...prose.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map((found) => found[1] ?? ''))];
}

/** The rows of the tables in one section: their cells, without the heading's. `\|` is no border of a cell. */
export function tableRows({ prose }: Page, heading: string): string[][] {
  const section = prose.split(/^(?=#+ )/m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`there is no section "${heading}"`);
  return section
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('|---'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
