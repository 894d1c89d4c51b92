/** `durable`: as shipped. `commit-each`: the same, but every event waits for a commit of its own. `no-store`: nothing is stored. */
export type BenchMode = 'durable' | 'commit-each' | 'no-store';

export const BENCH_SECRET = 'a-secret-for-the-benchmark-only';
/** For a GitHub that takes any. */
export const BENCH_TOKEN = 'a-token-for-the-benchmark-only';
export const BENCH_REPOSITORY = 'acme/deploy';
export const BENCH_ALIAS = 'production';
/** The load's events are about so many subjects, one after another. */
export const SUBJECTS = 1_000;

export const BENCH_CONFIG = configOf([route('deploy', BENCH_ALIAS, BENCH_REPOSITORY)]);

/** A config file: its routes, and how many dispatches leave in a second with one credential (left out: as shipped). */
export function configOf(routes: readonly string[], writesPerSecond?: number): string {
  const settings = writesPerSecond === undefined ? '' : `settings: { github_writes_per_second: ${writesPerSecond} }\n`;
  return `version: 1\nroutes:\n${routes.join('')}${settings}`;
}

/** A route of the config file: an alias starts a workflow. */
export function route(name: string, alias: string, repository: string): string {
  return `  - name: ${name}
    on: { event: add_artifact_alias, alias: ${alias} }
    to: [{ repository_dispatch: { repository: ${repository}, event_type: model-production } }]
`;
}

/** So many routes for different aliases; the load's own is in the middle. */
export function manyRoutes(count: number): string {
  const middle = Math.floor(count / 2);
  return configOf(
    Array.from({ length: count }, (_, i) => route(`route-${i}`, i === middle ? BENCH_ALIAS : `alias-${i}`, BENCH_REPOSITORY)),
  );
}
