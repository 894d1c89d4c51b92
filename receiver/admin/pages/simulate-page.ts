import { Hono } from 'hono';
import { DEFAULT_SOURCE, DIGEST, type RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { wandbLinks } from '../../../src/event/wandb-links.ts';
import { digest } from '../../../src/lib/digest.ts';
import { type JsonValue, parseExactJson } from '../../../src/lib/json.ts';
import { compileRoute } from '../../../src/route/route.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { NewEvent } from '../../store/delivery.ts';
import { simulatePlan, understandToSimulate } from '../../webhook/simulate.ts';
import { isSourceName } from '../../webhook/source-name.ts';
import type { AdminContext } from '../access.ts';
import { aliasLink } from '../components/alias-parts.ts';
import { factsPart, routesPart } from '../components/event-parts.ts';
import { eventTitle } from '../components/event-title.ts';
import { type Html, html } from '../components/html.ts';
import { plannedPart } from '../components/planned-part.ts';
import { SAMPLE_TYPES, sampleBody } from '../sample-body.ts';
import { previewMessages } from '../slack-preview.ts';
import { answerPage, linkTo, type Shell, sourceField } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { messageContext } from './rollback-page.ts';
import { formOf } from './sign-in.ts';

/** So many of the latest events are offered. */
const RECENT = 20;
/** A body in a form has up to three characters for each of its own. */
const ENCODED = 3;
const FIELDS_BYTES = 4_096;

/** What the form shows, and what came of it. */
interface Simulation {
  readonly body: string;
  readonly source: string;
  readonly result?: Html;
  readonly problem?: string;
  readonly type?: string | undefined;
  readonly eventId?: string;
}

/**
 * `/simulate`: what an event would start, and why not. Nothing is sent and nothing is stored, so whoever reads may do it. It is a
 * POST all the same, because bodies are too long for an address.
 */
export function simulatePage(options: PageOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/simulate', async (c) => {
    const shell = await options.shell();
    const [eventId, type] = [c.req.query('event') ?? '', c.req.query('type') ?? ''];
    const simulation = eventId === '' ? await ofType(type, shell, options) : await ofEvent(eventId, shell, options);
    return show(c, simulation, shell, options, eventId !== '' && simulation.eventId === undefined ? 404 : 200);
  });
  app.post('/simulate', (c) => simulate(c, options));
  return app;
}

async function simulate(c: AdminContext, options: PageOptions): Promise<Response> {
  const { maxBodyBytes } = options.config().settings;
  const fields = await formOf(c, { maxBytes: maxBodyBytes * ENCODED + FIELDS_BYTES, from: 'settings.max_body_bytes' });
  const shell = await options.shell();
  const tooLarge = `The body is larger than a webhook may be: at most ${maxBodyBytes.toLocaleString('en')} bytes (settings.max_body_bytes).`;
  if (fields instanceof Response) {
    if (fields.status !== 413) return fields;
    return show(c, { body: '', source: DEFAULT_SOURCE, problem: tooLarge }, shell, options, 413);
  }
  // Forms end lines with CR LF (HTML, "Form submission").
  const body = (fields.get('body') ?? '').replaceAll('\r\n', '\n');
  const source = shell.source ?? (options.redactor.text((fields.get('source_name') ?? '').trim()) || DEFAULT_SOURCE);
  const given = { body: options.redactor.text(body), source };
  if (Buffer.byteLength(body) > maxBodyBytes) return show(c, { ...given, body: '', problem: tooLarge }, shell, options, 413);
  if (!isSourceName(source)) {
    const problem = 'The name of a source has lower-case letters, digits and - only.';
    return show(c, { ...given, problem }, shell, options, 400);
  }
  if (body.trim() === '') return show(c, { ...given, problem: 'There is no body: paste one, or use an example.' }, shell, options, 400);
  const read = await ofBody(body, source, shell, options);
  return show(c, read, shell, options, read.problem === undefined ? 200 : 400);
}

async function ofBody(text: string, source: string, shell: Shell, options: PageOptions): Promise<Simulation> {
  const { redactor, store } = options;
  const parsed = parseExactJson(text);
  if (!parsed.ok) return { body: redactor.text(text), source, problem: `The body is not the JSON that was expected: ${parsed.error}.` };
  const { value: payload, text: body } = redactor.document(parsed.value, text);
  const understood = understandToSimulate(payload, source);
  if (understood.kind === 'ping') {
    const result = html`<p class="notice" id="result">The Test button of W&amp;B sends this. The receiver answers 200 and starts nothing.</p>`;
    return { body, source, result };
  }
  const { event } = understood;
  const promotion = promotionOf(event);
  const [holder] = promotion === undefined ? [] : await store.aliasHistory(digest(promotion.aliasKey), 1);
  return { body, source, result: await resultOf({ event, payload, body }, shell, options, holder) };
}

async function ofType(given: string, shell: Shell, options: PageOptions): Promise<Simulation> {
  const type = SAMPLE_TYPES.find((one) => one === given);
  const source = shell.source ?? DEFAULT_SOURCE;
  if (type === undefined) return { body: '', source };
  return { ...(await ofBody(JSON.stringify(sampleBody(type), null, 2), source, shell, options)), type };
}

/** A stored event as it was understood when it came, with what W&B's API has said about it since. */
async function ofEvent(id: string, shell: Shell, options: PageOptions): Promise<Simulation> {
  const found = await options.store.event(id);
  const source = shell.source ?? DEFAULT_SOURCE;
  if (found === undefined)
    return { body: '', source, problem: 'There is no such event any more. Old events are removed once everything about them has ended.' };
  const parsed = parseExactJson(found.body);
  const { value: payload, text: body } = options.redactor.document(parsed.ok ? parsed.value : null, found.body);
  const { wandb, event } = found;
  if (event.type === DIGEST) {
    const result = html`<p class="notice" id="result">The relay made this event itself, for a digest. No route is asked about it.</p>`;
    return { body: prettyBody(body), source: event.source, result, eventId: found.id };
  }
  const known = wandb === undefined || wandb === null ? event : { ...event, wandb };
  const result = await resultOf({ event: known, payload, body, wandb }, shell, options);
  return { body: prettyBody(body), source: event.source, result, eventId: found.id };
}

function prettyBody(body: string): string {
  const parsed = parseExactJson(body);
  return parsed.ok ? JSON.stringify(parsed.value, null, 2) : body;
}

interface Read {
  readonly event: RelayEvent;
  readonly payload: JsonValue;
  readonly body: string;
  readonly wandb?: NonNullable<Parameters<typeof previewMessages>[1]> | null | undefined;
}

async function resultOf(
  { event, payload, body, wandb }: Read,
  shell: Shell,
  options: PageOptions,
  holder?: Parameters<typeof simulatePlan>[2],
): Promise<Html> {
  const { config, plan, now, githubApiUrl, sandbox } = options;
  const routes = config().routes.map(compileRoute);
  const planned = simulatePlan({ event, payload, body, bodyHash: digest(body), receivedAt: now() }, plan, holder);
  const messages = await previewMessages(planned, wandb, messageContext(options));
  const view = { id: 'none: nothing is stored', event: planned.event, subjectKey: planned.subjectKey };
  const matching = planned.firings.length;
  const hasWandb = wandb !== undefined && wandb !== null;
  return html`<p class="notice${matching === 0 ? '' : ' good'}" id="result" role="status">${eventTitle(planned.event)}: ${countWords(matching, routes.length)} Nothing was sent, and nothing was stored.${holder === undefined ? '' : html` ${aliasLink(planned.event, shell)}`}</p>
${notesPart(planned, sandbox, plan.connected.slack)}
${factsPart(view, wandbLinks(planned.event, wandb, { url: options.wandbAppUrl, organization: config().organization }))}
${routesPart({ event, body }, routes)}
${plannedPart(planned, { githubApiUrl, messages, hasWandb })}`;
}

function countWords(matching: number, all: number): string {
  if (all === 0) return 'the config has no routes.';
  return `${matching} of ${all} ${all === 1 ? 'route' : 'routes'} ${matching === 1 ? 'matches' : 'match'}.`;
}

function notesPart({ firings }: NewEvent, sandbox: boolean, hasSlack: boolean): Html {
  const deliveries = firings.flatMap((firing) => firing.deliveries);
  const notes = [
    ...(firings.some(({ cooldownMs }) => cooldownMs > 0) ? ['A route here has a cooldown: whether it is in one is not looked at.'] : []),
    ...(deliveries.some(({ conversation }) => conversation !== undefined) && !hasSlack && !sandbox
      ? ['Slack is not connected here, so messages would fail: set SLACK_BOT_TOKEN.']
      : []),
  ];
  return html`${notes.map((note) => html`<p class="notice">${note}</p>`)}`;
}

async function show(
  c: AdminContext,
  simulation: Simulation,
  shell: Shell,
  options: PageOptions,
  status: 200 | 400 | 404 | 413,
): Promise<Response> {
  const { items } = await options.store.eventPage({ limit: RECENT });
  return answerPage(
    c,
    shell,
    {
      title: 'Simulate',
      lead: 'What an event would start, and why not. Nothing is sent, and nothing is stored.',
      body: html`<div class="split two">${bodyForm(simulation, shell)}${startPart(simulation, items, shell)}</div>
${simulation.result ?? ''}`,
    },
    status,
  );
}

function bodyForm({ body, source, problem }: Simulation, shell: Shell): Html {
  return html`<section class="card" aria-labelledby="body-form"><header><h2 id="body-form">The body</h2><span class="quiet small">As W&amp;B sends it to <code>${shell.basePath}/webhooks/wandb</code></span></header><div class="body">
${problem === undefined ? '' : html`<p class="notice bad" role="alert" id="problem">${problem}</p>`}
<form method="post" action="${linkTo(shell, '/simulate')}#result" class="stack">
<label>JSON<textarea name="body" rows="14" spellcheck="false" required${problem === undefined ? '' : html` aria-describedby="problem"`} placeholder='{"event": "add_artifact_alias", "artifact_collection_name": "resnet50", "alias": "production"}'>${body}</textarea></label>
<div class="bar-end">${shell.source === undefined ? html`<label>Source<input name="source_name" value="${source}" autocomplete="off" spellcheck="false"></label>` : ''}<button class="main">Simulate</button></div></form></div></section>`;
}

/** What to begin with, where there is no body at hand. */
function startPart({ type, eventId }: Simulation, recent: readonly RecentEvent[], shell: Shell): Html {
  const source = sourceField(shell);
  return html`<section class="card" aria-labelledby="start"><header><h2 id="start">Begin with</h2></header><div class="body">
<form class="stack" method="get" action="${linkTo(shell, '/simulate')}">${source}<label>An example<select name="type">${SAMPLE_TYPES.map(
    (one) => html`<option${one === type ? html` selected` : ''}>${one}</option>`,
  )}</select></label><button>Use the example</button></form>
${
  recent.length === 0
    ? html`<p class="quiet small">No event has come yet. As soon as one has, it can be simulated here with the routes of today.</p>`
    : html`<form class="stack" method="get" action="${linkTo(shell, '/simulate')}">${source}<label>An event that came<select name="event">${recent.map(
        ({ id, event, receivedAt }) =>
          html`<option value="${id}"${id === eventId ? html` selected` : ''}>${shortTitle(event)} (${new Date(receivedAt).toISOString().slice(5, 16).replace('T', ' ')} UTC)</option>`,
      )}</select></label><button>Use the event</button></form>`
}</div></section>`;
}

interface RecentEvent {
  readonly id: string;
  readonly event: RelayEvent;
  readonly receivedAt: number;
}

function shortTitle(event: RelayEvent): string {
  const title = [...eventTitle(event)];
  return title.length <= 60 ? title.join('') : `${title.slice(0, 59).join('')}…`;
}
