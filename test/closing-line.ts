import type { Reporter, TestModule } from 'vitest/node';
import { findChromium, NO_CHROMIUM } from '../scripts/find-chromium.ts';
import { NO_PROMTOOL, PROMTOOL } from './examples/promtool.ts';

/** Closes a run with one plain line that any program can read: `12 passed, 0 failed, 1 skipped`. Skipped tests are named. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state]++;
        if (state === 'skipped') console.log(`skipped: ${test.fullName}`);
      }
    }
    if (PROMTOOL === undefined) console.log(`alert rules and metrics were not checked by promtool: ${NO_PROMTOOL}`);
    if (findChromium() === undefined) console.log(`not tested in a browser: ${NO_CHROMIUM}`);
    const broken = modules.filter((module) => module.errors().length > 0).length;
    console.log(`${counts.passed} passed, ${counts.failed + broken} failed, ${counts.skipped} skipped`);
  }
}
