import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PROJECT } from '../stand-ins/receiver-process.ts';

/** What of Grafana's "JSON model" (its documentation) the dashboard uses. Nothing else may stand in it: it would have no effect. */
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${' + 'datasource}') });
const gridPos = z.strictObject({ h: z.number().min(1), w: z.number().min(1).max(24), x: z.number().min(0).max(23), y: z.number().min(0) });
const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  editorMode: z.literal('code'),
  expr: z.string().min(1),
  legendFormat: z.string(),
  range: z.boolean(),
  instant: z.boolean(),
  format: z.literal('table').optional(),
});
const row = z.strictObject({
  type: z.literal('row'),
  id: z.number(),
  title: z.string().min(1),
  collapsed: z.literal(false),
  gridPos,
  panels: z.array(z.never()),
});
const chart = z.strictObject({
  type: z.enum(['timeseries', 'stat', 'table']),
  id: z.number(),
  title: z.string().min(1),
  description: z.string(),
  datasource,
  targets: z.array(target).min(1),
  fieldConfig: z.strictObject({ defaults: z.record(z.string(), z.unknown()), overrides: z.array(z.never()) }),
  options: z.record(z.string(), z.unknown()),
  transformations: z.array(z.strictObject({ id: z.literal('organize'), options: z.record(z.string(), z.unknown()) })).optional(),
  gridPos,
});
const variable = z.looseObject({ name: z.string(), type: z.enum(['datasource', 'query']) });
export const dashboardSchema = z.looseObject({
  title: z.string(),
  uid: z.string().max(40),
  schemaVersion: z.number().min(36),
  panels: z.array(z.discriminatedUnion('type', [row, chart])),
  templating: z.strictObject({ list: z.array(variable) }),
  time: z.strictObject({ from: z.string(), to: z.string() }),
});
export type Dashboard = z.infer<typeof dashboardSchema>;

export const DASHBOARD = 'examples/grafana/wandb-relay.json';

export function readDashboard(): Dashboard {
  return dashboardSchema.parse(JSON.parse(readFileSync(join(PROJECT, DASHBOARD), 'utf8')));
}

/** Every query of it, as Prometheus gets it. */
export function expressionsOf({ panels }: Dashboard): string[] {
  return panels
    .flatMap((panel) => (panel.type === 'row' ? [] : panel.targets.map(({ expr }) => expr)))
    .map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'));
}
