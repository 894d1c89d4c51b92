#!/usr/bin/env -S node --max-semi-space-size=2 --heap-growing-percent=50
// Small spaces for new objects, and a heap that grows in small steps, keep the receiver's memory down at no cost in speed (measured: npm run bench).
// The check comes before anything is loaded that an older Node does not have.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(`wandb-relay needs Node 24 or newer; this is ${process.version}.`);
  process.exit(1);
}
const { runOnNode } = await import('./node-io.ts');
await runOnNode();
