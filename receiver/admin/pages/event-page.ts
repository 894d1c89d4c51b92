import { Hono } from 'hono';
import { wandbLinks } from '../../../src/event/wandb-links.ts';
import { compileRoute } from '../../../src/route/route.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { ApprovalView } from '../../store/approvals.ts';
import type { Mute } from '../../store/conversations.ts';
import type { DeliveryRecord, EventView } from '../../store/delivery.ts';
import { NOT_ROUTED_YET } from '../api-parts.ts';
import { aliasLink } from '../components/alias-parts.ts';
import { approvalPart } from '../components/approval-part.ts';
import { isMessage } from '../components/delivery-advice.ts';
import { deliveryPart, messagesPart } from '../components/delivery-part.ts';
import { bodyPart, factsPart, routesPart, wandbPart } from '../components/event-parts.ts';
import { eventPlace, eventTitle } from '../components/event-title.ts';
import { type Html, html } from '../components/html.ts';
import { mutePart } from '../components/mute-part.ts';
import { moment } from '../components/time.ts';
import { identityOf } from '../guard.ts';
import { BY_THE_PAGES, nextWith, notDone, personOf } from './forms.ts';
import { doneQuery, noticeOf } from './notice.ts';
import { answerPage, linkTo, type Shell } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { formOf } from './sign-in.ts';

/** An event with more is shown with the first ones. */
const MOST_DELIVERIES = 50;

/** How long a mute lasts, as the form offers it. Hours. */
export const MUTE_HOURS = ['1', '8', '24', '168'] as const;
const HOUR_MS = 3_600_000;

/** `/events/:id`: everything about one event. */
export function eventPage(options: PageOptions): Hono<RequestVariables> {
  const { store, now } = options;
  const app = new Hono<RequestVariables>();
  app.get('/events/:id', async (c) => {
    const shell = await options.shell();
    const event = await store.event(c.req.param('id'));
    if (event === undefined && (await store.isUnrouted(c.req.param('id'))))
      return notDone(c, shell, { title: 'Not routed yet', why: NOT_ROUTED_YET, next: '/' }, 404);
    if (event === undefined) return notDone(c, shell, { title: 'No such event', why: GONE, next: '/' }, 404);
    const found = await readEvent(event, options);
    const [throttles, pauses] = await Promise.all([store.throttles(now()), store.pauses()]);
    const view = {
      shell,
      now: now(),
      identity: identityOf(c),
      throttles,
      pauses,
      githubUrl: options.githubUrl,
      personOf: personIn(options),
    };
    const [messages, dispatches] = [true, false].map((wanted) => found.records.filter(({ delivery }) => isMessage(delivery) === wanted));
    const place = eventPlace(event.event);
    return answerPage(c, shell, {
      title: eventTitle(event.event),
      aside: html`<span class="row small">${aliasLink(event.event, shell)}<a href="${linkTo(shell, '/simulate', { event: event.id })}">Simulate with this event</a><span class="quiet">${moment(event.receivedAt)}</span></span>`,
      lead: [event.event.type, place, event.event.author === undefined ? undefined : `by ${event.event.author}`]
        .filter((part) => part !== undefined)
        .join(' · '),
      body: html`${noticeOf(c)}
${outcomePart(event, shell)}
${rollbackNotice(event, options)}
<div class="split two"><div class="split">
${found.approvals.map((approval) => approvalPart(approval, found.records, view))}
${dispatches?.map((record) => deliveryPart(record, view))}
${messagesPart(messages ?? [], view)}
${found.isCut ? html`<p class="quiet">The first ${MOST_DELIVERIES} deliveries are shown.</p>` : ''}
${routesPart(event, options.config().routes.map(compileRoute))}
${bodyPart(options.redactor.text(event.body))}
</div><div class="split">
${factsPart(event, linksOf(event, options))}
${wandbPart(event)}
${mutePart(event, found.records, found.mutes, view)}
</div></div>`,
    });
  });
  for (const what of ['mute', 'unmute'] as const) {
    app.post(`/events/:id/${what}`, async (c) => {
      const fields = await formOf(c);
      if (fields instanceof Response) return fields;
      const shell = await options.shell();
      const event = await store.event(c.req.param('id'));
      if (event === undefined) return notDone(c, shell, { title: 'No such event', why: GONE, next: '/' }, 404);
      const next = `/events/${event.id}`;
      const person = personOf(identityOf(c), fields, 'change');
      if ('problem' in person) return notDone(c, shell, { why: person.problem, next }, 400);
      const route = fields.get('route') ?? '';
      const hours = MUTE_HOURS.find((one) => one === fields.get('hours'));
      if (route === '' || (what === 'mute' && hours === undefined))
        return notDone(c, shell, { why: 'Choose a route, and for how long.', next }, 400);
      const until = what === 'unmute' ? 0 : now() + Number(hours) * HOUR_MS;
      await store.mute({ route, subjectKey: event.subjectKey, until, by: `${person.name}, ${BY_THE_PAGES}` }, event.id, now());
      options.wake();
      return c.redirect(nextWith(shell, next, doneQuery(what, 1, 0)), 303);
    });
  }
  return app;
}

const GONE = 'There is no such event. Old events are removed once everything about them has ended (RELAY_RETENTION).';

interface FoundEvent {
  readonly records: readonly DeliveryRecord[];
  readonly isCut: boolean;
  readonly approvals: readonly ApprovalView[];
  readonly mutes: readonly Mute[];
}

async function readEvent({ id, subjectKey }: EventView, { store, now }: PageOptions): Promise<FoundEvent> {
  const page = await store.deliveryPage({ eventId: id, order: 'oldest first', limit: MOST_DELIVERIES });
  const records: DeliveryRecord[] = [];
  const approvals: ApprovalView[] = [];
  for (const { id: deliveryId } of page.items) {
    const record = await store.delivery(deliveryId);
    if (record !== undefined) records.push(record);
  }
  for (const route of new Set(records.map(({ delivery }) => delivery.route))) {
    const approval = await store.approval(id, route);
    if (approval !== undefined) approvals.push(approval);
  }
  const mutes = (await store.mutes(now())).filter((mute) => mute.subjectKey === subjectKey);
  return { records, isCut: page.next !== undefined, approvals, mutes };
}

/** A rollback leaves W&B's alias alone. */
function rollbackNotice(stored: EventView, options: PageOptions): Html {
  const { rollback, replaces, alias = 'the alias', author } = stored.event;
  if (rollback !== true) return html``;
  const url = linksOf(stored, options)[0]?.url;
  return html`<p class="notice">A rollback${author === undefined ? '' : html` that ${author} asked for`}. In W&amp;B ${alias} stays ${replaces === undefined ? 'where it is' : `on ${replaces.version}`}${url === undefined ? '.' : html`: <a href="${url}" rel="noreferrer">move it there</a> if it should follow.`}</p>`;
}

function personIn({ config }: PageOptions): (slackId: string) => string {
  const { slackUsers } = config().settings;
  const names = new Map(Object.entries(slackUsers).map(([name, id]) => [id, name]));
  return (slackId) => names.get(slackId) ?? slackId;
}

function linksOf({ event, wandb }: EventView, { wandbAppUrl, config }: PageOptions): ReturnType<typeof wandbLinks> {
  return wandbLinks(event, wandb, { url: wandbAppUrl, organization: config().organization });
}

function outcomePart({ outcome, duplicateOf }: EventView, shell: Shell): Html {
  switch (outcome) {
    case 'unmatched':
      return html`<p class="notice">No route matched when it came, so nothing was sent. See below what each route of today asks for.</p>`;
    case 'cooldown':
      return html`<p class="notice">Every route that matched had fired for this subject too recently (cooldown), so nothing was sent.</p>`;
    case 'duplicate':
      return html`<p class="notice">A duplicate: the same body came shortly before, so nothing was sent.${
        duplicateOf === null ? '' : html` <a href="${linkTo(shell, `/events/${duplicateOf}`)}">See the first one</a>`
      }</p>`;
    case 'routed':
      return html``;
  }
}
