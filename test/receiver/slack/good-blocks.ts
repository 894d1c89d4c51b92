/** Blocks that keep Slack's rules, and how a test breaks one of them. */

export type Json = { [key: string]: unknown };

export const text = (words = 'words') => ({ type: 'mrkdwn', text: words, verbatim: true });
export const plain = (words = 'words') => ({ type: 'plain_text', text: words, emoji: false });

export const points = (...values: number[]) => values.map((value, step) => ({ label: `${step}`, value }));
export const line = {
  type: 'data_visualization',
  title: 'loss, last 2 points',
  chart: {
    type: 'line',
    series: [
      { name: 'loss', data: points(3.1, 9.1) },
      { name: 'alert at', data: points(3.4, 3.4) },
    ],
    axis_config: { categories: ['0', '1'], x_label: 'step', y_label: 'loss' },
  },
};
export const pie = { type: 'data_visualization', title: 'states', chart: { type: 'pie', segments: points(1, 2) } };
export const rich = {
  type: 'rich_text',
  elements: [
    {
      type: 'rich_text_section',
      elements: [
        { type: 'text', text: 'a', style: { bold: true } },
        { type: 'user', user_id: 'U1' },
      ],
    },
    { type: 'rich_text_list', style: 'bullet', elements: [{ type: 'rich_text_section', elements: [{ type: 'emoji', name: 'x' }] }] },
    { type: 'rich_text_preformatted', border: 0, elements: [{ type: 'link', url: 'https://example.com' }] },
  ],
};

/** The same with one place changed; `undefined` takes the field away. */
export function changed<T>(value: T, path: string, to: unknown): T {
  const copy = structuredClone(value) as Json;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const at = keys.reduce((inside, key) => inside[key] as Json, copy);
  if (to === undefined) delete at[last];
  else at[last] = to;
  return copy as T;
}

export const long = (length: number) => 'x'.repeat(length);
export const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);
