import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Answer } from './api-in-test.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, object>> }>>;
}

export interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Documented {
  /** `get /events/{id}` */
  readonly operations: readonly string[];
  /** What is wrong with an answer by the document; nothing: `undefined`. */
  problemWith(operation: string, answer: Answer): string | undefined;
}

/** Compares answers with a document. A field that it does not name is wrong, too, so that none is forgotten. */
export function documented(document: Document): Documented {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema(closed(document as unknown as Json) as object, 'api');
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
  return {
    operations,
    problemWith: (operation, { status, type, body }) => {
      const [method = '', path = ''] = operation.split(' ');
      const content = document.paths[path]?.[method]?.responses[String(status)]?.content;
      if (content === undefined) return `${status} is not documented: ${JSON.stringify(body)}`;
      const media = type.split(';')[0] ?? '';
      if (content[media] === undefined) return `${media} is not documented`;
      const place = ['paths', path, method, 'responses', String(status), 'content', media, 'schema'].map(escaped).join('/');
      const validate: ValidateFunction = ajv.compile({ $ref: `api#/${place}` });
      return validate(body) ? undefined : ajv.errorsText(validate.errors);
    },
  };
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function closed(json: Json): Json {
  if (Array.isArray(json)) return json.map(closed);
  if (typeof json !== 'object' || json === null) return json;
  const copy = Object.fromEntries(Object.entries(json).map(([name, value]) => [name, closed(value)]));
  const isObject = 'type' in copy && 'properties' in copy && !('additionalProperties' in copy);
  return isObject ? { ...copy, additionalProperties: false } : copy;
}
