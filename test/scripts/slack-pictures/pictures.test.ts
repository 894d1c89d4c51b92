import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../../stand-ins/receiver-process.ts';
import { run } from '../../stand-ins/run-program.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

const PICTURES = join(PROJECT, 'scripts', 'slack-pictures', 'pictures.ts');

it.each([
  ['that Chromium is not installed', ['failed'], 1, /^Chromium is not installed\. Debian: apt-get install chromium/],
  ['that there is no such scene', ['nothing'], 2, /^There is no scene nothing\. The scenes are: approval, /],
  ['what an unknown option is', ['--large'], 2, /^Unknown option '--large'/],
])('says %s, in a sentence', async (_what, args, code, sentence) => {
  const found = await run(process.execPath, [PICTURES, ...args], { cwd: PROJECT, environment: { PATH: temporaryFolder() } });
  expect(found).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(sentence) });
  expect(found.stderr).not.toMatch(/^\s+at /m);
});
