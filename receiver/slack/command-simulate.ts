import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { parseExactJson } from '../../src/lib/json.ts';
import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { type SimulatedRoute, simulateRoutes, waits } from '../webhook/simulate.ts';
import { cell } from './command-text.ts';
import { done, type Handling, type Outcome, refused } from './handling.ts';

/** Evaluates the routes for an event. Stores nothing; the ids are made up. */
export function simulate({ routes, redactJson, newId }: Handling, text: string): Outcome {
  // Keyboards of phones and of macOS write quotation marks of their own.
  const parsed = [text, text.replace(/[“”„]/g, '"')].map(parseExactJson).find(({ ok }) => ok) ?? parseExactJson(text);
  if (!parsed.ok)
    return refused(`This is not JSON: ${escapeMrkdwn(parsed.error)}. Write the body as W&amp;B would send it, after \`simulate\`.`);
  const payload = redactJson(parsed.value);
  const understood = understandBody(payload, DEFAULT_SOURCE);
  if (understood.kind === 'ping') return done('The Test button of W&amp;B sends this. The relay answers it and starts nothing.');
  const simulated = simulateRoutes(routes, understood.event, payload, newId);
  // Matching routes first, because the end may be cut off.
  const ordered = [...simulated].sort((a, b) => Number(b.matches) - Number(a.matches));
  const matching = simulated.filter(({ matches }) => matches).length;
  const head = `Event ${understood.event.type}: ${matching} of ${simulated.length} routes match. Nothing was sent.`;
  return done([head, ...ordered.flatMap(describeRoute)].join('\n'));
}

function describeRoute(route: SimulatedRoute): string[] {
  if (!route.matches) return [`*${cell(route.route)}* does not match: ${cell(route.why.join('; '))}`];
  return [
    `*${cell(route.route)}* matches`,
    ...route.requests.map((item) => {
      const would = waits(route, item) ? 'would await approval, then be sent' : 'would be sent';
      const what = 'problem' in item ? `nothing: ${cell(item.problem)}` : `\`${cell(code(JSON.stringify(item.request)), 600)}\``;
      return `• ${would} to ${cell(item.target)}: ${what}`;
    }),
  ];
}

/** A back-tick would end the code span; a look-alike replaces it. */
function code(text: string): string {
  return text.replaceAll('`', 'ˋ');
}
