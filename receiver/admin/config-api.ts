import { Hono } from 'hono';
import { describeScope, eventTypeOf } from '../../src/automation/automation.ts';
import type { Config } from '../../src/config/config.ts';
import type { SourceLocation } from '../../src/lib/diagnostic.ts';
import type { Route } from '../../src/route/route.ts';
import type { RequestVariables } from '../http/request-log.ts';
import type { AdminOptions } from './api-options.ts';
import { readAs } from './api-parts.ts';
import { readSimulateBody } from './change-requests.ts';

type ConfigOptions = Pick<AdminOptions, 'store' | 'routes' | 'definitions' | 'newId' | 'githubApiUrl' | 'redactor'>;

/** What is configured, what the relay's own engine does with it, and what an event would start. */
export function configApi(options: ConfigOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/routes', (c) => c.json({ routes: options.routes().map((route) => routeAnswer(route, options.definitions?.())) }));
  app.get('/automations', async (c) => {
    // Only who asks for it loads the engine's words.
    const { engineStatus } = await import('../engine/engine-status.ts');
    const status = engineStatus(await options.store.engineProjects());
    return c.json({ ...status, configured: (options.definitions?.().automations ?? []).map(automationAnswer) });
  });
  app.post('/simulate', async (c) => {
    const given = await readAs(c, readSimulateBody);
    if (given instanceof Response) return given;
    // So does who simulates.
    const { simulation } = await import('./simulation.ts');
    return c.json(simulation(given, options));
  });
  return app;
}

/** @param config as it is written, where it is known */
function routeAnswer(
  { name, conditions, targets, approval, cooldownMs, order }: Route,
  config: Pick<Config, 'routes'> | undefined,
): object {
  return {
    name,
    place: placeOf(config?.routes.find((route) => route.name === name)?.location),
    conditions: conditions.map(({ name: field, anyOf }) => ({ field, anyOf: anyOf.map(({ wanted }) => wanted) })),
    targets: targets.map(({ name: target }) => target),
    order,
    cooldownMs,
    approval:
      approval === undefined ? null : { channel: approval.channel, expiresMs: approval.expiresMs, approvals: approval.approvals ?? 1 },
  };
}

function automationAnswer(automation: Config['automations'][number]): object {
  const { name, engine, enabled, scope, location } = automation;
  return {
    name,
    engine,
    event: eventTypeOf(automation),
    scope: describeScope(scope),
    enabled: enabled ?? true,
    dryRun: automation.dry_run ?? false,
    place: placeOf(location),
  };
}

function placeOf(location: SourceLocation | undefined): { readonly file: string; readonly line: number } | null {
  return location === undefined ? null : { file: location.file, line: location.line };
}
