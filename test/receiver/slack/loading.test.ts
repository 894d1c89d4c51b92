import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

/** What a process has loaded of CommonJS packages after importing the app. */
const PROBE = `
  const { createSlackApp } = await import('./receiver/slack/app.ts');
  const { createRequire } = await import('node:module');
  console.log(typeof createSlackApp, Object.keys(createRequire(process.cwd() + '/x').cache).join(' '));
`;

describe('the Slack app', () => {
  it('loads in plain Node, with Bolt and without Express', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PROBE], { cwd: ROOT });
    expect(stdout).toMatch(/^function /);
    expect(stdout).toContain('/@slack/bolt/dist/App.js');
    expect(stdout).not.toMatch(/node_modules\/express\//);
  });
});
