import type { Dice } from '../seeded.ts';

/** What happens to one run, in order. */
export type RunStep =
  /** Rows of the metric `loss`. */
  | { readonly do: 'log'; readonly values: readonly number[] }
  /** Back to so many rows; the id stays. */
  | { readonly do: 'rewind'; readonly rows: number }
  | { readonly do: 'end'; readonly state: string }
  | { readonly do: 'resume' };

export interface RunScript {
  readonly name: string;
  readonly steps: readonly RunStep[];
}

/** `refire` is as short as can be: each time that a condition begins counts, and not only the first. */
export const CONFIG = `version: 1
entity: acme
automations:
${automation('high', 'run_metric: { metric: loss, above: 5 }')}
${automation('average', 'run_metric: { metric: loss, aggregate: average, window: 3, above: 5 }')}
${automation('nonfinite', 'run_metric_nonfinite: { metric: loss }')}
${automation('ended', 'run_state: { states: [finished, failed, killed, crashed] }')}
`;

function automation(name: string, event: string): string {
  return `  - name: ${name}
    engine: relay
    refire: 1ms
    scope: { project: train }
    event: { ${event} }
    action: { relay: { to: [{ repository_dispatch: { repository: acme/train, event_type: ${name} } }] } }`;
}

const ENDS = ['finished', 'failed', 'killed', 'crashed'];

/** Runs that log, are rewound, end in every way and are resumed. */
export function scriptsFor(dice: Dice, runs: number, parts: number): RunScript[] {
  return Array.from({ length: runs }, (_none, i) => {
    const steps: RunStep[] = [];
    let rows = 0;
    for (let part = 0; part < parts; part++) {
      const values = Array.from({ length: dice.between(1, 6) }, () => lossFrom(dice));
      steps.push({ do: 'log', values });
      rows += values.length;
      if (dice.chance(0.2) && rows > 2) {
        rows = dice.between(1, rows - 1);
        steps.push({ do: 'rewind', rows });
      }
      if (dice.chance(0.15)) steps.push({ do: 'end', state: dice.pick(ENDS) }, { do: 'resume' });
    }
    steps.push({ do: 'log', values: [lossFrom(dice)] }, { do: 'end', state: dice.pick(ENDS) });
    return { name: `run-${i}`, steps };
  });
}

function lossFrom(dice: Dice): number {
  if (dice.chance(0.1)) return dice.pick([Number.NaN, Number.POSITIVE_INFINITY]);
  return dice.chance(0.35) ? dice.between(6, 12) : dice.between(0, 4);
}
