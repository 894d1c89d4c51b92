import { Hono } from 'hono';
import type { RequestVariables } from '../../http/request-log.ts';
import { cleanReason } from '../../reason.ts';
import { type PlannedRollback, type SeenStanding, standingOf } from '../../webhook/roll-back.ts';
import type { AdminContext } from '../access.ts';
import { type Html, html } from '../components/html.ts';
import { plannedPart } from '../components/planned-part.ts';
import { identityOf } from '../guard.ts';
import { previewMessages } from '../slack-preview.ts';
import { BY_THE_PAGES, nameField, notDone, personOf, reasonIn } from './forms.ts';
import { doneQuery } from './notice.ts';
import { answerPage, linkTo, type Shell } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { formOf } from './sign-in.ts';

/** The last rows of an alias: enough to know how it stands. */
const STEPS = 100;

/** `/models/rollback`: what a rollback would send, the question whether to do it, and doing it. */
export function rollbackPage(options: PageOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/models/rollback', (c) => ask(c, options));
  app.post('/models/rollback', (c) => rollBack(c, options));
  return app;
}

const NOT_HERE = 'This receiver cannot roll back.';

/** The names that lead back to the history, and the version. */
interface Wanted {
  readonly key: string;
  readonly to: string;
  readonly next: string;
}

function wantedOf(given: URLSearchParams): Wanted {
  const text = (name: string): string => (given.get(name) ?? '').slice(0, 1_500);
  const names = new URLSearchParams({ collection: text('collection'), alias: text('alias'), key: text('key') });
  return { key: text('key'), to: text('to'), next: `/models/history?${names}` };
}

async function ask(c: AdminContext, options: PageOptions): Promise<Response> {
  const { store, planRollback } = options;
  const shell = await options.shell();
  const given = new URL(c.req.url).searchParams;
  const { key, to, next } = wantedOf(given);
  const identity = identityOf(c);
  if (identity.role !== 'admin')
    return notDone(c, shell, { title: 'Roll back', why: 'You may only read. Ask an admin of this receiver to do it.', next }, 403);
  if (planRollback === undefined) return notDone(c, shell, { title: 'Roll back', why: NOT_HERE, next }, 404);
  const history = await store.aliasHistory(key, STEPS);
  const plan = await planRollback({ aliasKey: key, to, by: identity.name });
  if (!plan.ok) return notDone(c, shell, { title: 'It cannot be rolled back', why: plan.error, next }, history.length === 0 ? 404 : 409);
  const messages = await previewMessages(plan.value.planned, null, messageContext(options));
  return answerPage(c, shell, {
    title: `Roll back to ${plan.value.version}?`,
    lead: `${plan.value.planned.event.collection ?? ''} → ${plan.value.planned.event.alias ?? ''}`,
    body: html`${confirmPart(c, shell, { plan: plan.value, given, seen: standingOf(history), next })}
${plannedPart(plan.value.planned, { githubApiUrl: options.githubApiUrl, messages })}`,
  });
}

/** What messages are written with. */
export function messageContext({ wandbAppUrl, config, githubUrl, now }: PageOptions): Parameters<typeof previewMessages>[2] {
  const { organization, settings } = config();
  return { wandbAppUrl, wandbOrganization: organization, githubUrl, now: now(), slackUsers: settings.slackUsers };
}

interface Question {
  readonly plan: PlannedRollback;
  readonly given: URLSearchParams;
  readonly seen: SeenStanding;
  readonly next: string;
}

function confirmPart(c: AdminContext, shell: Shell, { plan, given, seen, next }: Question): Html {
  const { version, holder, planned, link } = plan;
  const dispatches = planned.firings.flatMap(({ deliveries }) => deliveries).filter(({ conversation }) => conversation === undefined);
  const isHeld = dispatches.some(({ state }) => state === 'held');
  const hidden = {
    collection: given.get('collection') ?? '',
    alias: given.get('alias') ?? '',
    key: given.get('key') ?? '',
    to: version,
    seen: JSON.stringify(seen),
  };
  return html`<section class="card" aria-labelledby="sure"><header><h2 id="sure">This is what happens</h2></header><div class="body">
<p>${version} is deployed again: ${dispatches.length === 1 ? 'one dispatch' : `${dispatches.length} dispatches`} of ${routeWords(planned.firings.map(({ route }) => route))}, as below.${isHeld ? ' Somebody must approve it first.' : ''} A rollback is no duplicate, and no cooldown stops it.</p>
<p>The alias in W&amp;B stays on ${holder.version ?? 'no version'}${holder.version === version ? '.' : html`; move it ${link === undefined ? 'there' : html`<a href="${link.url}" rel="noreferrer">there</a>`} if it should follow.`}</p>
<form class="bar" method="post" action="${linkTo(shell, '/models/rollback')}">${Object.entries(hidden).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<label class="grow">Reason<input name="reason" maxlength="500" autocomplete="off" value="${cleanReason(given.get('reason') ?? '') ?? ''}"></label>${nameField(identityOf(c), true)}
<button class="main">Roll back to ${version}</button><a class="button" href="${backLink(shell, next)}">Do nothing</a></form></div></section>`;
}

function backLink(shell: Shell, next: string): string {
  const [path = '/', query = ''] = next.split('?', 2);
  return linkTo(shell, path, Object.fromEntries(new URLSearchParams(query)));
}

function routeWords(names: readonly string[]): string {
  const all = [...new Set(names)];
  return `${all.length === 1 ? 'route' : 'routes'} ${all.join(', ')}`;
}

async function rollBack(c: AdminContext, options: PageOptions): Promise<Response> {
  const fields = await formOf(c, FORM_LIMIT);
  if (fields instanceof Response) return fields;
  const shell = await options.shell();
  const { key, to, next } = wantedOf(fields);
  const notRolledBack = (why: string, status: 400 | 404 | 409) => notDone(c, shell, { title: 'Not rolled back', why, next }, status);
  if (options.rollBack === undefined) return notRolledBack(NOT_HERE, 404);
  const person = personOf(identityOf(c), fields, 'decision');
  if ('problem' in person) return notRolledBack(person.problem, 400);
  const seen = readSeen(fields.get('seen'));
  if (key === '' || to === '' || seen === undefined)
    return notRolledBack('The form does not say what is to be rolled back: begin with the history of the alias.', 400);
  const reason = reasonIn(fields);
  const result = await options.rollBack({
    aliasKey: key,
    to,
    by: person.name,
    where: BY_THE_PAGES,
    seen,
    ...(reason === undefined ? {} : { reason }),
  });
  if (!result.ok) return notRolledBack(result.error, 409);
  options.wake();
  c.get('logFields').result = `rollback by ${person.name}`;
  return c.redirect(linkTo(shell, `/events/${result.value.eventId}`, doneQuery('rollback', 1, 0)), 303);
}

/** Names of collections may be long, and are written with %. */
const FORM_LIMIT = { maxBytes: 32_768, from: 'a limit of this receiver' } as const;

/** How things stood when the form was made, as `confirmPart` writes it. */
function readSeen(text: string | null): SeenStanding | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null) return undefined;
    const { version, since, deployedAt } = value as Readonly<Record<string, unknown>>;
    const isKnown = (version === null || typeof version === 'string') && typeof since === 'number';
    return isKnown && (deployedAt === null || typeof deployedAt === 'number') ? { version, since, deployedAt } : undefined;
  } catch {
    return undefined;
  }
}
