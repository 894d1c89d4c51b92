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

  it('are named where they break a template', () => {
    expect(theError(compileTemplate('{% if event.alias == “production” %}x{% endif %}'))).toContain(
      '(typographic quotes are not quotes in Liquid: write " or \')',
    );
    expect(theError(compileTemplate('{% if %}'))).not.toContain('typographic');
  });
});
