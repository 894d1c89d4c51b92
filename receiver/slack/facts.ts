import { isJsonObject, type JsonObject, type JsonValue } from '../../src/json.ts';
import { durationWords, mrkdwnName } from './mrkdwn.ts';

/** Facts fit beside the rest of a message; more of them are read in W&B. */
const MOST_FACTS = 8;
/** What people look for first; the rest comes in the order of W&B's answer. */
const FIRST = ['type', 'state', 'user', 'size', 'createdBy', 'runtime', 'duration'];
/** Objects whose values are facts themselves: numbers and settings that people logged. */
const OPEN = ['metadata', 'summary', 'config'];

/** What W&B's API said about the artifact or run, as mrkdwn fields. Takes any JSON; what is no plain value is passed over. */
export function factsOf(wandb: JsonObject | null | undefined, limit: number = MOST_FACTS): string[] {
  if (wandb === null || wandb === undefined) return [];
  const about = ['artifact', 'run'].map((key) => wandb[key]).filter(isJsonObject);
  const objects = about.length === 0 ? [wandb] : about;
  const found = [...objects.flatMap(ownFacts), ...objects.flatMap(loggedFacts)];
  return found.slice(0, limit).map(([label, value]) => `*${mrkdwnName(label, 40)}*\n${mrkdwnName(value, 100)}`);
}

type Fact = readonly [label: string, value: string];

function ownFacts(object: JsonObject): Fact[] {
  const keys = Object.keys(object).filter((key) => !OPEN.includes(key) && !HIDDEN.has(key));
  const sorted = [...FIRST.filter((key) => keys.includes(key)), ...keys.filter((key) => !FIRST.includes(key))];
  return sorted.flatMap((key) => {
    const value = wordsFor(key, object[key]);
    return value === undefined ? [] : [[labelOf(key), value] as const];
  });
}

/** W&B keeps values of its own, such as `_step`, among those that were logged. */
function loggedFacts(object: JsonObject): Fact[] {
  return OPEN.flatMap((key) => Object.entries(isJsonObject(object[key]) ? object[key] : {})).flatMap(([key, value]) => {
    const words = key.startsWith('_') ? undefined : plainWords(value);
    return words === undefined ? [] : [[key, words] as const];
  });
}

/** Said elsewhere in the message, or of no use to people. */
const HIDDEN: ReadonlySet<string> = new Set(['id', 'name', 'version', '__typename', 'url', 'organization', 'entity', 'project']);

function wordsFor(key: string, value: JsonValue | undefined): string | undefined {
  if (isJsonObject(value)) {
    const name = ['displayName', 'name', 'username', 'id'].map((word) => value[word]).find((word) => typeof word === 'string');
    return name === undefined ? undefined : plainWords(name);
  }
  if (typeof value === 'number' && value >= 0) {
    if (/^(?:size|.*bytes)$/i.test(key)) return bytesWords(value);
    if (/^(?:runtime|duration|.*seconds)$/i.test(key)) return durationWords(value * 1000);
    if (/ms$|milliseconds$/i.test(key)) return durationWords(value);
  }
  if (typeof value === 'string' && /digest|sha|commit/i.test(key)) return plainWords(value.slice(0, 12));
  return plainWords(value);
}

function plainWords(value: JsonValue | undefined): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.trim() === '' ? undefined : value;
    case 'number':
      return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}

function bytesWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1000 ** step).toPrecision(4))} ${units[step]}`;
}

function labelOf(key: string): string {
  return key.replace(/([a-z])([A-Z])/g, (_whole, end: string, start: string) => `${end} ${start.toLowerCase()}`).replaceAll('_', ' ');
}
