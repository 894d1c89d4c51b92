import { readFileSync } from 'node:fs';

/** What the kernel says about a process. Only Linux has it. */
export interface ProcessUsage {
  /** CPU time since it began, its own and that of children that have ended, in microseconds; counted in steps of 10 ms. */
  readonly cpuUs: number;
  readonly residentMb: number;
  readonly peakMb: number;
}

/** Microseconds in a tick of `/proc/PID/stat`: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;

export function usageOf(pid: number): ProcessUsage {
  return parseUsage(readFileSync(`/proc/${pid}/stat`, 'utf8'), readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Reads `/proc/PID/stat` and `/proc/PID/status` (proc(5)). */
export function parseUsage(stat: string, status: string): ProcessUsage {
  // The name is in parentheses and may hold anything, so fields are counted from behind it: the first is the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [14, 15, 16, 17].reduce((sum, field) => sum + Number(fields[field - 3]), 0);
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { cpuUs: ticks * TICK_US, residentMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}
