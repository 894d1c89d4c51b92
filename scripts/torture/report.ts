import { renderTable } from '../../receiver/cli/output.ts';
import { type Account, brokenInvariants } from './accounting.ts';
import type { KillCause } from './ledger.ts';
import type { TortureOptions } from './options.ts';
import type { RunResult } from './run.ts';
import { STEP_TEXTS, STEPS } from './steps.ts';

/** So many repeats are printed; all of them are in the JSON. */
const REPEATS_SHOWN = 12;

/** The result for people: a table with a column for each store, then every finding. */
export function reportText(results: readonly RunResult[]): string {
  const row = (name: string, value: (result: RunResult) => number): string[] => [name, ...results.map((result) => String(value(result)))];
  const account = (name: string, value: (account: Account) => number): string[] => row(name, (result) => value(result.account));
  const killed = (cause: KillCause) => (result: RunResult) => result.ledger.kills.filter((kill) => kill.cause === cause).length;
  const rows = [
    account('events acknowledged', ({ acknowledgedEvents }) => acknowledgedEvents),
    account('  of a burst, routed later', ({ acknowledgedUnrouted }) => acknowledgedUnrouted),
    account('deliveries of these', ({ acknowledgedDeliveries }) => acknowledgedDeliveries),
    account('= delivered', ({ fates }) => fates.delivered),
    account('+ visibly failed', ({ fates }) => fates.failed),
    account('+ cancelled by people', ({ fates }) => fates.stopped),
    account('+ waiting', ({ fates }) => fates.waiting),
    account('lost', ({ fates, lost }) => Math.max(fates.lost, lost.length)),
    account('order violations', ({ orderViolations }) => orderViolations.length),
    account('approvals decided twice', ({ decidedTwice }) => decidedTwice.length),
    account('sent without approval', ({ sentWithoutApproval }) => sentWithoutApproval.length),
    account('stored twice without a cause', ({ storedTwice }) => storedTwice.filter(({ cause }) => cause === undefined).length),
    account('repeats with a known cause', ({ repeats }) => repeats.filter(({ cause }) => cause !== undefined).length),
    account('repeats without', ({ repeats }) => repeats.filter(({ cause }) => cause === undefined).length),
    account('stuck', ({ stuck }) => stuck.length),
    row('kills', ({ ledger }) => ledger.kills.length),
    row('  at a random moment', killed('random')),
    ...STEPS.map((step) => row(`  ${STEP_TEXTS[step]}`, killed(step))),
    ...(['clock', 'disk', 'database'] as const).map((kind) =>
      row(
        { clock: 'clock jumps', disk: 'disk full', database: 'database stopped' }[kind],
        ({ ledger }) => ledger.disturbances.filter((disturbance) => disturbance.kind === kind).length,
      ),
    ),
    row('decisions about approvals', ({ ledger }) => ledger.decisions.length),
    row('dispatches that arrived', ({ dispatches }) => dispatches),
    row('seconds', ({ seconds }) => seconds),
  ];
  return [...renderTable(['', ...results.map(({ store }) => store.toUpperCase())], rows), ...results.flatMap(findingsOf)].join('\n');
}

function findingsOf({ store, account }: RunResult): string[] {
  const causes = Map.groupBy(account.repeats, ({ cause }) => cause ?? 'no known cause');
  const byCause = [...causes].map(([cause, repeats]) => `  ${repeats.length} × ${cause}`);
  const shown = account.repeats.slice(0, REPEATS_SHOWN).map(({ id, cause }) => `    ${id}: ${cause ?? 'no known cause'}`);
  const more = account.repeats.length - shown.length;
  return [
    ...(account.repeats.length === 0 ? [] : [`\n${store}: deliveries that arrived again`, ...byCause, ...shown]),
    ...(more > 0 ? [`    and ${more} more, with their causes, in the JSON (--json FILE)`] : []),
    ...brokenInvariants(account).map((line) => `\n${store}: BROKEN: ${line}`),
  ];
}

/** The result for programs. */
export function reportJson(options: TortureOptions, results: readonly RunResult[], passed: boolean): object {
  const { seed, events, kills, minutes } = options;
  return {
    passed,
    seed,
    events,
    kills,
    minutes,
    stores: results.map(({ store, account, ledger, dispatches, seconds }) => ({
      store,
      seconds,
      broken: brokenInvariants(account),
      ...account,
      kills: ledger.kills,
      disturbances: ledger.disturbances,
      decisions: ledger.decisions.length,
      dispatches,
    })),
  };
}
