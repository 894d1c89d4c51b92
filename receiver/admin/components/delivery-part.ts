import { durationWords } from '../../../src/lib/duration.ts';
import type { Attempt, DeliveryRecord, DeliveryView, PostedMessage } from '../../store/delivery.ts';
import type { RunView } from '../../store/run.ts';
import { badge, type Tone } from './badge.ts';
import { advice, pageState } from './delivery-advice.ts';
import { deliveryBadge, deliveryForms } from './delivery-row.ts';
import type { PartView } from './event-view.ts';
import { type Html, html } from './html.ts';
import { richText } from './rich-text.ts';
import { age, ahead, moment } from './time.ts';

/** A dispatch, whole: its state and what to do, its run, and everything that happened in order. */
export function deliveryPart(record: DeliveryRecord, view: PartView): Html {
  const { delivery, earlierRuns = [] } = record;
  const { shell, now, throttles, pauses, identity } = view;
  const state = pageState(delivery, throttles, pauses);
  const tone = delivery.state === 'dead' ? ' bad' : delivery.state === 'held' ? ' wait' : '';
  return html`<section class="card${tone}" id="delivery-${delivery.id}" aria-label="Delivery to ${delivery.target}">
<header><h2>${delivery.target}</h2>${deliveryBadge(state)}</header>
<div class="body">${delivery.state === 'delivered' ? '' : html`<p class="todo">${richText(advice(delivery, state), view.githubUrl)}</p>`}
<dl class="facts"><dt>Route</dt><dd>${delivery.route}</dd>
${delivery.run === null ? '' : html`<dt>Workflow run</dt><dd>${runWords(delivery.run, view)}</dd>`}
${earlierRuns.map((run) => html`<dt>Earlier run</dt><dd>${runWords(run, view)}</dd>`)}
${delivery.dueAt === null || delivery.attempts === 0 ? '' : html`<dt>Next attempt</dt><dd>${ahead(delivery.dueAt, now)}</dd>`}
<dt>Delivery</dt><dd><code>${delivery.id}</code></dd></dl>
<ol class="timeline">${timeline(record, view)}</ol>
${requestPart(delivery)}
${identity.role === 'admin' && delivery.state !== 'held' ? deliveryForms(shell, delivery, `/events/${delivery.eventId}`) : ''}</div></section>`;
}

/** The messages of an event, a line each: they are about the dispatches, which come first. */
export function messagesPart(records: readonly DeliveryRecord[], view: PartView): Html {
  if (records.length === 0) return html``;
  return html`<section class="card" aria-labelledby="messages"><header><h2 id="messages">Messages</h2><span class="quiet small">${records.length}</span></header><ul class="list">${records.map(
    (record) => messageRow(record, view),
  )}</ul></section>`;
}

function messageRow(record: DeliveryRecord, view: PartView): Html {
  const { delivery } = record;
  const { shell, now, throttles, pauses, identity } = view;
  const state = pageState(delivery, throttles, pauses);
  const isDone = delivery.state === 'delivered';
  return html`<li id="delivery-${delivery.id}"><div class="row">${deliveryBadge(state)}<span class="what">${
    delivery.message === null ? delivery.target : messageWords(delivery, delivery.message)
  }</span><span class="small quiet">${delivery.route}</span><span class="small quiet">${age(delivery.createdAt, now)}</span></div>
${isDone ? '' : html`<p class="todo">${richText(advice(delivery, state), view.githubUrl)}</p>`}
<details><summary>${isDone ? (record.attempts.at(-1)?.detail ?? 'How it was sent') : 'What happened'}</summary><div class="stack"><ol class="timeline">${timeline(record, view)}</ol>
<p class="small quiet">Delivery <code>${delivery.id}</code></p>
${requestPart(delivery)}${identity.role === 'admin' && isDone ? deliveryForms(shell, delivery, `/events/${delivery.eventId}`) : ''}</div></details>
${identity.role === 'admin' && !isDone ? deliveryForms(shell, delivery, `/events/${delivery.eventId}`) : ''}</li>`;
}

function requestPart({ request }: DeliveryView): Html {
  return request === null ? html`` : html`<details><summary>The request</summary><pre>${JSON.stringify(request, null, 2)}</pre></details>`;
}

/** Everything that happened to it, oldest first. */
function timeline({ delivery, attempts, notes }: DeliveryRecord, { githubUrl }: PartView): Html[] {
  const steps = [
    { at: delivery.createdAt, html: html`<li><span>Accepted</span><span class="small quiet">${moment(delivery.createdAt)}</span></li>` },
    ...attempts.map((attempt) => ({ at: attempt.startedAt, html: attemptStep(attempt, githubUrl) })),
    ...notes.map(({ at, text }) => ({
      at,
      html: html`<li><span>${richText(text, githubUrl)}</span><span class="small quiet">${moment(at)}</span></li>`,
    })),
  ];
  return steps.toSorted((a, b) => a.at - b.at).map((step) => step.html);
}

const OUTCOMES: Readonly<Record<Attempt['outcome'], readonly [string, 'good' | 'bad' | 'wait']>> = {
  delivered: ['Delivered', 'good'],
  found: ['Not sent again: an earlier attempt had arrived', 'good'],
  refused: ['Refused', 'bad'],
  limited: ['Held back by a rate limit', 'wait'],
  failed: ['Failed', 'bad'],
  ambiguous: ['No answer: whether it arrived is looked up', 'wait'],
  restored: ['Whether it was sent since then is looked up', 'wait'],
};

function attemptStep({ outcome, startedAt, durationMs, status, detail }: Attempt, githubUrl: string): Html {
  const [words, tone] = OUTCOMES[outcome];
  return html`<li class="${tone}"><span>${words}${status === null ? '' : ` (${status})`}</span>${
    detail === '' || detail === outcome ? '' : html`<span>${richText(detail, githubUrl)}</span>`
  }<span class="small quiet">${moment(startedAt)}${durationMs === 0 || outcome === 'restored' ? '' : `, took ${durationMs} ms`}</span></li>`;
}

function runWords({ url, id, status, conclusion, attempt, startedAt, endedAt, isGivenUp }: RunView, { githubUrl }: PartView): Html {
  const words = { in_progress: 'in progress', expected: 'not seen yet', missing: 'did not appear', unknown: 'may not be read' } as const;
  const state = conclusion ?? (status in words ? words[status as keyof typeof words] : status);
  const tone: Tone = conclusion === 'success' ? 'good' : conclusion === null ? 'busy' : 'bad';
  const took = startedAt === null || endedAt === null ? '' : `, took ${durationWords(endedAt - startedAt)}`;
  // Only a page of the GitHub that we send to.
  const isLink = url?.startsWith(`${githubUrl}/`) === true;
  return html`${isLink ? html`<a href="${url}" rel="noreferrer">Run ${id ?? ''}</a>` : html`${url ?? (id === null ? '' : `Run ${id}`)}`} ${badge(state, tone)}${attempt > 1 ? ` attempt ${attempt}` : ''}${took}${isGivenUp === true ? ', not followed any more' : ''}`;
}

/** Slack opens a channel by its id (Slack documentation, "Deep linking"). */
function messageWords({ target }: DeliveryView, { channel }: PostedMessage): Html {
  const name = target.replace(/^slack(?:_update)?:/, '');
  return /^[CDG][A-Z0-9]{5,}$/.test(channel)
    ? html`<a href="https://slack.com/app_redirect?channel=${channel}" rel="noreferrer">${name}</a>`
    : html`${name}`;
}
