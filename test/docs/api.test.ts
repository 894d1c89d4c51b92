import { expect, it } from 'vitest';
import { apiDocument } from '../../receiver/admin/openapi/document.ts';
import { page, tableRows } from './pages.ts';

it('the page of the API has every endpoint of its document, and no other', () => {
  const { paths = {} } = apiDocument('/api') as unknown as { paths?: Record<string, Record<string, { summary: string }>> };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary }]) => [`\`${method.toUpperCase()} /api${path}\``, summary]),
  );
  expect(tableRows(page('docs/api.md'), '## Endpoints').slice(1)).toEqual(documented);
});
