import { Context, Drop, type Liquid, Output, type Template as ParsedTemplate, toValueSync } from 'liquidjs';
import { type ApprovalFacts, EVENT_FIELDS, type RelayEvent } from '../event/event.ts';
import { METRIC_FIELDS } from '../event/metric-facts.ts';
import { RUN_FIELDS } from '../event/run-facts.ts';
import { type JsonObject, type JsonValue, readExactJson } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { escapeMrkdwn, withoutFormatting } from '../lib/mrkdwn.ts';
import { didYouMean } from '../lib/nearest-word.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { hasTypographicQuotes } from '../lib/typographic-quotes.ts';
import { keepNumberLiterals, liquidEngine } from './liquid-numbers.ts';

/**
 * The variables of a template. `event.payload` is the body as it arrived. `event.wandb` are the facts of W&B's API about the
 * artifact or run, if the event was enriched. `event.approval` is who approved what is sent, where that was needed.
 */
export interface TemplateContext {
  readonly delivery_id: string;
  readonly route: string;
  readonly event: RelayEvent & { readonly payload: JsonValue; readonly wandb?: JsonObject; readonly approval?: ApprovalFacts };
}

const TOP_LEVEL = ['delivery_id', 'route', 'event'];
const OTHER_WORDS = ['engine', 'resolved', 'replaces', 'rollback', 'approval', 'wandb'];
const EVENT_WORDS = ['type', 'payload', ...EVENT_FIELDS, ...METRIC_FIELDS, ...RUN_FIELDS, ...OTHER_WORDS];

/** Limits per template, so that none can block the receiver: characters parsed, milliseconds, allocations. */
const LIMITS = { parseLimit: 20_000, renderLimit: 100, memoryLimit: 1_000_000 } as const;

/** Templates read only own properties, cannot use unknown filters, and cannot read files: there are no partials. */
const OPTIONS = { ...LIMITS, ownPropertyOnly: true, strictFilters: true, templates: {}, locale: 'en-US' } as const;
const plainEngine = liquidEngine(OPTIONS);
/** Values in Slack messages are escaped, so that the name of a run cannot mention people or make links. */
const slackEngine = liquidEngine({ ...OPTIONS, outputEscape: (value: unknown) => escapeMrkdwn(asData(asText(value))) });
// The one filter that skips escaping (LiquidJS, "raw").
delete slackEngine.filters.raw;

/** The use of the text: `slack` escapes the values. */
export type TemplateFor = 'json' | 'slack';

export interface CompiledTemplate {
  /** The rendered text. If the whole template is one `{{ … }}`, its value with its type; `null` if it is absent. */
  render(context: TemplateContext): JsonValue;
  /** True if the text is the same for every event. */
  readonly constant: boolean;
  /** True if it may read `event.wandb`: by name, or through `event` as a whole. */
  readonly readsWandb: boolean;
  /** True if it may read `event.approval` in the same way. */
  readonly readsApproval: boolean;
}

/** False if the text is the same for every event. */
export function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%');
}

/**
 * Compiles a Liquid template.
 *
 * @returns an error for wrong syntax, an unknown filter, or a variable that does not exist
 */
export function compileTemplate(text: string, use: TemplateFor = 'json'): Result<CompiledTemplate, string> {
  const engine = use === 'slack' ? slackEngine : plainEngine;
  if (!isTemplate(text)) return ok({ render: () => text, constant: true, readsWandb: false, readsApproval: false });
  const quotes = hasTypographicQuotes(text) ? ` (typographic quotes are not quotes in Liquid: write " or ')` : '';
  let parsed: ParsedTemplate[];
  let paths: readonly (readonly unknown[])[];
  try {
    parsed = engine.parse(text);
    keepNumberLiterals(text, parsed);
    paths = engine.globalVariableSegmentsSync(parsed);
    const problem = unknownVariable(paths);
    if (problem !== undefined) return err(`${problem}${quotes}`);
  } catch (error) {
    return err(`not a Liquid template: ${messageOf(error)}${quotes}`);
  }
  const only = parsed.length === 1 && use === 'json' ? parsed[0] : undefined;
  return ok({
    constant: false,
    readsWandb: mayRead(paths, 'wandb'),
    readsApproval: mayRead(paths, 'approval'),
    render: (context) =>
      only instanceof Output ? asJson(evaluate(only, engine, context)) : String(engine.renderSync(parsed, { ...context })),
  });
}

/** Renders every template inside a JSON-like value, keeping its shape. */
export function compileTemplatesIn(value: JsonValue): Result<CompiledTemplate, string> {
  if (typeof value === 'string') return compileTemplate(value);
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber)
    return ok({ render: () => value, constant: true, readsWandb: false, readsApproval: false });
  const parts: [string, CompiledTemplate][] = [];
  for (const [key, item] of Object.entries(value)) {
    const compiled = compileTemplatesIn(item);
    if (!compiled.ok) return compiled;
    parts.push([key, compiled.value]);
  }
  return ok({
    constant: parts.every(([, part]) => part.constant),
    readsWandb: parts.some(([, part]) => part.readsWandb),
    readsApproval: parts.some(([, part]) => part.readsApproval),
    render: (context) =>
      Array.isArray(value)
        ? parts.map(([, part]) => part.render(context))
        : Object.fromEntries(parts.map(([key, part]) => [key, part.render(context)])),
  });
}

/** By name, or through `event` as a whole. */
function mayRead(paths: readonly (readonly unknown[])[], field: 'wandb' | 'approval'): boolean {
  return paths.some(([first, second]) => first === 'event' && (typeof second !== 'string' || second === field));
}

function unknownVariable(paths: readonly (readonly unknown[])[]): string | undefined {
  for (const [first, second] of paths) {
    if (typeof first === 'string' && !TOP_LEVEL.includes(first)) {
      return `templates have no variable "${first}"${didYouMean(first, TOP_LEVEL)}; there are ${TOP_LEVEL.join(', ')}`;
    }
    if (first === 'event' && typeof second === 'string' && !EVENT_WORDS.includes(second)) {
      return `an event has no "${second}"${didYouMean(second, EVENT_WORDS)}; it has ${EVENT_WORDS.join(', ')}`;
    }
  }
  return undefined;
}

/** Like LiquidJS's `evalValueSync`, without parsing the expression for every event. */
function evaluate(output: Output, engine: Liquid, context: TemplateContext): unknown {
  return toValueSync(output.value.value(new Context({ ...context }, engine.options, { sync: true }, { liquid: engine })));
}

/** A value is no formatting; an address stays what it is. */
function asData(text: string): string {
  return /^https?:\/\/\S+$/.test(text) ? text : withoutFormatting(text);
}

function asText(value: unknown): string {
  if (value === undefined || value === null || value instanceof Drop) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Liquid may return values that JSON does not have: undefined, or one of its own drops. */
function asJson(value: unknown): JsonValue {
  if (value instanceof Drop) return null;
  const text = JSON.stringify(value);
  return text === undefined ? null : readExactJson(text);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.message) : String(error);
}
