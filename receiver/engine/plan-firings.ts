import { firingBody, firingEvent } from '../../src/engine/firing-event.ts';
import type { ProjectRef } from '../../src/engine/run-reader.ts';
import { digest } from '../../src/lib/digest.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Runtime } from '../runtime.ts';
import type { NewEvent } from '../store/delivery.ts';
import { type PlanOptions, planEvent } from '../webhook/route-event.ts';
import type { RunFiring } from './open-run.ts';

export interface PlanFiringsOptions extends Pick<Runtime, 'now' | 'redactor'> {
  readonly plan: PlanOptions;
  /** See `wandbAppUrl`. */
  readonly appUrl: string;
}

/** Makes a firing an event like one that W&B sends, with all that follows from it. */
export function planFirings({ plan, appUrl, now, redactor }: PlanFiringsOptions): (found: RunFiring, project: ProjectRef) => NewEvent {
  return ({ rule, run, firing }, project) => {
    const payload = redactor.json(firingBody({ rule, project, run, firing, appUrl })) as JsonObject;
    const body = JSON.stringify(payload);
    return planEvent({ event: firingEvent(payload), payload, body, bodyHash: digest(body), receivedAt: now() }, plan);
  };
}
