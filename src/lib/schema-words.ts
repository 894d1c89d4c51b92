import * as z from 'zod';
import { DURATION_PATTERN, parseDuration } from './duration.ts';
import type { JsonValue } from './json.ts';

/** Schemas that routes and automations share. */

/** A name comes back in a webhook, without surrounding space and control characters, so a name that has them would never match. */
export const nameSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(255, 'must be at most 255 characters')
  .regex(/^(?!\s)[^\p{Cc}\u2028\u2029]*(?<!\s)$/u, 'must not begin or end with a space, nor have line breaks or control characters');

export const jsonValueSchema: z.ZodType<JsonValue, JsonValue> = z.json() as z.ZodType<JsonValue, JsonValue>;

/** `30s`, `10m`, `24h`, `3d`; read as milliseconds. */
export const durationSchema = z
  .string()
  .regex(DURATION_PATTERN, 'must be a duration such as 30s, 10m, 24h or 3d')
  .transform((text) => parseDuration(text) ?? 0);

export const positiveWhole = z.number().int('must be a whole number').positive('must be at least 1');

type Optionals<S extends z.ZodRawShape> = { [K in keyof S]: z.ZodOptional<S[K]> };

/** An object with exactly one of the keys of `shape`. */
export function exactlyOneKey<S extends z.ZodRawShape>(shape: S) {
  const words = Object.keys(shape);
  const optionals = Object.fromEntries(words.map((word) => [word, z.optional(shape[word] as z.ZodType)])) as unknown as Optionals<S>;
  return z
    .strictObject(optionals)
    .superRefine((value, context) => reportKeyCount(Object.keys(value), words, context))
    .meta({ minProperties: 1, maxProperties: 1 });
}

/** Reports unless exactly one of `words` is among `present`. */
export function reportKeyCount(present: string[], words: readonly string[], context: z.RefinementCtx): void {
  const has = present.filter((key) => words.includes(key));
  if (has.length === 1) return;
  context.addIssue({
    code: 'custom',
    message: `must have exactly one of ${words.join(', ')}; ${has.length === 0 ? 'has none' : `has ${has.join(', ')}`}`,
    params: { keyCount: true },
  });
}
