/** Which programs can use a database, whatever database it is. Pure. */

/**
 * A step of the schema, as statements. One in an object only adds or rebuilds: a program that does not know it can use the
 * database as it did before, perhaps more slowly. A text is a step that it cannot live with.
 *
 * `onlyInFiles`: where the platform bills each row and each entry of an index that is written, nothing is changed, and the step
 * only counts as taken.
 */
export type SchemaStep = string | { readonly olderProgramsGoOn: string; readonly onlyInFiles?: true };

export function statementsOf(step: SchemaStep): string[] {
  return (typeof step === 'string' ? step : step.olderProgramsGoOn)
    .replaceAll(/--.*/g, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/**
 * What a database says of its schema. `least` is in `schema_version.version`, because that is what every program has always
 * compared with the number of steps it knows; `taken` is in `schema_steps.taken`, and missing where it is the same.
 */
export interface StoredVersion {
  /** A program must know so many steps at least. */
  readonly least: number;
  /** So many steps have been taken. */
  readonly taken: number;
}

export function storedVersion(least: number | undefined, taken: number | undefined): StoredVersion {
  return { least: least ?? 0, taken: Math.max(least ?? 0, taken ?? 0) };
}

/** What a database says when so many of these steps have been taken. */
export function versionAfter(steps: readonly SchemaStep[], taken: number): StoredVersion {
  let least = taken;
  while (least > 0 && typeof steps[least - 1] === 'object') least--;
  return { least, taken };
}

/** The database was written by a newer program, in a form that this one does not understand. */
export class NewerSchemaError extends Error {}

/** @throws NewerSchemaError when a program that knows so many steps cannot use the database. @param kind `file` or `database` */
export function checkUsable({ least, taken }: StoredVersion, known: number, kind: string): void {
  if (least <= known) return;
  throw new NewerSchemaError(
    `the database has schema version ${taken}, this wandb-relay knows ${known}: run the newer wandb-relay that wrote it, or one that knows schema version ${least}; or restore a back-up from before the update; or use another ${kind}`,
  );
}

/** For the log. */
export const USED_BY_NEWER = 'a newer wandb-relay has used this database; this one can use it too, perhaps more slowly';
