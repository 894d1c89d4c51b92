import { durationWords } from '../../src/lib/duration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts';
import { mrkdwnName } from './mrkdwn.ts';

/** More of them are read in W&B. */
const MOST_FACTS = 4;
/** So many of them are what people logged, such as the accuracy, when there is more: it is what they decide by. */
const MOST_LOGGED = 3;
/** What people look for first; the rest comes in the order of W&B's answer. */
const FIRST = ['user', 'created_by', 'duration_seconds', 'type', 'state', 'size', 'commit', 'digest'];
/** Objects whose values are facts themselves: numbers and settings that people logged. */
const OPEN = ['metadata', 'summary', 'config'];

/** What W&B's API said about the artifact or run (`src/event/enrichment.ts`), as mrkdwn fields. Takes any JSON; what is no plain value is passed over. */
export function factsOf(wandb: JsonObject | null | undefined, limit: number = MOST_FACTS): string[] {
  if (wandb === null || wandb === undefined) return [];
  const { artifact, run } = wandb;
  const objects: Described[] = [];
  if (isJsonObject(artifact)) objects.push({ prefix: '', object: artifact });
  // Beside an artifact, the run is the one that made it: its results come before the artifact's settings.
  if (isJsonObject(run)) objects.unshift({ prefix: objects.length === 0 ? '' : 'run ', object: run });
  const own = objects.flatMap(ownFacts);
  const logged = objects.flatMap(({ object }) => loggedFacts(object));
  const found = [...logged.slice(0, own.length === 0 ? limit : Math.min(MOST_LOGGED, limit)), ...own];
  return found.slice(0, limit).map(([label, value]) => `*${mrkdwnName(label, 40)}*\n${mrkdwnName(value, 100)}`);
}

type Fact = readonly [label: string, value: string];

interface Described {
  readonly prefix: string;
  readonly object: JsonObject;
}

function ownFacts({ prefix, object }: Described): Fact[] {
  const keys = Object.keys(object).filter((key) => !OPEN.includes(key) && !HIDDEN.has(key));
  const sorted = [...FIRST.filter((key) => keys.includes(key)), ...keys.filter((key) => !FIRST.includes(key))];
  return sorted.flatMap((key) => {
    const value = wordsFor(key, object[key]);
    return value === undefined ? [] : [[prefix !== '' && key === 'user' ? 'trained by' : `${prefix}${labelOf(key)}`, value] as const];
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
const HIDDEN: ReadonlySet<string> = new Set(['id', 'name', 'version', 'url', 'created_at', 'git_remote', 'source', 'truncated']);

function wordsFor(key: string, value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number' && value >= 0) {
    if (key === 'size') return bytesWords(value);
    if (key.endsWith('_seconds')) return durationWords(value * 1000);
  }
  if (typeof value === 'string' && (key === 'digest' || key === 'commit')) return plainWords(value.slice(0, 12));
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
  return key.replace(/_seconds$/, '').replaceAll('_', ' ');
}
