import { expect, test } from 'vitest';
import { type CpuProfile, sharesOf } from '../../../scripts/bench/profile.ts';

const START_US = 5_000_000;
const WHOLE = { fromUs: START_US, toUs: Number.POSITIVE_INFINITY };

/** A profile of stacks, outermost frame first: `function file`, each sampled for so many milliseconds. */
function profileOf(stacks: readonly (readonly [ms: number, ...frames: string[]])[]): CpuProfile {
  const nodes: { id: number; callFrame: { functionName: string; url: string }; children: number[] }[] = [];
  const add = (frame: string, parent: number | undefined): number => {
    const [functionName = '', url = ''] = frame.split(/ (?=file:|node:)/);
    const id = nodes.length + 1;
    nodes.push({ id, callFrame: { functionName, url }, children: [] });
    if (parent !== undefined) nodes[parent - 1]?.children.push(id);
    return id;
  };
  const samples = stacks.map(([, ...frames]) => frames.reduce<number | undefined>((parent, frame) => add(frame, parent), undefined) ?? 0);
  return { nodes, samples, startTime: START_US, timeDeltas: stacks.map(([ms]) => ms * 1000) };
}

function layersOf(...stacks: Parameters<typeof profileOf>[0]): Record<string, number> {
  return Object.fromEntries(sharesOf(profileOf(stacks), WHOLE).layers.map(({ name, share }) => [name, share]));
}

const STORE = 'file:///x/build-bench/receiver/store/sqlite/node-driver.js';
const PINO = 'file:///x/node_modules/pino/lib/proto.js';

test('idle time does not count', () => {
  const shares = sharesOf(
    profileOf([
      [30, '(idle)'],
      [10, '(garbage collector)'],
      [10, '(program)'],
    ]),
    WHOLE,
  );
  expect(shares.layers.map(({ share }) => share)).toEqual([0.5, 0.5]);
  expect([shares.busyMs, shares.idleMs]).toEqual([20, 30]);
});

test('native functions and common parts of Node count for the nearest caller that has a layer', () => {
  expect(
    layersOf(
      [1, `handle file:///x/node_modules/hono/dist/hono.js`, `log ${PINO}`, 'write node:internal/streams/writable', 'writeString'],
      [1, 'processTimers node:internal/timers', `flush ${PINO}`],
      [2, 'writeHead node:_http_server', 'write node:internal/streams/writable'],
    ),
  ).toEqual({ log: 0.5, "Node's HTTP and sockets": 0.5 });
});

test('commits are told apart from statements, and JSON from its caller', () => {
  expect(layersOf([1, `all ${STORE}`], [1, `all ${STORE}`, 'stringify'], [2, `transaction ${STORE}`])).toEqual({
    'SQLite: statements': 0.25,
    JSON: 0.25,
    'SQLite: BEGIN, COMMIT with its fsync, checkpoints': 0.5,
  });
});

test('what no layer names is named by its package, or by its folder of our own code', () => {
  expect(
    layersOf([1, 'parse file:///x/node_modules/@scope/name/index.js'], [1, 'plan file:///x/build-bench/receiver/webhook/route-event.js']),
  ).toEqual({ 'package @scope/name': 0.5, 'own code: receiver/webhook': 0.5 });
});

test('samples outside of the window do not count', () => {
  const profile = profileOf([
    [100, '(garbage collector)'],
    [50, '(program)'],
    [100, '(garbage collector)'],
  ]);
  const { layers, busyMs } = sharesOf(profile, { fromUs: START_US + 100_000, toUs: START_US + 150_000 });
  expect(layers.map(({ name }) => name)).toEqual(['outside of JavaScript (event loop, system calls)']);
  expect(busyMs).toBe(50);
});
