import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readEnvironment } from '../../receiver/environment.ts';
import { withSecretFiles } from '../../receiver/secret-files.ts';
import { BARE_ENVIRONMENT, PROJECT } from '../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';

const read = (path: string): string => {
  if (path === '/run/secrets/gone') throw new Error('ENOENT: no such file');
  return `secret of ${path}\n`;
};

it.each([
  'DATABASE_URL',
  'GITHUB_TOKEN',
  'GITHUB_APP_PRIVATE_KEY',
  'GITHUB_WEBHOOK_SECRET',
  'SLACK_BOT_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_APP_TOKEN',
  'WANDB_API_KEY',
  'RELAY_ADMIN_TOKEN',
  'WANDB_WEBHOOK_SECRET',
  'WANDB_WEBHOOK_TOKEN',
  'WANDB_WEBHOOK_SECRET_PROD_EU',
])('%s may be in a file', (name) => {
  expect(withSecretFiles({ [`${name}_FILE`]: ' /run/secrets/it ' }, read)).toEqual({ [name]: 'secret of /run/secrets/it' });
});

it('leaves other variables alone, also those that end in the same way', () => {
  expect(withSecretFiles({ PORT_FILE: '/x', SOME_FILE: '/x', PATH: '/bin', GITHUB_TOKEN_FILE: ' ' }, read)).toEqual({
    PORT_FILE: '/x',
    SOME_FILE: '/x',
    PATH: '/bin',
    GITHUB_TOKEN_FILE: ' ',
  });
});

it('a file that cannot be read is an error that says which and why', () => {
  const result = readEnvironment(withSecretFiles({ WANDB_WEBHOOK_SECRET_FILE: '/run/secrets/gone' }, read));
  expect(result).toEqual({
    ok: false,
    error: ['WANDB_WEBHOOK_SECRET_FILE: cannot be read: /run/secrets/gone: ENOENT: no such file: set it to a file that this user may read'],
  });
});

it('both ways at once are an error', () => {
  const result = readEnvironment(withSecretFiles({ GITHUB_TOKEN: 'a-token-for-tests', GITHUB_TOKEN_FILE: '/run/secrets/it' }, read));
  expect(result).toEqual({ ok: false, error: ['GITHUB_TOKEN_FILE: is set together with GITHUB_TOKEN: set one of the two'] });
});

it('the command reads them', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'secret'), 'short\n');
  const { stderr, stdout } = await new Promise<{ stderr: string; stdout: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(PROJECT, 'receiver', 'cli', 'main.ts'), 'deliveries'],
      {
        cwd: folder,
        env: { ...BARE_ENVIRONMENT, WANDB_WEBHOOK_SECRET_FILE: join(folder, 'secret'), GITHUB_TOKEN_FILE: join(folder, 'gone') },
      },
      (_error, out, errors) => resolve({ stdout: out, stderr: errors }),
    );
  });
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^GITHUB_TOKEN_FILE: cannot be read: .*gone: ENOENT.*: set it to a file that this user may read\n$/);
});
