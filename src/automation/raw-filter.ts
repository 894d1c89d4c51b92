import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { jsonValueSchema } from '../lib/schema-words.ts';
import { regexProblem } from '../route/match.ts';

/**
 * RAW of the config: a Mongo-like filter, passed on as it is. Only what the W&B client refuses is refused (observed,
 * 0.30.0): logical operators without filters in them; and regular expressions that RE2 refuses, as in MATCH.
 */
export const rawFilterSchema: z.ZodType<JsonObject, JsonObject> = z.record(z.string(), jsonValueSchema).superRefine((filter, context) => {
  for (const { path, message } of [...shapeProblems(filter, []), ...regexProblems(filter, [])]) {
    context.addIssue({ code: 'custom', path, message });
  }
});

interface FilterProblem {
  readonly path: (string | number)[];
  readonly message: string;
}

function shapeProblems(filter: JsonObject, path: FilterProblem['path']): FilterProblem[] {
  return Object.entries(filter).flatMap(([key, value]): FilterProblem[] => {
    const here = [...path, key];
    switch (key) {
      case '$and':
      case '$or':
      case '$nor':
        if (!Array.isArray(value)) return [{ path: here, message: 'must be a list of filters' }];
        return value.flatMap((child, i) => childProblems(child, [...here, i]));
      case '$not':
        return childProblems(value, here);
      default:
        return [];
    }
  });
}

function childProblems(child: JsonValue, path: FilterProblem['path']): FilterProblem[] {
  return isJsonObject(child) ? shapeProblems(child, path) : [{ path, message: 'must be a filter: a mapping' }];
}

/** At any depth: a regular expression may be inside the operand of a field. */
function regexProblems(value: JsonValue, path: FilterProblem['path']): FilterProblem[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => regexProblems(item, [...path, i]));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const problem = key === '$regex' && typeof inner === 'string' ? regexProblem(inner) : undefined;
    return problem === undefined ? regexProblems(inner, [...path, key]) : [{ path: [...path, key], message: problem }];
  });
}
