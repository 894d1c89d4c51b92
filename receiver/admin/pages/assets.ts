import { Hono } from 'hono';
import { digest } from '../../../src/lib/digest.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** The names change with the content, so a browser may keep them for ever. Below the base path. */
export const STYLE_PATH = `/assets/${digest(STYLE).slice(0, 12)}.css`;
export const SCRIPT_PATH = `/assets/${digest(SCRIPT).slice(0, 12)}.js`;

/** The style sheet and the script: for anybody, because the sign-in form needs them, and they say nothing. */
export function assets(): Hono {
  const app = new Hono();
  const files = [
    [STYLE_PATH, 'text/css; charset=utf-8', STYLE],
    [SCRIPT_PATH, 'text/javascript; charset=utf-8', SCRIPT],
  ] as const;
  for (const [path, type, text] of files) {
    app.get(path.replace('/assets', ''), (c) =>
      c.body(text, 200, {
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      }),
    );
  }
  return app;
}
