import { Hono } from 'hono';
import { compileRoute } from '../../../src/route/route.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { Pause, PauseScope } from '../../store/pause.ts';
import { empty } from '../components/empty.ts';
import { type Html, html } from '../components/html.ts';
import { age, moment } from '../components/time.ts';
import { identityOf } from '../guard.ts';
import type { Identity } from '../identity.ts';
import { nameField, notDone, personOf, reasonIn } from './forms.ts';
import { doneQuery, noticeOf } from './notice.ts';
import { answerPage, linkTo, type Shell } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { scopeWords } from './pause-banners.ts';
import { formOf } from './sign-in.ts';

const PAGE = '/pauses';

/** `/pauses`: what is not sent until somebody resumes it. */
export function pausesPage(options: PageOptions): Hono<RequestVariables> {
  const { store, now, shell: shellOf, wake } = options;
  const app = new Hono<RequestVariables>();
  app.get(PAGE, async (c) => {
    const [shell, pauses] = await Promise.all([shellOf(), store.pauses()]);
    const identity = identityOf(c);
    return answerPage(c, shell, {
      title: 'Pauses',
      lead: 'What is paused is not sent until somebody resumes it. Events are still accepted and stored, and leave in their order then.',
      body: html`${noticeOf(c)}
<section class="card${pauses.length > 0 ? ' wait' : ''}" aria-labelledby="paused"><header><h2 id="paused">Paused now</h2></header>${
        pauses.length === 0
          ? empty('Nothing is paused', 'Everything is sent as it comes.')
          : html`<ul class="list">${pauses.map((pause) => pauseRow(pause, shell, identity, now()))}</ul>`
      }</section>
${identity.role === 'admin' ? pauseForm(shell, identity, choicesOf(options, pauses)) : ''}`,
    });
  });
  for (const what of ['pause', 'resume'] as const) {
    app.post(`${PAGE}/${what}`, async (c) => {
      const fields = await formOf(c);
      if (fields instanceof Response) return fields;
      const shell = await shellOf();
      const scope = scopeIn(fields.get('what') ?? '');
      if (scope === undefined) return notDone(c, shell, { why: 'Say what: everything, a route or a credential.', next: PAGE }, 400);
      const person = personOf(identityOf(c), fields, 'change');
      if ('problem' in person) return notDone(c, shell, { why: person.problem, next: PAGE }, 400);
      const isDone =
        what === 'pause'
          ? await store.pause({ scope, by: person.name, at: now(), reason: reasonIn(fields) ?? null })
          : await store.resume(scope, person.name, now());
      const why = `${scopeWords(scope)} is ${what === 'pause' ? 'paused already' : 'not paused any more'}.`;
      if (!isDone) return notDone(c, shell, { why, next: PAGE }, 409);
      wake();
      options.log.info({ by: person.name, what: scopeWords(scope) }, what === 'pause' ? 'paused' : 'resumed');
      return c.redirect(linkTo(shell, PAGE, doneQuery(what, 1, 0)), 303);
    });
  }
  return app;
}

function pauseRow({ scope, by, at, reason }: Pause, shell: Shell, identity: Identity, now: number): Html {
  return html`<li><div class="row"><span class="what">${scopeWords(scope)}</span><span class="quiet small">${age(at, now)}</span></div>
<p class="small quiet">Paused by ${by}, ${moment(at)}${reason === null ? '' : html`: ${reason}`}</p>${
    identity.role === 'admin'
      ? html`<form class="bar" method="post" action="${linkTo(shell, `${PAGE}/resume`)}"><input type="hidden" name="what" value="${scopeText(scope)}">${nameField(identity, false)}<button class="main">Resume</button></form>`
      : ''
  }</li>`;
}

function pauseForm(shell: Shell, identity: Identity, { routes, credentials, isAllPaused }: Choices): Html {
  const options = (kind: 'route' | 'credential', names: readonly string[]): Html =>
    names.length === 0
      ? html``
      : html`<optgroup label="${kind === 'route' ? 'A route' : 'A credential'}">${names.map(
          (name) => html`<option value="${scopeText({ kind, name })}">${kind} ${name}</option>`,
        )}</optgroup>`;
  if (isAllPaused && routes.length === 0 && credentials.length === 0) return html``;
  return html`<section class="card" aria-labelledby="pause"><header><h2 id="pause">Pause</h2></header><div class="body">
<form class="bar" method="post" action="${linkTo(shell, `${PAGE}/pause`)}">
<label>What<select name="what">${isAllPaused ? '' : html`<option value="everything">everything</option>`}${options('route', routes)}${options('credential', credentials)}</select></label>
<label class="wide">Reason<input name="reason" maxlength="500" autocomplete="off"></label>${nameField(identity, false)}
<button class="main">Pause</button></form>
<p class="quiet small">Everything, or a route: nothing is dispatched, but messages in Slack go on and say so. A credential: nothing that uses it is sent, messages of a Slack channel included.</p>
</div></section>`;
}

interface Choices {
  readonly routes: readonly string[];
  readonly credentials: readonly string[];
  readonly isAllPaused: boolean;
}

/** What can be paused and is not: what the config in use names. */
function choicesOf({ config, credentialFor }: PageOptions, pauses: readonly Pause[]): Choices {
  const paused = new Set(pauses.map(({ scope }) => scopeText(scope)));
  const { routes } = config();
  const compiled = routes.map(compileRoute);
  const used = [...new Set(compiled.flatMap(({ targets }) => targets.map(credentialFor)))].toSorted();
  return {
    routes: routes.map(({ name }) => name).filter((name) => !paused.has(scopeText({ kind: 'route', name }))),
    credentials: used.filter((name) => !paused.has(scopeText({ kind: 'credential', name }))),
    isAllPaused: paused.has('everything'),
  };
}

/** A scope as a form has it: `everything`, `route:deploy`. */
export function scopeText(scope: PauseScope): string {
  return scope.kind === 'everything' ? scope.kind : `${scope.kind}:${scope.name}`;
}

export function scopeIn(text: string): PauseScope | undefined {
  if (text === 'everything') return { kind: 'everything' };
  const [, kind, name] = /^(route|credential):(.{1,300})$/s.exec(text) ?? [];
  return (kind === 'route' || kind === 'credential') && name !== undefined ? { kind, name } : undefined;
}
