/** Quotation marks that word processors and phones write instead of `"` and `'`. Between two letters ’ is an apostrophe. */
const TYPOGRAPHIC_QUOTES =
  /[\u201C-\u201F\u00AB\u00BB\u2039\u203A\u2033\u301D-\u301F\uFF02\uFF07]|(?<!\p{L})[\u2018-\u201B\u2032]|[\u2018-\u201B\u2032](?!\p{L})/u;

/** True if the text has typographic quotes, which quote nothing in YAML and Liquid. */
export function hasTypographicQuotes(text: string): boolean {
  return TYPOGRAPHIC_QUOTES.test(text);
}
