import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What waits in real time for most of its time: first, so that the others are run meanwhile, and the last to end is not one of them. */
const LONGEST = ['receiver/cli/serve-database-file', 'receiver/store/postgres-failover', 'receiver/store/postgres-receivers'];
const LONG = [
  'receiver/cli/serve-stop',
  'scripts/torture/inside-receiver',
  'slack-trouble-end-to-end',
  'slack-end-to-end',
  'receiver/store/postgres-shared',
  'package',
  'receiver/clock-jumps',
  'receiver/workerd',
  'receiver/store/approval-race',
  'receiver/admin/pages/browser-looks',
  'receiver/alerts/alerts-end-to-end',
  'receiver/cli/two-versions',
  'scripts/dev-worker',
  'receiver/store/crash',
  'receiver/cli/serve-postgres',
  'receiver/cli/serve',
];

/**
 * The order in which test files are begun: the longest, then those on workerd, then the rest. A worker keeps its modules for the
 * next file only when that is of the same project, so the files of a project come one after another.
 */
export default class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ moduleId, project }: TestSpecification): number {
  const longest = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  if (longest !== -1) return longest;
  if (project.name === 'workerd with faults') return LONGEST.length;
  if (project.name === 'workerd') return LONGEST.length + 1;
  const long = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return LONGEST.length + 2 + (long === -1 ? LONG.length : long);
}
