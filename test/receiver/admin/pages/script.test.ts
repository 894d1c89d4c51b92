import { describe, expect, it, vi } from 'vitest';
import { SCRIPT } from '../../../../receiver/admin/pages/script.ts';

/** The script in a page without a stream of events, such as one of a Worker, as far as it touches it. */
function page() {
  const shown = { dataset: { live: 'off' }, textContent: 'As of …' };
  const part = {
    dataset: { part: 'stream' },
    innerHTML: 'old',
    replaceChildren: vi.fn(),
    contains: (element: object | null) => element !== null,
    querySelector: () => null,
  };
  const asked: string[] = [];
  const newer = { innerHTML: 'new', childNodes: ['<tr>'], querySelectorAll: () => [] };
  const world = {
    document: {
      hidden: false,
      activeElement: null as object | null,
      addEventListener: () => undefined,
      querySelectorAll: (what: string) => (what === '[data-part]' ? [part] : []),
      querySelector: (what: string) => (what === '[data-stream]' ? { dataset: { stream: 'poll' } } : what === '[data-live]' ? shown : null),
    },
    location: { href: 'https://relay.test/?source=prod&state=failed' },
    fetch: async (address: string) => {
      asked.push(address);
      return { ok: true, text: async () => '<html>' };
    },
    DOMParser: class {
      parseFromString() {
        return { querySelector: () => newer };
      }
    },
    EventSource: class {
      constructor() {
        throw new Error('there is no stream');
      }
    },
    addEventListener: () => undefined,
  };
  new Function(...Object.keys(world), SCRIPT)(...Object.values(world));
  return { world, shown, part, asked };
}

describe('a page without a stream of events', () => {
  it('asks for itself every ten seconds, with its whole address, and shows what is newer', async () => {
    vi.useFakeTimers();
    try {
      const { world, shown, part, asked } = page();
      expect(shown).toMatchObject({ dataset: { live: 'on' }, textContent: 'Updates every 10 s' });
      await vi.advanceTimersByTimeAsync(10_399);
      expect(asked).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(asked).toEqual(['https://relay.test/?source=prod&state=failed']);
      expect(part.replaceChildren).toHaveBeenCalledWith('<tr>');
      world.document.hidden = true;
      await vi.advanceTimersByTimeAsync(30_000);
      expect(asked).toHaveLength(1);
      world.document.hidden = false;
      world.document.activeElement = {};
      await vi.advanceTimersByTimeAsync(30_000);
      // Somebody fills in a form: it is not taken away.
      expect(asked.length).toBeGreaterThan(1);
      expect(part.replaceChildren).toHaveBeenCalledTimes(1);
      world.document.activeElement = null;
      await vi.advanceTimersByTimeAsync(11_000);
      expect(part.replaceChildren).toHaveBeenCalledTimes(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
