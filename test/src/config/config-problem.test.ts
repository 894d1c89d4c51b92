import { describe, expect, it } from 'vitest';
import { LineCounter, parseDocument } from 'yaml';
import { type ConfigPath, formatPath, formatProblem, type Locator, locatorOf } from '../../../src/config/config-problem.ts';

function locatorIn(text: string): Locator {
  const lines = new LineCounter();
  return locatorOf('relay.yaml', parseDocument(text, { lineCounter: lines }), lines);
}

const TEXT = 'version: 1\nroutes:\n  - name: deploy\n    to: [ { slack: { channel: x } } ]\n';

describe('formatProblem', () => {
  it('writes file:line:column, the field and what is wrong', () => {
    const problem = { file: 'a.yaml', line: 3, column: 7, field: 'routes[0].name', message: 'is missing' };
    expect(formatProblem(problem)).toBe('a.yaml:3:7: routes[0].name: is missing');
  });

  it('leaves the field out where the whole document is meant', () => {
    expect(formatProblem({ file: 'a.yaml', line: 1, column: 1, field: '', message: 'is empty' })).toBe('a.yaml:1:1: is empty');
  });
});

describe('formatPath', () => {
  it.each<[ConfigPath, string]>([
    [[], ''],
    [['routes'], 'routes'],
    [['routes', 0, 'to', 12, 'slack'], 'routes[0].to[12].slack'],
    [['automations', 3], 'automations[3]'],
  ])('writes %j as %j', (path, text) => {
    expect(formatPath(path)).toBe(text);
  });
});

describe('a locator', () => {
  it.each<[ConfigPath, number, number]>([
    [[], 1, 1],
    [['version'], 1, 10],
    [['routes', 0], 3, 5],
    [['routes', 0, 'name'], 3, 11],
    [['routes', 0, 'to', 0, 'slack', 'channel'], 4, 31],
  ])('finds the value at %j', (path, line, column) => {
    expect(locatorIn(TEXT).at(path, '')).toMatchObject({ file: 'relay.yaml', line, column, field: formatPath(path) });
  });

  it.each<[ConfigPath, number, number]>([
    [['version'], 1, 1],
    [['routes', 0, 'to'], 4, 5],
    [['routes', 0, 'to', 0, 'slack', 'channel'], 4, 22],
  ])('finds the key at %j', (path, line, column) => {
    expect(locatorIn(TEXT).atKey(path, '')).toMatchObject({ line, column, field: formatPath(path) });
  });

  it('takes the innermost place that exists for what is missing, and still names the field', () => {
    expect(locatorIn(TEXT).at(['routes', 0, 'on', 'alias'], '')).toMatchObject({ line: 3, column: 5, field: 'routes[0].on.alias' });
    expect(locatorIn(TEXT).atKey(['routes', 7, 'on'], '')).toMatchObject({ line: 3, column: 3 });
  });

  it('counts lines that end in a carriage return and a line feed as one', () => {
    expect(locatorIn(TEXT.replaceAll('\n', '\r\n')).at(['routes', 0, 'name'], '')).toMatchObject({ line: 3, column: 11 });
  });

  it('answers line 1, column 1 for an empty file', () => {
    expect(locatorIn('').at(['routes'], '')).toMatchObject({ line: 1, column: 1 });
  });
});
