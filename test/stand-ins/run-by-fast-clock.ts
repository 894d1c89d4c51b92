import { type FastClock, fastNow } from './fast-clock.ts';

/** Preloaded into a program, see `nodeOptionsFor`: replaces the clocks and the timers that the program reads. */
const { searchParams } = new URL(import.meta.url);
const clock: FastClock = { factor: Number(searchParams.get('factor')), since: Number(searchParams.get('since')) };

const { now } = Date;
const monotonic = performance.now.bind(performance);
const { setTimeout: wait } = globalThis;
Date.now = () => fastNow(clock, now());
performance.now = () => monotonic() * clock.factor;
globalThis.setTimeout = Object.assign(
  (callback: (...values: unknown[]) => void, milliseconds = 0, ...values: unknown[]) =>
    wait(callback, milliseconds / clock.factor, ...values),
  wait,
);
