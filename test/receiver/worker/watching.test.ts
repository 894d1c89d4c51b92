import { reset } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Service, simulate } from './simulated-object.ts';

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const MINUTE = 60_000;
const CONFIG = `
version: 1
entity: acme
automations:
  - name: loss-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 5 } }
    action: { relay: { to: [{ repository_dispatch: { repository: acme/deploy, event_type: loss-high } }] } }
`;

interface Run {
  readonly name: string;
  readonly losses: number[];
  heartbeatAt: number;
}

/** As much of W&B's API as a watcher asks: runs by heartbeat, runs by name, rows of a metric. */
function wandb(runs: readonly Run[]): Service {
  return ({ body }) => {
    const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, unknown> };
    if (query.startsWith('query RunRows(')) return Response.json({ data: { project: rowsOf(runs, variables) } });
    const named =
      typeof variables.filters === 'string' ? (JSON.parse(variables.filters) as { name: { $in: string[] } }).name.$in : undefined;
    const listed = runs.filter(({ name }) => named === undefined || named.includes(name)).toSorted((a, b) => b.heartbeatAt - a.heartbeatAt);
    const edges = listed.map((run) => ({ cursor: run.name, node: nodeOf(run) }));
    return Response.json({ data: { project: { runs: { pageInfo: { hasNextPage: false, endCursor: null }, edges } } } });
  };
}

function nodeOf({ name, losses, heartbeatAt }: Run): object {
  const times = { createdAt: new Date(heartbeatAt).toISOString(), heartbeatAt: new Date(heartbeatAt).toISOString() };
  const historyKeys = losses.length === 0 ? null : { lastStep: losses.length - 1, keys: { loss: {}, _step: {}, _timestamp: {} } };
  return { id: name, name, displayName: name, state: 'running', ...times, tags: [], historyLineCount: losses.length, historyKeys };
}

function rowsOf(runs: readonly Run[], variables: Readonly<Record<string, unknown>>): object {
  const asked = Object.entries(variables).filter(([key]) => /^r\d+$/.test(key));
  return Object.fromEntries(
    asked.map(([key, name]) => {
      const run = runs.find((one) => one.name === name);
      const specs = (variables[`s${key.slice(1)}`] as string[]).map((spec) => JSON.parse(spec) as { minStep: number; maxStep: number });
      const rows = (run?.losses ?? []).map((loss, step) => ({ loss, _step: step, _timestamp: (run?.heartbeatAt ?? 0) / 1000 }));
      const sampledHistory = specs.map(({ minStep, maxStep }) => rows.filter(({ _step }) => _step >= minStep && _step <= maxStep));
      return [key, { sampledHistory }];
    }),
  );
}

const github: Service = ({ method }) =>
  method === 'POST' ? new Response(null, { status: 204 }) : Response.json({ total_count: 0, workflow_runs: [] });
const BINDINGS = { WANDB_API_KEY: 'a-wandb-key-for-tests-only', WANDB_BASE_URL: 'http://wandb.test' };

describe('the object of the default source', () => {
  test('looks at runs by alarms, once a minute, and sends what fires', async () => {
    const runs: Run[] = [];
    const services = { 'wandb.test': wandb(runs), 'github.test': github };
    await simulate({ config: CONFIG, services, bindings: BINDINGS, source: 'default' }, async (object) => {
      // Somebody asks for it once; from then on it wakes itself.
      expect((await object.request('/readyz')).status).toBe(200);
      await object.pass(2 * MINUTE);
      const looks = () => object.left.filter(({ service, body }) => service === 'wandb.test' && body.includes('query Runs(')).length;
      expect(looks()).toBeGreaterThanOrEqual(2);
      runs.push({ name: 'r1', losses: [1, 7], heartbeatAt: object.now });
      await object.pass(2 * MINUTE);
      const dispatches = object.left.filter(({ service, method }) => service === 'github.test' && method === 'POST');
      expect(dispatches.map(({ path, body }) => [path, (JSON.parse(body) as { event_type: string }).event_type])).toEqual([
        ['/repos/acme/deploy/dispatches', 'loss-high'],
      ]);
      const [before, written] = [object.alarms, object.alarmWrites];
      await object.pass(60 * MINUTE);
      expect(object.alarms - before).toBeLessThanOrEqual(130);
      expect(object.alarmWrites - written).toBeLessThanOrEqual(130);
      expect(object.alarmAt).not.toBeNull();
      expect(object.refused).toBe(0);
    });
  });

  test('stays within the requests of one invocation, with a thousand runs that are new', async () => {
    const runs: Run[] = [];
    const services = { 'wandb.test': wandb(runs), 'github.test': github };
    await simulate({ config: CONFIG, services, bindings: BINDINGS, source: 'default' }, async (object) => {
      await object.request('/readyz');
      await object.pass(MINUTE);
      for (let i = 0; i < 1_000; i++) runs.push({ name: `r${i}`, losses: [1, i === 777 ? 9 : 1], heartbeatAt: object.now });
      await object.pass(15 * MINUTE);
      expect(object.refused).toBe(0);
      const dispatches = object.left.filter(({ service, method }) => service === 'github.test' && method === 'POST');
      expect(dispatches).toHaveLength(1);
    });
  });
});

test('no other source watches', async () => {
  const services = { 'wandb.test': wandb([]), 'github.test': github };
  await simulate({ config: CONFIG, services, bindings: BINDINGS }, async (object) => {
    await object.request('/readyz');
    await object.pass(10 * MINUTE);
    expect(object.left).toEqual([]);
    expect(object.alarmAt).toBeNull();
  });
});
