#!/usr/bin/env node
import { handleSignals } from './signals.ts';

// First of all, so that a signal counts from the first line on: the first process of a container ignores it otherwise.
const signals = handleSignals(process);

// Checked before anything is loaded that an older Node does not have; up to here it understands every line.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`wandb-relay needs Node 24 or newer; this is ${process.version}. Install Node 24, then run the command again.`);
  process.exit(1);
}
import('./node-io.ts').then(({ runOnNode }) => runOnNode(signals));
