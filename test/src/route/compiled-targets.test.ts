import { expect, it } from 'vitest';
import { rememberingCompiler } from '../../../src/route/compiled-targets.ts';
import { compileTarget } from '../../../src/route/target.ts';
import type { TargetDefinition } from '../../../src/route/target-schema.ts';

function counted() {
  const compiled: string[] = [];
  const compile = rememberingCompiler((definition) => {
    compiled.push(definition.slack?.channel ?? '');
    return compileTarget(definition);
  });
  return { compile, compiled };
}

const to = (channel: string): TargetDefinition => ({ slack: { channel } });

it('compiles equal definitions once', () => {
  const { compile, compiled } = counted();
  expect(compile(to('#a'))).toBe(compile(to('#a')));
  expect(compile(to('#b')).channel).toBe('#b');
  expect(compiled).toEqual(['#a', '#b']);
});

it('forgets the definition that was not used for longest, and no other', () => {
  const { compile, compiled } = counted();
  for (let i = 0; i < 256; i++) compile(to(`#${i}`));
  compile(to('#0'));
  compile(to('#one more'));
  compiled.length = 0;
  for (const channel of ['#0', '#2', '#255', '#one more']) compile(to(channel));
  expect(compiled).toEqual([]);
  compile(to('#1'));
  expect(compiled).toEqual(['#1']);
});
