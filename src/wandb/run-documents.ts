/** GraphQL documents about runs and what they logged. Each fits every server, except where its comment says otherwise. */

/** What a server may refuse: only W&B's MCP server is seen to use it. */
export interface RunFieldOptions {
  /** `summaryMetrics(keys)` and `config(keys)`: `false` asks for all values instead. */
  readonly hasKeys: boolean;
  readonly summary: boolean;
  readonly config: boolean;
}

const RUN_FIELDS = `id name displayName state createdAt heartbeatAt tags group jobType sweepName
  historyLineCount historyKeys user { username name }`;

/** Runs of a project, the latest heartbeat first. `$filters` is JSON text. */
export function runsDocument(options: RunFieldOptions): string {
  return `query Runs(${['$entity: String!', '$project: String!', '$filters: JSONString', '$first: Int!', '$after: String', ...keyVariables(options)].join(', ')}) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, order: "-heartbeat_at", first: $first, after: $after) {
      pageInfo { hasNextPage endCursor } edges { cursor node { ${runFields(options)} } }
    }
  }
}`;
}

/** Several runs by their ids: `$r0 …`, answered as `r0 …`. For servers that refuse to filter by name. */
export function runsByNameDocument(count: number, options: RunFieldOptions): string {
  const names = Array.from({ length: count }, (_none, i) => `$r${i}: String!`);
  const fields = Array.from({ length: count }, (_none, i) => `    r${i}: run(name: $r${i}) { ...RunFields }`);
  return `query RunsByName(${['$entity: String!', '$project: String!', ...names, ...keyVariables(options)].join(', ')}) {
  project(name: $project, entityName: $entity) {
${fields.join('\n')}
  }
}
fragment RunFields on Run { ${runFields(options)} }`;
}

/**
 * Rows of several runs: `$r0` with the specs `$s0`, answered as `r0`. A spec is `{"keys", "samples", "minStep", "maxStep"}`;
 * both steps are in the range, and a row comes when it has all keys.
 */
export function runRowsDocument(count: number): string {
  const numbers = Array.from({ length: count }, (_none, i) => i);
  return `query RunRows($entity: String!, $project: String!, ${numbers.map((i) => `$r${i}: String!, $s${i}: [JSONString!]!`).join(', ')}) {
  project(name: $project, entityName: $entity) {
${numbers.map((i) => `    r${i}: run(name: $r${i}) { sampledHistory(specs: $s${i}) }`).join('\n')}
  }
}`;
}

/** Whole rows of a run as text. `$maxStep` is not in the range. */
export const RUN_ROWS_AS_TEXT = `query RunRowsAsText($entity: String!, $project: String!, $run: String!, $minStep: Int64, $maxStep: Int64, $samples: Int) {
  project(name: $project, entityName: $entity) { run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $samples) } }
}`;

/** Rows of system metrics of several runs, `$r0` answered as `r0`: text like that of `history`, without steps. */
export function systemRowsDocument(count: number): string {
  const numbers = Array.from({ length: count }, (_none, i) => i);
  return `query SystemRows($entity: String!, $project: String!, $samples: Int!, ${numbers.map((i) => `$r${i}: String!`).join(', ')}) {
  project(name: $project, entityName: $entity) {
${numbers.map((i) => `    r${i}: run(name: $r${i}) { events(samples: $samples) }`).join('\n')}
  }
}`;
}

/** The names of all that was logged in a project. Servers that W&B's MCP server does not know may refuse it. */
export const PROJECT_FIELDS = `query ProjectFields($entity: String!, $project: String!, $first: Int!, $after: String) {
  project(name: $project, entityName: $entity) {
    fields(first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node { path type } } }
  }
}`;

export const STOP_RUN = 'mutation StopRun($id: ID!) { stopRun(input: { id: $id }) { success } }';

function runFields({ hasKeys, summary, config }: RunFieldOptions): string {
  const wanted = [
    ...(summary ? [`summaryMetrics${hasKeys ? '(keys: $summary)' : ''}`] : []),
    ...(config ? [`config${hasKeys ? '(keys: $config)' : ''}`] : []),
  ];
  return [RUN_FIELDS, ...wanted].join(' ');
}

function keyVariables({ hasKeys, summary, config }: RunFieldOptions): string[] {
  if (!hasKeys) return [];
  return [...(summary ? ['$summary: [String!]'] : []), ...(config ? ['$config: [String!]'] : [])];
}
