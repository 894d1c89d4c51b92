import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findChromium } from '../../scripts/find-chromium.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';

it('finds no Chromium where there is none', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'chromium'));
  for (const variables of [{}, { PATH: '' }, { PATH: folder }, { CHROMIUM: join(folder, 'none'), PATH: process.env.PATH }])
    expect(findChromium(variables)).toBeUndefined();
});

it('takes the one that CHROMIUM names, else the first on the PATH', () => {
  const folder = temporaryFolder();
  const [own, found] = [join(folder, 'my-browser'), join(folder, 'google-chrome')];
  for (const file of [own, found]) {
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o755);
  }
  const PATH = ['/nowhere', folder].join(':');
  expect(findChromium({ PATH })).toBe(found);
  expect(findChromium({ PATH, CHROMIUM: own })).toBe(own);
});
