import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** The young generation grows to about so much: two halves of 4 MB, of which one is in use at a time. Bytes. */
const LARGEST = 8 * 1024 * 1024;

/**
 * Lets V8's young generation grow to a few megabytes and no further. At its smallest (a half of 1 MB) a fifth of the time of
 * a busy receiver goes into collecting garbage; at its own limit (a half of 16 MB) a receiver takes some 20 MB more
 * (measured: npm run bench). V8 reads the flag for the limit only when it starts, and we are started by whatever runs
 * the command; the flag for the growth it reads each time.
 */
export function limitYoungHeap(): void {
  let mayGrow: boolean | undefined;
  const decide = (): void => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    const wanted = young !== undefined && young.space_size < LARGEST;
    if (wanted !== mayGrow) setFlagsFromString(`--semi-space-growth-factor=${wanted ? 2 : 1}`);
    mayGrow = wanted;
  };
  new PerformanceObserver(decide).observe({ entryTypes: ['gc'] });
}
