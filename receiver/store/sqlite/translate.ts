import type { SqlScalar, SqlValue } from '../rules/work.ts';

/** A statement of a rule as SQLite takes it. */
export interface Translated {
  readonly sql: string;
  readonly values: readonly SqlScalar[];
}

/** A list of more values than this goes in as one JSON text: each length is a statement of its own to prepare. */
const LONGEST_LIST = 40;
/** So does every list of a statement that would have more values than this (Cloudflare, "Durable Objects limits"). */
const MOST_VALUES = 100;

interface Template {
  /** The texts between the placeholders. */
  readonly texts: readonly string[];
  /** Which value each placeholder stands for, counted from 0. */
  readonly indexes: readonly number[];
  /** Without a list the text is always the same. */
  readonly fixed: string | undefined;
  /** The placeholders are $1, $2, … in this order, each once. */
  readonly inOrder: boolean;
}

const templates = new Map<string, Template>();

/**
 * Rewrites a statement from PostgreSQL's form (see `rules/work.ts`) to SQLite's. The text of a rule is rewritten once; only
 * lists, whose length differs, are written out for each call.
 */
export function translate(sql: string, values: readonly SqlValue[]): Translated {
  let template = templates.get(sql);
  if (template === undefined) {
    template = templateOf(sql);
    templates.set(sql, template);
  }
  const { fixed, inOrder, indexes } = template;
  if (fixed !== undefined) {
    const scalars = values as readonly SqlScalar[];
    return { sql: fixed, values: inOrder ? scalars : indexes.map((index) => scalars[index] ?? null) };
  }
  return withLists(template, values);
}

const PLACEHOLDER = /= ANY \(\$(\d+)\)|\$(\d+)/g;

function templateOf(sql: string): Template {
  const inSqlite = sql
    .replaceAll(/\s*\bFOR UPDATE(?: SKIP LOCKED)?/g, '')
    .replaceAll(/ COLLATE "C"/g, '')
    .replaceAll(/\bGREATEST\(/g, 'MAX(')
    .replaceAll(/\bLEAST\(/g, 'MIN(')
    .replaceAll(/\bSTRPOS\(/g, 'INSTR(')
    .replaceAll(/\bAS bigint\)/g, 'AS INTEGER)');
  const texts: string[] = [];
  const indexes: number[] = [];
  let hasList = false;
  let end = 0;
  for (const match of inSqlite.matchAll(PLACEHOLDER)) {
    texts.push(inSqlite.slice(end, match.index));
    end = match.index + match[0].length;
    hasList ||= match[1] !== undefined;
    indexes.push(Number(match[1] ?? match[2]) - 1);
  }
  texts.push(inSqlite.slice(end));
  return {
    texts,
    indexes,
    fixed: hasList ? undefined : texts.join('?'),
    inOrder: indexes.every((index, i) => index === i),
  };
}

function withLists({ texts, indexes }: Template, given: readonly SqlValue[]): Translated {
  const values: SqlScalar[] = [];
  const bound = indexes.reduce((sum, index) => sum + sizeOf(given[index] ?? null), 0);
  const longestList = bound > MOST_VALUES ? 0 : LONGEST_LIST;
  let sql = texts[0] ?? '';
  indexes.forEach((index, i) => {
    const value = given[index] ?? null;
    sql += isList(value) ? listCondition(value, longestList, values) : '?';
    if (!isList(value)) values.push(value);
    sql += texts[i + 1] ?? '';
  });
  return { sql, values };
}

/** Adds what the condition needs to `values`. */
function listCondition(list: readonly SqlScalar[], longestList: number, values: SqlScalar[]): string {
  if (list.length > longestList) {
    values.push(JSON.stringify(list));
    return 'IN (SELECT value FROM json_each(?))';
  }
  values.push(...list);
  return `IN (${list.map(() => '?').join(', ')})`;
}

function sizeOf(value: SqlValue): number {
  return isList(value) ? value.length : 1;
}

function isList(value: SqlValue): value is readonly SqlScalar[] {
  return Array.isArray(value);
}
