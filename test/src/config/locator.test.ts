import { describe, expect, it } from 'vitest';
import { LineCounter, parseDocument } from 'yaml';
import { type ConfigPath, formatPath, type Locator, locatorOf } from '../../../src/config/locator.ts';

function locatorIn(text: string): Locator {
  const lines = new LineCounter();
  return locatorOf('relay.yaml', parseDocument(text, { lineCounter: lines }), lines);
}

const TEXT = 'version: 1\nroutes:\n  - name: deploy\n    to: [ { slack: { channel: x } } ]\n';

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
    expect(locatorIn(TEXT).at(path, '')).toEqual({
      severity: 'error',
      message: '',
      location: { file: 'relay.yaml', line, column },
      ...(path.length === 0 ? {} : { field: formatPath(path) }),
    });
  });

  it.each<[ConfigPath, number, number]>([
    [['version'], 1, 1],
    [['routes', 0, 'to'], 4, 5],
    [['routes', 0, 'to', 0, 'slack', 'channel'], 4, 22],
  ])('finds the key at %j', (path, line, column) => {
    expect(locatorIn(TEXT).atKey(path, '')).toMatchObject({ location: { line, column }, field: formatPath(path) });
  });

  it('locates a missing value at the innermost value around it, and names its field', () => {
    expect(locatorIn(TEXT).at(['routes', 0, 'on', 'alias'], '')).toMatchObject({
      location: { line: 3, column: 5 },
      field: 'routes[0].on.alias',
    });
    expect(locatorIn(TEXT).atKey(['routes', 7, 'on'], '')).toMatchObject({ location: { line: 3, column: 3 } });
  });

  it('counts lines that end in a carriage return and a line feed as one', () => {
    expect(locatorIn(TEXT.replaceAll('\n', '\r\n')).at(['routes', 0, 'name'], '')).toMatchObject({ location: { line: 3, column: 11 } });
  });

  it('answers line 1, column 1 for an empty file', () => {
    expect(locatorIn('').at(['routes'], '')).toMatchObject({ location: { line: 1, column: 1 } });
  });

  it('makes errors, unless it is asked for a warning', () => {
    const { at, atKey } = locatorIn(TEXT);
    expect([at([], 'm'), at([], 'm', 'warning'), atKey([], 'm', 'warning')].map(({ severity }) => severity)).toEqual([
      'error',
      'warning',
      'warning',
    ]);
  });
});
