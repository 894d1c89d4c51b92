/** `durable`: as shipped. `commit-each`: the same, but every event waits for a commit of its own. `no-store`: nothing is stored. */
export type BenchMode = 'durable' | 'commit-each' | 'no-store';

export const BENCH_SECRET = 'a-secret-for-the-benchmark-only';
export const BENCH_CONFIG = `
version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
`;

/** For a GitHub that takes any. */
export const BENCH_TOKEN = 'a-token-for-the-benchmark-only';
export const BENCH_REPOSITORY = 'acme/deploy';
/** The load's events are about so many subjects, one after another. */
export const SUBJECTS = 1_000;
