// Runs before every npm script and says in one sentence what is missing: the scripts themselves are TypeScript, and tools that
// may not be installed. Any Node understands this file, however old. `dev`: the script needs the development packages.
// biome-ignore lint/style/useNodejsImportProtocol: an older Node does not know it
const { existsSync } = require('fs');
// biome-ignore lint/style/useNodejsImportProtocol: an older Node does not know it
const { join } = require('path');
// biome-ignore lint/style/useNodejsImportProtocol: an older Node does not know it
const process = require('process');

const sentence = missing(join(__dirname, '..', '..', 'node_modules'));
if (sentence !== undefined) {
  console.error(sentence);
  process.exit(1);
}

function missing(modules) {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    return `wandb-relay needs Node 24 or newer; this is ${process.version}. Run "npm ci --include=dev" without --ignore-scripts, which brings Node 24 along, or install it.`;
  }
  if (!existsSync(join(modules, 'commander'))) return 'The packages that wandb-relay needs are not installed: run "npm ci".';
  if (process.argv[2] === 'dev' && !existsSync(join(modules, 'vitest'))) {
    return 'The development packages are not installed (NODE_ENV=production leaves them out): run "npm ci --include=dev".';
  }
  return undefined;
}
