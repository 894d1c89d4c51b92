import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI_CODE, emojiOf } from '../../../scripts/slack-pictures/emoji.ts';
import { pageOf } from '../../../scripts/slack-pictures/page.ts';
import { fileOf, LARGEST, SIZES } from '../../../scripts/slack-pictures/picture-files.ts';
import { SCENES } from '../../../scripts/slack-pictures/scenes.ts';
import { READER } from '../../../scripts/slack-pictures/story.ts';
import { page } from '../../docs/pages.ts';
import { PROJECT } from '../../stand-ins/receiver-process.ts';
import { messageProblem, viewProblem } from '../../stand-ins/slack-rules.ts';

const PICTURES = join(PROJECT, 'docs', 'pictures');
/** `![what it shows](pictures/slack-failed.png)` */
const SHOWN = [...page('docs/slack.md').prose.matchAll(/!\[([^\]]*)\]\(pictures\/([^)]+)\)/g)].map(([, words = '', file = '']) => ({
  words,
  file,
}));

describe.each(SCENES)('the scene $name', (scene) => {
  it('is taken by Slack', () => {
    if (scene.kind !== 'messages') expect(viewProblem(scene.view, scene.kind)).toBeUndefined();
    else
      for (const { text, blocks } of scene.messages)
        expect(messageProblem({ text, ...(blocks.length > 0 ? { blocks } : {}) }, 'update')).toBeUndefined();
  });

  it('says everything in characters that a reader sees', () => {
    const said = JSON.stringify(scene);
    const codes = [...said.matchAll(EMOJI_CODE)].map(([, name = '']) => name).filter((name) => !/^\d+$/.test(name));
    expect(codes.filter((name) => emojiOf(name) === undefined)).toEqual([]);
    const shown = pageOf(scene, READER).replace(/<style>[\s\S]*?<\/style>|<[^>]*>/g, '');
    // A metric may be NaN.
    expect(shown.replaceAll(/\bis NaN/g, '')).not.toMatch(/undefined|\[object|NaN|<@|&lt;@|!date|[@#][UWSC][A-Z0-9]{3,}/);
  });

  it('has its pictures, and docs/slack.md shows one', () => {
    for (const size of SIZES) {
      const file = join(PICTURES, fileOf(scene, size));
      expect(existsSync(file), `${file}: run npm run slack:pictures`).toBe(true);
      expect(statSync(file).size).toBeLessThanOrEqual(LARGEST);
      expect(readFileSync(file).toString('latin1', 1, 4)).toBe('PNG');
    }
    expect(SHOWN).toContainEqual({ words: scene.shows, file: fileOf(scene, { suffix: '' }) });
  });
});

it('the pictures in docs/slack.md are those of the scenes, and each has words', () => {
  const files = SCENES.flatMap((scene) => SIZES.map((size) => fileOf(scene, size)));
  expect(
    readdirSync(PICTURES)
      .filter((name) => name.startsWith('slack-'))
      .toSorted(),
  ).toEqual(files.toSorted());
  for (const { words, file } of SHOWN) {
    expect(files).toContain(file);
    expect(words.length, file).toBeGreaterThan(15);
  }
  expect(new Set(SCENES.map(({ name }) => name)).size).toBe(SCENES.length);
});
