import { describe, expect, it } from 'vitest';
import { blocksProblem, viewProblem } from '../../stand-ins/slack-rules.ts';
import { changed, type Json, line, long, many, pie, points, rich } from './good-blocks.ts';

describe('a rule of a chart, broken', () => {
  it.each<[string, Json, string, unknown, string]>([
    ['no title', line, 'title', undefined, 'missing required field [json-pointer:/blocks/0/title]'],
    ['a long title', line, 'title', long(51), 'must be less than 51 characters'],
    ['a blank title', line, 'title', '', 'must be more than 0 characters'],
    ['a blank name', line, 'chart.series.0.name', '', 'must be more than 0 characters'],
    ['a blank axis', line, 'chart.axis_config.y_label', '', 'must be more than 0 characters'],
    ['a blank label', pie, 'chart.segments.0.label', '', 'must be more than 0 characters'],
    ['a long label', pie, 'chart.segments.0.label', long(21), 'must be less than 21 characters'],
    ['a point without a label', pie, 'chart.segments.0.label', undefined, 'missing required field'],
    ['a point with more', pie, 'chart.segments.0.colour', 'red', 'invalid additional property: colour'],
    ['a series with more', line, 'chart.series.0.colour', 'red', 'invalid additional property: colour'],
    ['a series without a name', line, 'chart.series.0.name', undefined, 'missing required field'],
    ['a series without points', line, 'chart.series.0.data', [], 'no fewer than 1 items required'],
    ['a series of twenty-one', line, 'chart.series.0.data', points(...many(21, 1)), 'no more than 20 items allowed'],
    ['no categories', line, 'chart.axis_config.categories', [], 'no fewer than 1 items required'],
    ['a blank category', line, 'chart.axis_config.categories', ['0', ''], 'must be more than 0 characters'],
    ['axes with more', line, 'chart.axis_config.colour', 'red', 'invalid additional property: colour'],
    ['no slices', pie, 'chart.segments', [], 'no fewer than 1 items required'],
    ['lines with slices', line, 'chart.segments', points(1), 'invalid additional property: segments'],
    ['another kind', line, 'chart.type', 'radar', 'must be one of line, bar, area, pie'],
    ['no series', line, 'chart.series', [], 'no fewer than 1 items required'],
    ['seven series', line, 'chart.series', many(7, line.chart.series[0]), 'no more than 6 items allowed'],
    ['a name twice', line, 'chart.series.1.name', 'loss', 'must be unique'],
    ['a long name', line, 'chart.series.0.name', long(21), 'must be less than 21 characters'],
    ['other labels', line, 'chart.series.0.data.1.label', '2', 'labels must match axis_config.categories'],
    ['a missing point', line, 'chart.series.0.data', points(1), 'labels must match axis_config.categories'],
    ['a label twice', line, 'chart.series.0.data.1.label', '0', 'labels must match axis_config.categories'],
    ['a value in words', line, 'chart.series.0.data.0.value', 'NaN', 'must be a number'],
    ['a value that is none', line, 'chart.series.0.data.0.value', Number.NaN, 'must be a number'],
    [
      'twenty-one categories',
      line,
      'chart.axis_config.categories',
      Array.from({ length: 21 }, (_, at) => `${at}`),
      'no more than 20 items',
    ],
    ['a category twice', line, 'chart.axis_config.categories', ['0', '0'], 'the category is there twice'],
    ['a long category', line, 'chart.axis_config.categories', ['0', long(21)], 'must be less than 21 characters'],
    ['a long axis', line, 'chart.axis_config.x_label', long(51), 'must be less than 51 characters'],
    ['no axes', line, 'chart.axis_config', undefined, 'must provide an object'],
    ['a pie of seven', pie, 'chart.segments', points(1, 2, 3, 4, 5, 6, 7), 'no more than 6 items allowed'],
    ['an empty slice', pie, 'chart.segments', points(1, 0), 'must be more than 0'],
    ['a pie with axes', pie, 'chart.axis_config', { categories: ['0'] }, 'invalid additional property: axis_config'],
  ])('%s', (_what, block, path, to, message) => {
    expect(blocksProblem([changed(block, path, to)])?.messages.join('\n')).toContain(message);
  });

  it('three charts, or a chart where there may be none', () => {
    expect(blocksProblem([line, line, pie])?.messages.join()).toContain('no more than 2 data_visualization blocks allowed [have 3]');
    expect(viewProblem({ type: 'home', blocks: [line] }, 'home')?.messages.join()).toContain('unsupported type on this surface');
  });
});

describe('a rule of rich text, broken', () => {
  it.each([
    ['nothing in it', 'elements', [], 'no fewer than 1 items required'],
    ['an unknown part', 'elements.0.type', 'rich_text_table', 'unsupported type: rich_text_table'],
    ['an unknown text', 'elements.0.elements.0.type', 'words', 'unsupported type: words'],
    ['a user without an id', 'elements.0.elements.1.user_id', undefined, 'must be a string'],
    ['a style that is none', 'elements.0.elements.0.style', { loud: true }, 'invalid additional property: loud'],
    ['a list without a style', 'elements.1.style', undefined, 'must be a valid enum value'],
    ['a list of texts', 'elements.1.elements', [{ type: 'text', text: 'a' }], 'must be rich_text_section'],
    ['a link to nowhere', 'elements.2.elements.0.url', 'nowhere', 'must be a valid URL'],
    ['a border of two', 'elements.2.border', 2, 'must be a valid enum value'],
  ])('%s', (_what, path, to, message) => {
    expect(blocksProblem([changed(rich, path, to)])?.messages.join('\n')).toContain(message);
  });
});
