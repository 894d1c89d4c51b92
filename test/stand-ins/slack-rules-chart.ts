import { asFields, checkKeys, checkLength, checkRequired, checkUnique, type Fields, listOf, type Report } from './slack-rules-basics.ts';

/**
 * Slack's rules for charts (Slack, "Data visualization block"). That a message takes at most two of them is not documented;
 * Slack says so in `response_metadata.messages` (vercel/chat#696).
 */

export const CHARTS_PER_MESSAGE = 2;

const TITLE = 50;
const LABEL = 20;
const MOST_SERIES = 6;
const MOST_POINTS = 20;

export function checkChartBlock(block: Fields, pointer: string, report: Report): void {
  checkRequired(block.title, `${pointer}/title`, report);
  checkLength(block.title, 1, TITLE, `${pointer}/title`, report);
  const chart = asFields(block.chart);
  const at = `${pointer}/chart`;
  switch (chart.type) {
    case 'pie':
      checkKeys(block.chart, ['type', 'segments'], at, report);
      checkSegments(chart.segments, `${at}/segments`, report);
      return;
    case 'line':
    case 'bar':
    case 'area':
      checkKeys(block.chart, ['type', 'series', 'axis_config'], at, report);
      checkAxes(chart, at, report);
      return;
    default:
      report(`${at}/type`, 'must be one of line, bar, area, pie');
  }
}

function checkSegments(segments: unknown, pointer: string, report: Report): void {
  listOf(segments, 1, MOST_SERIES, pointer, report).forEach((segment, index) => {
    checkPoint(segment, `${pointer}/${index}`, report);
    if (!(Number(asFields(segment).value) > 0)) report(`${pointer}/${index}/value`, 'must be more than 0');
  });
}

/** Each series has exactly one value for each category. */
function checkAxes({ series, axis_config: axes }: Fields, pointer: string, report: Report): void {
  const config = asFields(axes);
  checkKeys(axes, ['categories', 'x_label', 'y_label'], `${pointer}/axis_config`, report);
  for (const name of ['x_label', 'y_label']) checkLength(config[name], 1, TITLE, `${pointer}/axis_config/${name}`, report);
  const categories = listOf(config.categories, 1, MOST_POINTS, `${pointer}/axis_config/categories`, report);
  categories.forEach((category, index) => {
    checkLength(category, 1, LABEL, `${pointer}/axis_config/categories/${index}`, report);
  });
  checkUnique(categories, (index) => report(`${pointer}/axis_config/categories/${index}`, 'the category is there twice'));
  const all = listOf(series, 1, MOST_SERIES, `${pointer}/series`, report).map(asFields);
  all.forEach((one, index) => {
    checkSeries(one, categories, `${pointer}/series/${index}`, report);
  });
  checkUnique(
    all.map(({ name }) => name),
    (index) => report(`${pointer}/series/${index}/name`, 'must be unique'),
  );
}

function checkSeries(series: Fields, categories: readonly unknown[], pointer: string, report: Report): void {
  checkKeys(series, ['name', 'data'], pointer, report);
  checkRequired(series.name, `${pointer}/name`, report);
  checkLength(series.name, 1, LABEL, `${pointer}/name`, report);
  const data = listOf(series.data, 1, MOST_POINTS, `${pointer}/data`, report);
  data.forEach((point, index) => {
    checkPoint(point, `${pointer}/data/${index}`, report);
  });
  const labels = data.map((point) => asFields(point).label);
  if (labels.length !== categories.length || new Set(labels).size !== labels.length || labels.some((label) => !categories.includes(label)))
    report(`${pointer}/data`, 'labels must match axis_config.categories');
}

function checkPoint(point: unknown, pointer: string, report: Report): void {
  const { label, value } = asFields(point);
  checkKeys(point, ['label', 'value'], pointer, report);
  checkRequired(label, `${pointer}/label`, report);
  checkLength(label, 1, LABEL, `${pointer}/label`, report);
  if (typeof value !== 'number' || !Number.isFinite(value)) report(`${pointer}/value`, 'must be a number');
}
