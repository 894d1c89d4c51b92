import { type FilterImplOptions, Liquid, type Template, TypeGuards } from 'liquidjs';
import { JsonNumber, numberOf } from '../lib/json-number.ts';

/** Filters that check the type of a number, so they do not accept a `JsonNumber`. All others convert it. */
const ASK_FOR_TYPE = ['date', 'date_to_long_string', 'date_to_rfc822', 'date_to_string', 'date_to_xmlschema'];

/** A Liquid engine that accepts a `JsonNumber` wherever it accepts a number. */
export function liquidEngine(options: ConstructorParameters<typeof Liquid>[0]): Liquid {
  const engine = new Liquid(options);
  for (const name of ASK_FOR_TYPE) {
    const filter = engine.filters[name];
    if (typeof filter === 'function') engine.registerFilter(name, withDoubles(filter));
  }
  return engine;
}

type Handler = Extract<FilterImplOptions, (...args: never[]) => unknown>;

function withDoubles(filter: Handler): Handler {
  return function (value, ...rest) {
    return filter.call(this, value instanceof JsonNumber ? value.valueOf() : value, ...rest);
  };
}

/** Fewer digits than this keep their value in a double. */
const LONG_LITERAL = /\d{16}/;
/** JSON's grammar; Liquid's own takes more. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/**
 * Gives the numbers that are written in a parsed template all their digits: `{{ event.payload.run | default: 9007199254740993 }}`.
 * LiquidJS reads them as doubles.
 */
export function keepNumberLiterals(text: string, parsed: readonly Template[]): void {
  if (LONG_LITERAL.test(text)) visit(parsed, new Set());
}

function visit(node: unknown, seen: Set<unknown>): void {
  if (typeof node !== 'object' || node === null || node instanceof Liquid || seen.has(node)) return;
  seen.add(node);
  if (TypeGuards.isNumberToken(node)) {
    const text = node.getText();
    // The token's content goes into expressions as it is.
    if (JSON_NUMBER.test(text)) (node as { content: unknown }).content = numberOf(text);
    return;
  }
  for (const child of Object.values(node)) visit(child, seen);
}
