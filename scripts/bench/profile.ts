/** Where the time of a CPU profile goes, by layer. Pure. */

/** The part that is used of what `node --cpu-prof` writes (Chrome DevTools Protocol, `Profiler.Profile`). */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds on the system's monotonic clock, which `process.hrtime` of every process reads, too. */
  readonly startTime: number;
  /** The id of the node that was running, at each sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

export interface Share {
  readonly name: string;
  /** Of the time in which the main thread did something, between 0 and 1. */
  readonly share: number;
}

export interface ProfileShares {
  readonly layers: readonly Share[];
  /** The functions with the most time of their own. */
  readonly functions: readonly Share[];
  readonly busyMs: number;
  readonly idleMs: number;
}

/** Frames that V8 makes up; `(program)` is native code outside of JavaScript, such as the event loop and system calls. */
const MADE_UP = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'outside of JavaScript (event loop, system calls)'],
  ['(root)', 'outside of JavaScript (event loop, system calls)'],
]);

/** The first rule that fits a file names its layer. */
const LAYERS: readonly (readonly [RegExp, string])[] = [
  [/\/store\/sqlite\/|^node:sqlite/, 'SQLite: statements'],
  [/\/store\/postgres\/|\/node_modules\/pg/, 'PostgreSQL: store and driver'],
  [/\/receiver\/store\//, 'store rules'],
  // While it serves, the command line only prints the log.
  [/\/receiver\/(log|cli)\/|\/node_modules\/(pino|sonic-boom|safe-stable-stringify|quick-format-unescaped)/, 'log'],
  [/\/src\/lib\/redact/, 'log'],
  [/\/src\/lib\/signature|^node:internal\/crypto\/(hash|hashnames|keys|sig)/, 'HMAC and hashes'],
  [/^node:internal\/crypto\/random|\/src\/lib\/id\.|\/node_modules\/uuid\//, 'ids and random bytes'],
  [/\/node_modules\/(hono|@hono)\//, 'Hono and its Node server'],
  [/^node:(_http|http|net|internal\/http|internal\/net|internal\/stream_base)/, "Node's HTTP and sockets"],
  [/\/receiver\/outbox\//, 'outbox'],
  [/\/receiver\/(github|slack|watch|enrich)\//, 'targets'],
  [/^node:internal\/deps\/undici/, "Node's Request, Response, Headers and fetch"],
];

/** The folder of our own code that a file belongs to. */
const FOLDER = /\/build-bench\/((?:receiver|src)\/[^/]+)/;
/** The package that a file belongs to. */
const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** Native functions whose name says the layer, whoever calls them. */
const NATIVE = new Map([
  ['parse', 'JSON'],
  ['stringify', 'JSON'],
]);

/**
 * V8 counts the time inside of SQLite for the JavaScript function that called it. The functions that begin and commit
 * transactions run no other statements, so theirs is the commit with its fsync, and the checkpoints.
 */
const COMMITS = /^(transaction|exec|commit)/i;
const COMMIT_LAYER = 'SQLite: BEGIN, COMMIT with its fsync, checkpoints';

const REST = "Node's own (streams, timers, promises)";

/** A part of a profile, in microseconds on its clock. */
export interface ProfileWindow {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * Adds the time of each sample to the layer of the function that ran. Native functions and Node's common parts (streams,
 * buffers, timers) have no layer of their own: they count for the nearest caller that has one. Only samples within the window count.
 */
export function sharesOf(profile: CpuProfile, window: ProfileWindow, functionCount = 15): ProfileShares {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const known = new Map<number, string>();
  const layerOf = (id: number): string => {
    const found = known.get(id) ?? layerOfStack(id, nodes, callers);
    known.set(id, found);
    return found;
  };
  const layers = new Map<string, number>();
  const functions = new Map<string, number>();
  let [busy, idle] = [0, 0];
  let at = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[i] ?? 0;
    at += time;
    const frame = nodes.get(id)?.callFrame;
    if (frame === undefined || at <= window.fromUs || at > window.toUs) continue;
    if (frame.functionName === '(idle)') {
      idle += time;
      continue;
    }
    busy += time;
    add(layers, layerOf(id), time);
    add(functions, nameOf(frame), time);
  }
  const shares = (times: ReadonlyMap<string, number>): Share[] =>
    [...times].map(([name, time]) => ({ name, share: time / busy })).sort((a, b) => b.share - a.share);
  return { layers: shares(layers), functions: shares(functions).slice(0, functionCount), busyMs: busy / 1000, idleMs: idle / 1000 };
}

type Nodes = ReadonlyMap<number, ProfileNode>;

function layerOfStack(id: number, nodes: Nodes, callers: ReadonlyMap<number, number>): string {
  const own = nodes.get(id)?.callFrame;
  const special = MADE_UP.get(own?.functionName ?? '');
  if (special !== undefined) return special;
  const native = own?.url === '' ? own.functionName : undefined;
  const byName = NATIVE.get(native ?? '');
  if (byName !== undefined) return byName;
  for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) {
    const { url = '', functionName = '' } = nodes.get(at)?.callFrame ?? {};
    const layer = LAYERS.find(([pattern]) => pattern.test(url))?.[1] ?? otherLayer(url);
    if (layer?.startsWith('SQLite')) return COMMITS.test(native ?? functionName) ? COMMIT_LAYER : layer;
    if (layer !== undefined) return layer;
  }
  return REST;
}

/** The layer of a file that no rule names. */
function otherLayer(url: string): string | undefined {
  const folder = FOLDER.exec(url)?.[1];
  if (folder !== undefined) return `own code: ${folder}`;
  const name = PACKAGE.exec(url)?.[1];
  return name === undefined ? undefined : `package ${name}`;
}

function nameOf({ functionName, url }: ProfileNode['callFrame']): string {
  const file = url.replace(/^file:\/\//, '').replace(/^.*\/(node_modules|build-bench)\//, '');
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` ${file}`}`;
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}
