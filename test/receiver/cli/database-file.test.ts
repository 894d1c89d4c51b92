import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { explainOpenError } from '../../../receiver/cli/explain-open.ts';
import { runCommand, startReceiver } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

describe('the database file', () => {
  it('is for its owner only, and so are its lock, log and index', async () => {
    const cwd = temporaryFolder();
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    const receiver = await startReceiver({ cwd, environment: {} });
    onTestFinished(async () => void (await receiver.end('SIGKILL')));
    const made = readdirSync(cwd).filter((name) => name.startsWith('relay-sandbox.db'));
    expect(made).toEqual(expect.arrayContaining(['', '-lock', '-shm', '-wal'].map((end) => `relay-sandbox.db${end}`)));
    for (const name of made) expect([name, (statSync(join(cwd, name)).mode & 0o777).toString(8)]).toEqual([name, '600']);
  });

  it('keeps the mode that somebody gave it', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'relay-sandbox.db'), '');
    chmodSync(join(cwd, 'relay-sandbox.db'), 0o640);
    const receiver = await startReceiver({ cwd, environment: {} });
    onTestFinished(async () => void (await receiver.end('SIGKILL')));
    expect((statSync(join(cwd, 'relay-sandbox.db')).mode & 0o777).toString(8)).toBe('640');
  });

  it('may not be a folder, nor lie in a file', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'data'));
    writeFileSync(join(cwd, 'file'), '');
    const serve = (DATABASE_URL: string) => runCommand(['serve'], { cwd, environment: { DATABASE_URL } });
    expect((await serve('file:data')).stderr).toMatch(
      /^DATABASE_URL: data: .*\/data is a folder: set DATABASE_URL to a file in it, such as file:.*\/data\/relay\.db\n$/,
    );
    expect((await serve('file:file/relay.db')).stderr).toMatch(/^DATABASE_URL: file\/relay\.db: .*\/file is not a folder: .*\n$/);
    expect((await serve('file:none/relay.db')).stderr).toMatch(
      /^DATABASE_URL: none\/relay\.db: there is no folder .*\/none: make it, or .*\n$/,
    );
  });
});

// Root may write everywhere: it becomes somebody else, as in a container.
describe.runIf(process.getuid?.() === 0)('a folder that the user may not write', () => {
  const USER = 4321;

  it('is named with the user, and what to do', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    const file = join(import.meta.dirname, '..', '..', '..', 'receiver', 'cli', 'explain-open.ts');
    const explained = async (path: string): Promise<string> => {
      const script = `import(${JSON.stringify(file)}).then(({ explainOpenError }) => console.log(explainOpenError(new Error('unable'), ${JSON.stringify(path)}, process.geteuid())));`;
      const child = spawn(process.execPath, ['-e', `process.setgid(${USER}); process.setuid(${USER}); ${script}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      await once(child, 'close');
      return text.trim();
    };
    expect(await explained(join(folder, 'relay.db'))).toBe(
      `this user (uid ${USER}) may not write into the folder ${folder}: give it to uid ${USER} (chown ${USER}; on Kubernetes: fsGroup), or set DATABASE_URL to a file elsewhere`,
    );
    chownSync(folder, USER, USER);
    writeFileSync(join(folder, 'relay.db'), '');
    chmodSync(join(folder, 'relay.db'), 0o600);
    expect(await explained(join(folder, 'relay.db'))).toMatch(new RegExp(`^this user \\(uid ${USER}\\) may not read and write the file: `));
  });
});

it('says what SQLite says when the rights are not the reason', () => {
  expect(explainOpenError(new Error('file is not a database'), join(temporaryFolder(), 'relay.db'), 0)).toBe('file is not a database');
});

/** Whether `/healthz` answers 200 on an address of this machine. */
async function answers(host: string, port: string): Promise<boolean> {
  const asked = request({ host, port, path: '/healthz' }).end();
  const [response] = (await once(asked, 'response')) as [{ statusCode?: number; resume(): void }];
  response.resume();
  return response.statusCode === 200;
}

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));

describe.runIf(hasIpv6)('HOST=::', () => {
  it.each(['::', '[::]'])('%s takes requests of both families', async (HOST) => {
    const cwd = temporaryFolder();
    copyFileSync(join(import.meta.dirname, '..', '..', '..', 'examples', 'wandb-relay.yaml'), join(cwd, 'wandb-relay.yaml'));
    const environment = { HOST, GITHUB_TOKEN: 'ghp_a_token_for_tests_only', WANDB_WEBHOOK_SECRET: 'a-secret-for-tests-only' };
    const receiver = await startReceiver({ cwd, environment });
    onTestFinished(async () => void (await receiver.end('SIGKILL')));
    expect(receiver.url).toMatch(/^http:\/\/\[::\]:\d+$/);
    const { port } = new URL(receiver.url);
    expect([await answers('127.0.0.1', port), await answers('::1', port)]).toEqual([true, true]);
  });
});
