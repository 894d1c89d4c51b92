#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { handleSignals } from './signals.ts';

// First of all, so that a signal counts from the first line on: the first process of a container ignores it otherwise.
const signals = handleSignals(process);
// A small heap while it starts, which then grows in small steps: see young-heap.ts for what a receiver does later (measured: npm run bench).
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=50');

// Checked before anything is loaded that an older Node does not have; up to here it understands every line.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`wandb-relay needs Node 24 or newer; this is ${process.version}. Install Node 24, then run the command again.`);
  process.exit(1);
}
import('./node-io.ts').then(({ runOnNode }) => runOnNode(signals));
