import { Hono } from 'hono';
import type { RequestVariables } from '../http/request-log.ts';
import type { Logger } from '../log/log.ts';
import { cleanReason } from '../reason.ts';
import type { PauseScope, PauseStore } from '../store/pause.ts';
import type { DeliveryAdmin } from '../store/store.ts';
import { badRequest, logChange, readAs } from './api-parts.ts';
import { readPauseBody } from './change-requests.ts';
import { nameProblem } from './person-name.ts';
import { pauseProblem, STILL_TO_SEND } from './route-to-pause.ts';

export interface PausesApiOptions {
  readonly store: PauseStore & Pick<DeliveryAdmin, 'deliveries'>;
  /** Those of the config in use. */
  readonly routes: () => readonly { readonly name: string }[];
  readonly now: () => number;
  readonly wake: () => void;
  readonly log: Logger;
}

/** `/pauses` of the admin API: what is paused; pausing and resuming. Behind the API's guard. */
export function pausesApi({ store, routes, now, wake, log }: PausesApiOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/', async (c) => c.json({ pauses: await store.pauses() }));
  app.post('/', async (c) => {
    const body = await readAs(c, readPauseBody);
    if (body instanceof Response) return body;
    const by = body.by?.trim();
    const wrong = by === undefined ? NO_NAME : nameProblem(by);
    if (by === undefined || wrong !== undefined)
      return badRequest(c, { detail: `by: ${wrong}`, errors: [{ detail: wrong ?? NO_NAME, pointer: '#/by' }] });
    const paused: PauseScope = body.scope;
    const reason = cleanReason(body.reason ?? '') ?? null;
    if (body.do === 'pause' && paused.kind === 'route') {
      const { name } = paused;
      const waits = async () => (await store.deliveries({ states: STILL_TO_SEND, route: name, limit: 1 })).length > 0;
      const unknown = await pauseProblem(
        name,
        routes().map((route) => route.name),
        waits,
      );
      if (unknown !== undefined)
        return badRequest(c, { detail: `scope.name: ${unknown}`, errors: [{ detail: unknown, pointer: '#/scope/name' }] });
    }
    const isDone =
      body.do === 'pause' ? await store.pause({ scope: paused, by, at: now(), reason }) : await store.resume(paused, by, now());
    if (isDone) {
      wake();
      const what = paused.kind === 'everything' ? paused.kind : `${paused.kind} ${paused.name}`;
      logChange(c, `${body.do} ${what}`, by);
      log.info({ by, what, ...(reason === null ? {} : { reason }) }, body.do === 'pause' ? 'paused' : 'resumed');
    }
    return c.json({ changed: isDone });
  });
  return app;
}

/** Whoever shares a token says who it is. */
const NO_NAME = 'is missing: say who it is, such as {"by": "ada"}; the admin token alone is no name';
