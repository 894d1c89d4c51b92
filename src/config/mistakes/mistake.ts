import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';

/**
 * Something that people write and the schema refuses, with a message that says what to write instead. It replaces every
 * error of the schema about the same place, so that one cause gives one error.
 */
export interface Mistake {
  readonly path: ConfigPath;
  /** What to write instead. */
  readonly message: string;
  /** The key is wrong, not its value. */
  readonly isKey?: boolean;
  /** Siblings that are missing for the same reason. */
  readonly stands?: readonly string[];
}

export function mistake(path: ConfigPath, message: string): Mistake {
  return { path, message };
}

/**
 * A key that does not exist here.
 *
 * @param stands the keys that it was written for: that they are missing is no error of its own
 */
export function keyMistake(path: ConfigPath, message: string, stands: readonly string[] = []): Mistake {
  return { path, message, isKey: true, stands };
}

/** An own field of a value that may be anything. */
export function fieldOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The fields of a mapping; none of anything else. */
export function entriesOf(value: JsonValue | undefined): [string, JsonValue][] {
  return isJsonObject(value) ? Object.entries(value as JsonObject) : [];
}

/** As YAML would have it: quoted where it has to be. */
export function yamlText(text: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text) ? text : JSON.stringify(text);
}
