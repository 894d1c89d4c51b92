import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** The young generation grows to about so much: two halves of 4 MB, of which one is in use at a time. Bytes. */
const LARGEST = 8 * 1024 * 1024;

/** What a receiver needs of Node itself. A module that is missing here is loaded later, and takes longer. */
const OF_NODE = ['http', 'http2', 'sqlite', 'child_process', 'fs/promises', 'timers/promises', 'worker_threads', 'assert', 'module'];

/**
 * Keeps the heap of a receiver small: from now on it grows in small steps, and its young generation to a few megabytes (measured:
 * npm run bench).
 *
 * Node's own modules are loaded first. Once a flag of V8 is another one, V8 does not use the compiled form of them that is in Node,
 * and HTTP and `fetch` alone take 30 ms more. It is the same with flags of the command line, but for the size of the young generation.
 */
export async function limitHeap(): Promise<void> {
  // Node loads `fetch` and what belongs to it when one of its classes is first asked for.
  await Promise.all([...OF_NODE.map((name) => import(`node:${name}`)), globalThis.Response]);
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
  limitYoungHeap();
}

/**
 * Lets V8's young generation grow to a few megabytes and no further. At its smallest (a half of 1 MB) a fifth of the time of
 * a busy receiver goes into collecting garbage; at its own limit (a half of 16 MB) a receiver takes some 20 MB more
 * (measured: npm run bench). V8 reads the flag for the limit only when it starts, and we are started by whatever runs
 * the command; the flag for the growth it reads each time.
 */
function limitYoungHeap(): void {
  let mayGrow: boolean | undefined;
  const decide = (): void => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    const wanted = young !== undefined && young.space_size < LARGEST;
    if (wanted !== mayGrow) setFlagsFromString(`--semi-space-growth-factor=${wanted ? 2 : 1}`);
    mayGrow = wanted;
  };
  new PerformanceObserver(decide).observe({ entryTypes: ['gc'] });
}
