import type { Environment } from '../environment.ts';
import type { Logger } from '../log/log.ts';
import type { Traces } from '../traces/traces.ts';

/** Traces, where the environment asks for them; OpenTelemetry is loaded only then. */
export async function tracesOf({ tracing }: Environment, version: string, log: Logger): Promise<Traces | undefined> {
  if (tracing === undefined) return undefined;
  const { otlpTraces } = await import('../traces/otlp.ts');
  return otlpTraces({ settings: tracing, version, log });
}
