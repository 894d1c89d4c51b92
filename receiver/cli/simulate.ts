import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RelayEvent } from '../../src/event/event.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { idsFrom } from '../../src/lib/id.ts';
import { type JsonValue, parseExactJson } from '../../src/lib/json.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { isDispatch, type TargetRequest } from '../../src/route/target.ts';
import { readEnvironment } from '../environment.ts';
import { describeRequest } from '../github/wire-request.ts';
import { type SimulatedRoute, simulatedDetail, simulateRoutes, understandToSimulate, waits } from '../webhook/simulate.ts';
import { loadConfig, noSuchConfig } from './load-config.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface SimulateOptions {
  readonly event: string;
  readonly config: string;
  readonly source: string;
  readonly json: boolean;
}

/** `wandb-relay simulate`: what an event would start, and why not. Sends nothing, stores nothing. */
export function simulate(io: CommandIo, options: SimulateOptions): ExitCode {
  const body = readBody(io, options.event);
  const loaded = loadConfig(io.cwd, options.config);
  const environment = readEnvironment(io.variables);
  if (typeof body === 'string' || loaded === undefined || !loaded.ok || !environment.ok) {
    if (typeof body === 'string') io.complain(body);
    if (loaded === undefined) io.complain(noSuchConfig(options.config));
    else if (!loaded.ok) for (const line of loaded.error) io.complain(line);
    if (!environment.ok) for (const line of environment.error) io.complain(line);
    return 1;
  }
  const payload = redactorOf(environment.value.secrets).json(body.value);
  const understood = understandToSimulate(payload, options.source);
  if (understood.kind === 'ping') {
    if (options.json) io.printDocument(JSON.stringify({ ping: true, routes: [] }, null, 2));
    else io.print('The Test button of W&B sends this. The receiver answers 200 and starts nothing.');
    return 0;
  }
  const newId = idsFrom(io.now, () => io.randomBytes(16));
  const routes = simulateRoutes(loaded.value.routes.map(compileRoute), understood.event, payload, newId);
  const apiUrl = environment.value.githubApiUrl;
  const detail = simulatedDetail(routes, understood.event, newId);
  if (options.json) io.printDocument(JSON.stringify({ event: understood.event, detail, routes: asJson(routes, apiUrl) }, null, 2));
  else {
    printSimulation(io, understood.event, routes, apiUrl);
    io.print(`The answer would say: ${detail}`);
  }
  return 0;
}

function readBody(io: CommandIo, file: string): { value: JsonValue } | string {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    return `${file}: cannot be read: ${messageOf(error)}`;
  }
  const parsed = parseExactJson(text);
  return parsed.ok ? { value: parsed.value } : `${file}: not JSON: ${parsed.error}`;
}

function asJson(routes: readonly SimulatedRoute[], apiUrl: string): object[] {
  return routes.map((route) => ({
    ...route,
    requests: route.requests.map((item) => ('problem' in item ? item : { ...item, request: asSent(item.request, apiUrl) })),
  }));
}

function asSent(request: TargetRequest, apiUrl: string): object {
  return isDispatch(request) ? describeRequest(request, apiUrl) : request;
}

function printSimulation(io: CommandIo, event: RelayEvent, routes: readonly SimulatedRoute[], apiUrl: string): void {
  io.print(`Event ${event.type}`);
  for (const [field, value] of Object.entries(event)) if (field !== 'type') io.print(`  ${field.padEnd(10)} ${value}`);
  for (const route of routes) {
    io.print('');
    io.print(`Route ${route.route}: ${route.matches ? 'matches' : 'does not match'}`);
    for (const reason of route.why) io.print(`  - ${reason}`);
    for (const item of route.requests) {
      const would = waits(route, item) ? 'would hold until it is approved, then send' : 'would send';
      io.print(`  ${would} to ${item.target}:`);
      if ('problem' in item) io.print(`    nothing: ${item.problem}`);
      else io.printDocument(JSON.stringify(asSent(item.request, apiUrl), null, 2).replace(/^/gm, '    '));
    }
  }
  const matching = routes.filter(({ matches }) => matches).length;
  io.print('');
  io.print(`${matching} of ${routes.length} routes match. Nothing was sent.`);
}
