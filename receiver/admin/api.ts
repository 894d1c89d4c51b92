import { type Context, Hono } from 'hono';
import { checkBearer } from '../../src/lib/signature.ts';
import { problem } from '../http/problem.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { verifiedOf } from '../http/verified.ts';
import type { Runtime } from '../runtime.ts';
import { DELIVERY_STATES, type DeliveryState } from '../store/delivery.ts';
import type { ChangeResult, DeliveryAdmin } from '../store/store.ts';

export interface AdminOptions extends Pick<Runtime, 'now'> {
  readonly store: DeliveryAdmin;
  readonly token: string;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
}

const PAGE = 100;

/** The answer to everybody who does not hold the admin token. */
export function refuseStranger(c: Context<RequestVariables>, token: string): Response | undefined {
  const failure = checkBearer(c.req.header('authorization'), [token]);
  if (failure === undefined) return undefined;
  c.get('logFields').reason = `refused: the admin token is ${failure === 'missing' ? 'missing' : 'wrong'}`;
  return problem(c, { status: 401, title: 'Unauthorized' });
}

/** What the CLI can do on the machine itself, over HTTP for those who hold RELAY_ADMIN_TOKEN. */
export function adminApi({ store, token, wake, now }: AdminOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.use(async (c, next) => (verifiedOf(c) === undefined ? refuseStranger(c, token) : undefined) ?? next());
  app.get('/status', async (c) => c.json({ ...(await store.counts()), holdBacks: await store.throttles(now()) }));
  app.get('/deliveries', async (c) => {
    const states = c.req.queries('state') ?? [];
    const unknown = states.find((state) => !(DELIVERY_STATES as readonly string[]).includes(state));
    if (unknown !== undefined) {
      return problem(c, { status: 400, title: 'Bad Request', detail: `state: "${unknown}" is none of ${DELIVERY_STATES.join(', ')}.` });
    }
    const filter = states.length === 0 ? { limit: PAGE } : { states: states as DeliveryState[], limit: PAGE };
    return c.json({ deliveries: await store.deliveries(filter) });
  });
  app.get('/deliveries/:id', async (c) => {
    const found = await store.delivery(c.req.param('id'));
    return found === undefined ? problem(c, { status: 404, title: 'Not Found', detail: 'There is no such delivery.' }) : c.json(found);
  });
  app.get('/events', async (c) => c.json({ events: await store.events({ limit: PAGE }) }));
  app.get('/rejected', async (c) => c.json({ rejected: await store.rejected(PAGE) }));

  const answer = (c: Context, [result]: ChangeResult[]): Response => {
    if (result === undefined || !result.done)
      return problem(c, { status: 400, title: 'Bad Request', detail: result?.why ?? 'nothing to change' });
    wake();
    return c.json({ id: result.id, status: 'ok' });
  };
  app.post('/deliveries/:id/replay', async (c) => answer(c, await store.replay([c.req.param('id')], now())));
  app.post('/deliveries/:id/approve', async (c) => answer(c, await store.approve([c.req.param('id')], now())));
  app.post('/deliveries/:id/cancel', async (c) => answer(c, await store.cancel([c.req.param('id')], now())));
  return app;
}
