import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log/log.ts';
import { openTelemetryTraces } from './open-telemetry.ts';
import type { TraceSettings } from './trace-settings.ts';
import type { Traces } from './traces.ts';

type ExportCallback = Parameters<SpanExporter['export']>[1];

/** Traces that are sent to a collector by OTLP over HTTP. Where, and with which headers, the exporter reads from the environment itself. */
export function otlpTraces({ settings, version, log }: { settings: TraceSettings; version: string; log: Logger }): Traces {
  return openTelemetryTraces({ exporter: reporting(new OTLPTraceExporter(), log), settings, version });
}

/** Logs the first failure and the end of the failures, not each one. The deliveries go on without traces. */
export function reporting(exporter: SpanExporter, log: Logger): SpanExporter {
  let failing = false;
  const note = (result: Parameters<ExportCallback>[0]): void => {
    const failed = result.code !== 0;
    if (failed && !failing)
      log.warn({ error: result.error?.message }, 'traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT: they are lost until it answers');
    if (!failed && failing) log.info({}, 'traces are sent again');
    failing = failed;
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        note(result);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
