import { describe, expect, test } from 'vitest';
import {
  checkUsable,
  NewerSchemaError,
  type SchemaStep,
  statementsOf,
  storedVersion,
  versionAfter,
} from '../../../receiver/store/schema-version.ts';

const STEPS: readonly SchemaStep[] = [
  'CREATE TABLE a',
  'RENAME',
  { olderProgramsGoOn: 'ADD COLUMN' },
  { olderProgramsGoOn: 'ADD INDEX' },
  'DROP',
];

describe('which programs can use a database', () => {
  test('those that know the last step that others cannot live with', () => {
    expect([0, 1, 2, 3, 4, 5].map((taken) => versionAfter(STEPS, taken).least)).toEqual([0, 1, 2, 2, 2, 5]);
  });

  test('is what the database says, however old the program is that wrote it', () => {
    expect(storedVersion(undefined, undefined)).toEqual({ least: 0, taken: 0 });
    expect(storedVersion(7, undefined)).toEqual({ least: 7, taken: 7 });
    expect(storedVersion(7, 9)).toEqual({ least: 7, taken: 9 });
    // A step that others cannot live with, by a program that did not know how many there were.
    expect(storedVersion(9, 8)).toEqual({ least: 9, taken: 9 });
  });

  test('and the others are told what to do', () => {
    const after = versionAfter(STEPS, 4);
    expect(() => checkUsable(after, 2, 'file')).not.toThrow();
    expect(() => checkUsable(after, 1, 'file')).toThrow(NewerSchemaError);
    expect(() => checkUsable(after, 1, 'file')).toThrow(
      'the database has schema version 4, this wandb-relay knows 1: run the newer wandb-relay that wrote it, or one that knows schema version 2; or restore a back-up from before the update; or use another file',
    );
  });

  test('the statements of a step have no comments', () => {
    expect(statementsOf({ olderProgramsGoOn: '-- why\n CREATE TABLE a (b); \n DROP INDEX c;\n' })).toEqual([
      'CREATE TABLE a (b)',
      'DROP INDEX c',
    ]);
  });
});
