import type { JsonValue } from '../../../src/lib/json.ts';
import { isDispatch, type TargetRequest } from '../../../src/route/target.ts';
import { describeRequest } from '../../github/wire-request.ts';
import type { SlackMessage } from '../../slack/message.ts';
import type { NewDelivery, NewEvent, RouteFiring } from '../../store/delivery.ts';
import { readableLines } from '../slack-preview.ts';
import { badge } from './badge.ts';
import { type Html, html } from './html.ts';

export interface PlannedView {
  readonly githubApiUrl: string;
  /** By channel. */
  readonly messages: ReadonlyMap<string, SlackMessage>;
  /** What W&B's API knows is in the requests already; else it is added before they are sent. */
  readonly hasWandb?: boolean;
}

/** A longer request is cut on the page. Characters. */
const MOST_SHOWN = 50_000;

/** Everything that an event would send, route by route, as it would leave. */
export function plannedPart({ firings }: Pick<NewEvent, 'firings'>, view: PlannedView): Html {
  const count = firings.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
  return html`<section class="card" aria-labelledby="planned"><header><h2 id="planned">What would leave</h2><span class="quiet small">${
    count === 1 ? '1 request' : `${count} requests`
  }; ids are made up</span></header>${
    count === 0
      ? html`<div class="body"><p>Nothing: no route matches.</p></div>`
      : html`<ul class="list">${firings.map((firing) => firing.deliveries.map((delivery) => plannedItem(firing, delivery, view)))}</ul>`
  }</section>`;
}

function plannedItem({ route, approval }: RouteFiring, delivery: NewDelivery, view: PlannedView): Html {
  const { target, state, reason, request } = delivery;
  return html`<li class="planned">
<div class="row"><span class="what">${target}</span>${
    state === 'dead' ? badge('not sent', 'bad') : state === 'held' ? badge('awaiting approval', 'wait') : badge('sent at once', 'busy')
  }<span class="quiet small">route ${route}</span></div>
${state === 'held' ? html`<p class="small">Somebody must approve it first${approval === undefined ? '' : html`, in ${approval.channel}`}.</p>` : ''}
${state === 'dead' ? html`<p class="notice bad">${reason ?? 'The request cannot be built.'}</p>` : ''}
${delivery.template !== undefined && view.hasWandb !== true ? html`<p class="small quiet">What W&amp;B’s API knows (<code>event.wandb</code>) is added before it is sent.</p>` : ''}
${delivery.approvalTemplate === undefined ? '' : html`<p class="small quiet">Who approved it (<code>event.approval</code>) is added then.</p>`}
${request === null ? '' : requestPart(request, view)}</li>`;
}

function requestPart(request: TargetRequest, { githubApiUrl, messages }: PlannedView): Html {
  if (isDispatch(request)) {
    const { method, url, body } = describeRequest(request, githubApiUrl);
    return html`<p><code>${method} ${url}</code></p><pre tabindex="0">${json(body)}</pre>`;
  }
  if (request.kind !== 'slack') return html`<pre tabindex="0">${json(request)}</pre>`;
  const message = messages.get(request.channel);
  if (message === undefined) return html`<pre tabindex="0">${json(request)}</pre>`;
  return html`<p><code>POST https://slack.com/api/chat.postMessage</code> <span class="quiet small">channel ${request.channel}</span></p>
<div class="message"><p class="small quiet">${message.text}</p>${readableLines(message.blocks).map((line) => html`<p>${line}</p>`)}</div>
<details><summary>As JSON</summary><pre tabindex="0">${json({ channel: request.channel, ...message })}</pre></details>`;
}

function json(value: JsonValue | object): string {
  const text = JSON.stringify(value, null, 2);
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}\n… ${text.length - MOST_SHOWN} more characters`;
}
