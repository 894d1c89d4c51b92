import { expect, it } from 'vitest';
import { eventTitle } from '../../../../receiver/admin/components/event-title.ts';

it('shows signs that would turn a title round', () => {
  const title = eventTitle({
    type: 'add_artifact_alias',
    source: 'default',
    collection: 'resnet\u202e50',
    version: 'v1',
    alias: 'production',
  });
  expect(title).not.toContain('\u202e');
  expect(title).toContain('\\u202e');
});
