import type { EventType } from '../../event/event.ts';
import { fieldOfVariable } from '../../event/webhook-body.ts';
import type { JsonValue } from '../../lib/json.ts';
import { isJsonObject } from '../../lib/json.ts';
import { nearestWord } from '../../lib/nearest-word.ts';
import type { ConfigPath } from '../locator.ts';
import type { Warning } from './match-warnings.ts';

/** W&B's payload variables (W&B documentation, "Payload variables"), and those that its other action types document. */
const ALWAYS = ['event_type', 'event_author', 'entity_name', 'project_name', 'automation_name'];
const COLLECTION = ['artifact_collection_name'];
const ARTIFACT = [...COLLECTION, 'artifact_version', 'artifact_version_string', 'artifact_version_index'];
const METRIC = ['run_name', 'metric_name', 'metric_values', 'metric_filter', 'metric_filter_short', 'metric_current_status'];
const STATE = ['run_name', 'run_status'];
const EVERY = [...new Set([...ALWAYS, ...ARTIFACT, 'alias', 'tag', ...METRIC, ...STATE])];

function variablesOf(event: EventType): readonly string[] {
  switch (event) {
    case 'create_artifact':
    case 'link_artifact':
    case 'unlink_artifact':
      return [...ALWAYS, ...ARTIFACT];
    case 'add_artifact_alias':
      return [...ALWAYS, ...ARTIFACT, 'alias'];
    case 'add_artifact_tag':
    case 'remove_artifact_tag':
      return [...ALWAYS, ...ARTIFACT, 'tag'];
    case 'add_collection_tag':
    case 'remove_collection_tag':
      return [...ALWAYS, ...COLLECTION, 'tag'];
    case 'run_metric':
    case 'run_metric_change':
    case 'run_metric_zscore':
      return [...ALWAYS, ...METRIC];
    case 'run_state':
      return [...ALWAYS, ...STATE];
    case 'run_metric_nonfinite':
    case 'run_metric_stall':
    case 'run_silent':
    case 'weave_metric':
    case 'unknown':
      return EVERY;
  }
}

/** Variables in a webhook's payload that W&B does not know, or does not fill in for this event. */
export function payloadWarnings(payload: JsonValue, event: EventType, path: ConfigPath): Warning[] {
  if (typeof payload === 'string') return textProblems(payload, event).map((message) => ({ path, message }));
  if (Array.isArray(payload)) return payload.flatMap((item, i) => payloadWarnings(item, event, [...path, i]));
  if (!isJsonObject(payload)) return [];
  return Object.entries(payload).flatMap(([key, value]): Warning[] => {
    const here = [...path, key];
    return [...textProblems(key, event).map((message) => ({ path: here, message, isKey: true })), ...payloadWarnings(value, event, here)];
  });
}

function textProblems(text: string, event: EventType): string[] {
  const braced = [...text.matchAll(/\$\{(?!\{)([^{}]*)\}/g)].flatMap(([whole, name = '']) => bracedProblem(whole, name, event) ?? []);
  const bare = [...text.matchAll(/\$([A-Za-z_]\w*)/g)].flatMap(([whole, name = '']) => bareProblem(whole, name) ?? []);
  const templates = [...text.matchAll(/\$?\{\{-?\s*([\w.]+)[^{}]*\}\}/g)].map(([whole, name = '']) => templateProblem(whole, name));
  return [...braced, ...bare, ...templates];
}

function bracedProblem(whole: string, written: string, event: EventType): string | undefined {
  const name = written.trim();
  const allowed = variablesOf(event);
  if (name !== written && allowed.includes(name)) return `${whole} has spaces, which W&B may not take: write \${${name}}`;
  if (allowed.includes(name)) return undefined;
  if (/^artifact_metadata\../.test(name)) {
    return allowed.includes('artifact_version') ? undefined : `${whole} is not filled in: ${event} has no artifact version`;
  }
  if (EVERY.includes(name)) return `${whole} is blank for ${event}${insteadOf(name, allowed)}`;
  const meant = nearestWord(name.toLowerCase(), allowed) ?? variableOfField(name, allowed);
  // A secret of the team is filled in by its own name. Those are in capitals, as in W&B's documentation.
  if (/^[A-Z][A-Z0-9_]*$/.test(name) && meant?.toUpperCase() !== name) return undefined;
  return `${whole} is no variable of W&B${meant === undefined ? `; for ${event} there are ${allowed.join(', ')}` : ` (did you mean \${${meant}}?)`}`;
}

function insteadOf(name: string, allowed: readonly string[]): string {
  const field = fieldOfVariable(name);
  const other = allowed.find((variable) => variable !== name && fieldOfVariable(variable) === field);
  return other === undefined ? ': leave it out' : `: write \${${other}}`;
}

function bareProblem(whole: string, name: string): string | undefined {
  const meant = EVERY.includes(name) ? name : nearestWord(name, EVERY);
  return meant === undefined ? undefined : `${whole} is not filled in: write \${${meant}}`;
}

function templateProblem(whole: string, name: string): string {
  const field = name.replace(/^event\./, '');
  const meant = EVERY.includes(field) ? field : (variableOfField(field, EVERY) ?? nearestWord(field, EVERY));
  return `${whole} is not filled in: W&B replaces \${…} only${meant === undefined ? '' : `: write \${${meant}}`}`;
}

/** W&B's variable for a field of our events: `collection` is `artifact_collection_name`. */
function variableOfField(field: string, allowed: readonly string[]): string | undefined {
  const word = field === 'version' ? 'artifact' : field;
  return allowed.find((variable) => fieldOfVariable(variable) === word);
}
