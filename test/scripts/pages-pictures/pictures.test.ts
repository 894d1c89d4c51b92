import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LARGEST, SCENES } from '../../../scripts/pages-pictures/scenes.ts';
import { PROJECT } from '../../stand-ins/receiver-process.ts';
import { run } from '../../stand-ins/run-program.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

const PICTURES = join(PROJECT, 'scripts', 'pages-pictures', 'pictures.ts');

it.each([
  ['that Chromium is not installed', ['events'], 1, /^Chromium is not installed\. Debian: apt-get install chromium/],
  ['that there is no such picture', ['nothing'], 2, /^There is no picture nothing\. The pictures are: events, /],
  ['what an unknown option is', ['--large'], 2, /^Unknown option '--large'/],
])('says %s, in a sentence', async (_what, args, code, sentence) => {
  const found = await run(process.execPath, [PICTURES, ...args], { cwd: PROJECT, environment: { PATH: temporaryFolder() } });
  expect(found).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(sentence) });
  expect(found.stderr).not.toMatch(/^\s+at /m);
});

it('all pictures are there, and small', () => {
  for (const { name } of SCENES) {
    const file = join(PROJECT, 'docs', 'pictures', `pages-${name}.png`);
    expect([name, existsSync(file)]).toEqual([name, true]);
    expect([name, statSync(file).size <= LARGEST]).toEqual([name, true]);
  }
});
