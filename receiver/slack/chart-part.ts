import { pointsFromJson } from '../../src/event/metric-points.ts';
import type { ConversationEvent } from '../store/conversations.ts';
import { context, type Part } from './blocks.ts';
import { CHART_LIMITS, chartOf, chartWords } from './chart.ts';

/** The charts of a conversation's events, each metric's latest one, with the same in words above it. At most as many as Slack takes. */
export function chartParts(events: readonly ConversationEvent[], rank: number): Part[] {
  const parts = new Map<string, Part>();
  for (const { event } of events.toReversed()) {
    const points = pointsFromJson(event.wandb?.history);
    if (points === undefined || parts.has(points.metric) || parts.size === CHART_LIMITS.inMessage) continue;
    const chart = chartOf(event.event, points);
    const words = chartWords(event.event, points);
    if (chart !== undefined && words !== undefined) parts.set(points.metric, { rank, blocks: [...context(words), chart] });
  }
  return [...parts.values()];
}
