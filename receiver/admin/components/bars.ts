import { html } from 'hono/html';
import type { Html } from '../pages/page.ts';

const WIDTH = 240;
const HEIGHT = 36;

/** Counts over time, the oldest first, as bars. A screen reader gets `label` alone. */
export function bars(counts: readonly number[], label: string): Html {
  const most = Math.max(1, ...counts);
  const step = WIDTH / Math.max(1, counts.length);
  return html`<svg class="chart small" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}" preserveAspectRatio="none">${counts.map(
    (count, index) => {
      const height = count === 0 ? 1 : Math.max(2, (count / most) * HEIGHT);
      return html`<rect class="bar" x="${(index * step).toFixed(1)}" y="${(HEIGHT - height).toFixed(1)}" width="${Math.max(1, step - 1).toFixed(1)}" height="${height.toFixed(1)}"><title>${count}</title></rect>`;
    },
  )}</svg>`;
}
