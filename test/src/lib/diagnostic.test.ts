import { describe, expect, it } from 'vitest';
import { byPosition, type Diagnostic, diagnosticText, failure, formatDiagnostic } from '../../../src/lib/diagnostic.ts';

const at = (line: number, column: number): Diagnostic => ({
  severity: 'error',
  message: 'is missing',
  location: { file: 'a.yaml', line, column },
  field: 'routes[0].name',
});

describe('formatDiagnostic', () => {
  it('writes file:line:column, the field and the message', () => {
    expect(formatDiagnostic(at(3, 7))).toBe('a.yaml:3:7: routes[0].name: is missing');
  });

  it('marks a warning', () => {
    expect(formatDiagnostic({ ...at(3, 7), severity: 'warning' })).toBe('a.yaml:3:7: routes[0].name: warning: is missing');
  });

  it('leaves out a field and a location that are not known', () => {
    expect(formatDiagnostic({ severity: 'error', message: 'is empty', location: { file: 'a.yaml', line: 1, column: 1 } })).toBe(
      'a.yaml:1:1: is empty',
    );
    expect(formatDiagnostic({ severity: 'error', message: 'W&B: no answer' })).toBe('W&B: no answer');
  });
});

it('diagnosticText leaves out the location, which an annotation shows apart from it', () => {
  expect(diagnosticText(at(3, 7))).toBe('routes[0].name: is missing');
});

it('failure is one error without a location', () => {
  expect(failure('W&B: no answer')).toEqual({ ok: false, error: [{ severity: 'error', message: 'W&B: no answer' }] });
});

it('byPosition sorts by line, then by column', () => {
  expect([at(2, 1), at(1, 9), at(1, 2)].toSorted(byPosition)).toEqual([at(1, 2), at(1, 9), at(2, 1)]);
});
