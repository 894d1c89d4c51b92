import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { nearestWord } from '../../lib/nearest-word.ts';
import type { ConfigPath } from '../locator.ts';
import type { Warning } from './match-warnings.ts';

/** The operators that W&B's client writes (`wandb/_filters/operators.py`), and the groups. */
const GROUPS = ['$and', '$or', '$nor', '$not'];
const OPERATORS = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$exists', '$regex', '$contains', '$not'];

/** The words of a MATCH and of other query languages, as operators. */
const OPERATOR_WORDS: Readonly<Record<string, string>> = {
  regex: '$regex',
  contains: '$contains',
  in: '$in',
  not_in: '$nin',
  not: '$ne',
  above: '$gt',
  below: '$lt',
  $regexp: '$regex',
  $matches: '$regex',
  $like: '$contains',
  $neq: '$ne',
  $equals: '$eq',
  $notin: '$nin',
  $not_in: '$nin',
  $greater: '$gt',
  $less: '$lt',
};

/** Fields of the artifact or collection of an event (W&B's client, `ArtifactEvent`). */
const ARTIFACT_FIELDS = ['alias', 'tag'];

/** Fields of a run in filters (W&B's client, `apis/public/runs.py`, and `RunEvent`); both spellings are in use. */
const RUN_FIELDS = [
  'display_name',
  'displayName',
  'name',
  'username',
  'state',
  'tags',
  'group',
  'job_type',
  'jobType',
  'host',
  'duration',
  'created_at',
  'createdAt',
  'heartbeat_at',
  'heartbeatAt',
  'sweep',
];
const RUN_PREFIXES = ['config.', 'summary_metrics.', 'summaryMetrics.'];
const RUN_WORDS: Readonly<Record<string, string>> = {
  user: 'username',
  author: 'username',
  run_name: 'display_name',
  runname: 'display_name',
  tag: 'tags',
  status: 'state',
  run_group: 'group',
};

/** Operators and fields of a raw filter that W&B does not know. It refuses none: such a condition is never true. */
export function filterWarnings(filter: JsonValue | undefined, subject: 'artifact' | 'run', path: ConfigPath): Warning[] {
  if (!isJsonObject(filter)) return [];
  return Object.entries(filter).flatMap(([key, value]): Warning[] => {
    const here = [...path, key];
    if (key.startsWith('$')) {
      if (!GROUPS.includes(key)) return [unknownOperator(key, GROUPS, here, OPERATORS.includes(key))];
      const children = Array.isArray(value) ? value.map((child, i) => [child, [...here, i]] as const) : [[value, here] as const];
      return children.flatMap(([child, at]) => filterWarnings(child, subject, at));
    }
    return [...fieldWarnings(key, subject, here), ...(isJsonObject(value) ? operandWarnings(value, here) : [])];
  });
}

function fieldWarnings(field: string, subject: 'artifact' | 'run', path: ConfigPath): Warning[] {
  const known = subject === 'run' ? RUN_FIELDS : ARTIFACT_FIELDS;
  if (known.includes(field) || (subject === 'run' && RUN_PREFIXES.some((prefix) => field.startsWith(prefix)))) return [];
  const meant = subject === 'run' ? runField(field) : nearestWord(field, known);
  const advice =
    meant === undefined
      ? `; known are ${known.join(', ')}${subject === 'run' ? ', config.KEY, summary_metrics.KEY' : ''}`
      : ` (did you mean "${meant}"?)`;
  return [
    {
      path,
      message: `W&B is not known to have the field "${field}" of ${subject === 'run' ? 'a run' : 'an artifact event'}${advice}`,
      isKey: true,
    },
  ];
}

function runField(field: string): string | undefined {
  const [, rest] = /^(?:summary|metrics|summarymetrics)\.(.+)$/i.exec(field) ?? [];
  if (rest !== undefined) return `summary_metrics.${rest}`;
  if (field === 'config') return 'config.KEY';
  return RUN_WORDS[field.toLowerCase()] ?? nearestWord(field, RUN_FIELDS);
}

function operandWarnings(operand: JsonObject, path: ConfigPath): Warning[] {
  return Object.keys(operand)
    .filter((key) => !OPERATORS.includes(key))
    .map((key) => unknownOperator(key, OPERATORS, [...path, key], false));
}

function unknownOperator(key: string, known: readonly string[], path: ConfigPath, isMisplaced: boolean): Warning {
  if (isMisplaced) return { path, message: `${key} belongs below a field, such as { alias: { ${key}: … } }`, isKey: true };
  const meant = OPERATOR_WORDS[key.toLowerCase()] ?? nearestWord(key.startsWith('$') ? key : `$${key}`, known);
  const usable = meant !== undefined && (known.includes(meant) || known === GROUPS) ? meant : undefined;
  return {
    path,
    message: `W&B has no operator "${key}"${usable === undefined ? `; there are ${known.join(', ')}` : ` (did you mean "${usable}"?)`}`,
    isKey: true,
  };
}
