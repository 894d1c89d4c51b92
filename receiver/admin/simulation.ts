import { firingEvent } from '../../src/engine/firing-event.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { isJsonObject, type JsonValue } from '../../src/lib/json.ts';
import { isDispatch, type TargetRequest } from '../../src/route/target.ts';
import { describeRequest } from '../github/wire-request.ts';
import { simulatedDetail, simulateRoutes } from '../webhook/simulate.ts';
import type { AdminOptions } from './api-options.ts';

export type SimulationOptions = Pick<AdminOptions, 'routes' | 'newId' | 'githubApiUrl' | 'redactor'>;

/** What a body would start, with the requests as they would leave. Nothing is sent, nothing is stored. */
export function simulation(
  given: { readonly body: unknown; readonly source: string },
  { routes, newId, githubApiUrl, redactor }: SimulationOptions,
): object {
  const payload = redactor.json(given.body as JsonValue);
  const understood = understand(payload, given.source);
  if (understood.kind === 'ping') return { ping: true, event: null, detail: 'The Test button of W&B sends this.', routes: [] };
  const found = simulateRoutes(routes(), understood.event, payload, newId);
  return {
    ping: false,
    event: understood.event,
    detail: simulatedDetail(found, understood.event, newId),
    routes: found.map((route) => ({
      ...route,
      requests: route.requests.map((item) => ('problem' in item ? item : { ...item, request: asSent(item.request, githubApiUrl) })),
    })),
  };
}

/** The body of a firing of our own engine is read as the engine does. */
function understand(payload: JsonValue, source: string): ReturnType<typeof understandBody> {
  if (isJsonObject(payload) && payload.relay === 1 && payload.engine === 'relay') return { kind: 'event', event: firingEvent(payload) };
  return understandBody(payload, source);
}

function asSent(request: TargetRequest, apiUrl: string): object {
  return isDispatch(request) ? describeRequest(request, apiUrl) : request;
}
