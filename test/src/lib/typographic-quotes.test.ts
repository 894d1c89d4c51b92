import { describe, expect, it } from 'vitest';
import { hasTypographicQuotes } from '../../../src/lib/typographic-quotes.ts';
import { compileTemplate } from '../../../src/route/template.ts';
import { theError } from '../event/samples.ts';

describe('typographic quotes', () => {
  it.each(['“production”', '„production“', '«production»', '‘production’', '‚production‘', 'production”', '^(‘a’|b)$', '＂x＂', '’'])(
    'are in %s',
    (text) => expect(hasTypographicQuotes(text)).toBe(true),
  );

  it.each(['production', '"production"', "'x'", 'O’Brien', 'l’été', '', '`x`', 'ʻOkina'])('are not in %s', (text) =>
    expect(hasTypographicQuotes(text)).toBe(false),
  );

  // Some of them are letters to LiquidJS.
  it.each(['“production”', '‘production’', '«production»'])('are named where they break a template: %s', (text) => {
    expect(theError(compileTemplate(`{% if event.alias == ${text} %}x{% endif %}`))).toContain(
      '(typographic quotes are not quotes in Liquid: write " or \')',
    );
    expect(theError(compileTemplate('{% if %}'))).not.toContain('typographic');
  });
});
