import {
  type Attributes,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  RandomIdGenerator,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { RunView } from '../store/run.ts';
import { runSpanOf, traceIdOf, webhookSpanOf } from './trace-ids.ts';
import type { TraceSettings } from './trace-settings.ts';
import type { DispatchNumber, TracedDelivery, TracedRun, TracedWebhook, Traces } from './traces.ts';

export interface OpenTelemetryOptions {
  readonly exporter: SpanExporter;
  readonly settings: Pick<TraceSettings, 'sampler' | 'ratio'>;
  readonly version: string;
}

/** Spans are sent when so many milliseconds have passed; a stop sends them at once, and waits so long. */
const SEND_EVERY_MS = 2_000;
const STOP_LIMIT_MS = 3_000;
const SCOPE = 'wandb-relay';
const ROUTE = '/webhooks/wandb/:source?';
/** An attempt with one of these needs no second look. */
const GOOD: ReadonlySet<string> = new Set(['delivered', 'found']);

interface NewSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  /** The span's own ids, when others know them; left out: new ones, in the parent's trace. */
  readonly ids?: Pick<SpanContext, 'traceId' | 'spanId'>;
  readonly parent?: SpanContext;
  readonly links?: readonly Link[];
  /** Why it failed, in a word. */
  readonly error?: string | undefined;
}

/** Traces for OpenTelemetry. Only ids, names from the config, types and results are in them: no text from outside, no addresses. */
export function openTelemetryTraces({ exporter, settings, version }: OpenTelemetryOptions): Traces {
  const sampler = samplerOf(settings);
  const random = new RandomIdGenerator();
  let next: Partial<Pick<SpanContext, 'traceId' | 'spanId'>> = {};
  const provider = new TracerProvider({
    sampler,
    resource: resourceOf(version),
    idGenerator: {
      generateTraceId: () => next.traceId ?? random.generateTraceId(),
      generateSpanId: () => next.spanId ?? random.generateSpanId(),
    },
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_EVERY_MS, exportTimeoutMillis: STOP_LIMIT_MS })],
  });
  const tracer = provider.getTracer(SCOPE, version);

  const add = ({ name, kind, startedAt, endedAt, attributes, ids, parent, links = [], error }: NewSpan): void => {
    next = ids ?? {};
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const span = tracer.startSpan(name, { kind, startTime: startedAt, attributes, links: [...links], root: parent === undefined }, context);
    next = {};
    if (error !== undefined) span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR });
    span.end(Math.max(startedAt, endedAt));
  };

  const contextOf = (traceId: string, spanId: string): SpanContext => {
    const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId, SCOPE, SpanKind.SERVER, {}, []);
    const isSampled = decision === SamplingDecision.RECORD_AND_SAMPLED;
    return { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
  };
  const webhookOf = (eventId: string): SpanContext => contextOf(traceIdOf(eventId), webhookSpanOf(eventId));
  const runOf = (dispatch: DispatchNumber): SpanContext => contextOf(traceIdOf(dispatch.eventId), runSpanOf(dispatch));

  return {
    webhook: (request) => add({ ...webhookSpan(request), ...placeOf(request, webhookOf) }),
    attempt: (delivery, { startedAt, durationMs, outcome, status }) => {
      const webhook = webhookOf(delivery.eventId);
      add({
        name: `deliver ${delivery.request.kind}`,
        kind: SpanKind.CLIENT,
        startedAt,
        endedAt: startedAt + durationMs,
        attributes: {
          ...attemptAttributes(delivery),
          'wandb_relay.outcome': outcome,
          ...(status === null ? {} : { 'http.response.status_code': status }),
        },
        parent: webhook,
        links: [{ context: webhook }],
        error: GOOD.has(outcome) ? undefined : outcome,
      });
    },
    run: (traced) => {
      const webhook = webhookOf(traced.eventId);
      const own = runOf(traced);
      // A re-run continues what the first attempt was given. Its span needs an id of its own.
      const isRerun = traced.run.attempt > 1;
      add({
        ...runSpan(traced),
        parent: webhook,
        ...(isRerun ? { links: [{ context: own }] } : { ids: own, links: [{ context: webhook }] }),
      });
    },
    traceparent: (dispatch) => {
      const { traceId, spanId, traceFlags } = runOf(dispatch);
      return `00-${traceId}-${spanId}-0${traceFlags}`;
    },
    stop: async () => {
      try {
        await provider.shutdown();
      } catch {
        // The exporter has said why.
      }
    },
  };
}

function samplerOf({ sampler, ratio }: OpenTelemetryOptions['settings']): Sampler {
  if (sampler === 'always_off') return new AlwaysOffSampler();
  return sampler === 'always_on' ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}

/** `service.name` may be set with OTEL_SERVICE_NAME, and more with OTEL_RESOURCE_ATTRIBUTES. */
function resourceOf(version: string): Resource {
  const own = resourceFromAttributes({ 'service.name': SCOPE, 'service.version': version });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));
}

/** The span that an accepted event's trace begins with. What was not accepted has a trace of its own; a duplicate's is linked to its first. */
function placeOf({ eventId, result }: TracedWebhook, webhookOf: (eventId: string) => SpanContext): Pick<NewSpan, 'ids' | 'links'> {
  if (eventId === undefined) return {};
  const first = webhookOf(eventId);
  return result === 'accepted' ? { ids: first } : { links: [{ context: first }] };
}

function webhookSpan({ method, status, startedAt, endedAt, source, type, result, eventId }: TracedWebhook): NewSpan {
  return {
    name: `${method} ${ROUTE}`,
    kind: SpanKind.SERVER,
    startedAt,
    endedAt,
    attributes: {
      'http.request.method': method,
      'http.route': ROUTE,
      'http.response.status_code': status,
      ...given({
        'wandb_relay.source': source,
        'wandb_relay.event.type': type,
        'wandb_relay.result': result,
        'wandb_relay.event.id': eventId,
      }),
    },
    error: status >= 500 ? String(status) : undefined,
  };
}

function attemptAttributes({ id, eventId, route, target, attempts }: TracedDelivery): Attributes {
  return {
    'wandb_relay.event.id': eventId,
    'wandb_relay.delivery.id': id,
    'wandb_relay.route': route,
    'wandb_relay.target': target,
    'wandb_relay.attempt': attempts + 1,
  };
}

/** OpenTelemetry semantic conventions, "CI/CD spans": a pipeline run. */
function runSpan({ run, repository, route, workflow, eventId, deliveryId }: TracedRun): NewSpan {
  const endedAt = run.endedAt ?? run.startedAt ?? 0;
  const result = resultOf(run);
  const name = workflow ?? repository;
  return {
    name: `RUN ${name}`,
    kind: SpanKind.SERVER,
    startedAt: run.startedAt ?? endedAt,
    endedAt,
    attributes: {
      'cicd.pipeline.name': name,
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.result': result,
      'vcs.repository.name': repository,
      'wandb_relay.event.id': eventId,
      'wandb_relay.delivery.id': deliveryId,
      'wandb_relay.route': route,
      'wandb_relay.run.attempt': run.attempt,
      ...given({ 'cicd.pipeline.run.id': run.id ?? undefined, 'cicd.pipeline.run.url.full': run.url ?? undefined }),
    },
    error: result === 'success' || result === 'skip' ? undefined : result,
  };
}

const RESULTS: Readonly<Record<string, string>> = {
  success: 'success',
  neutral: 'success',
  failure: 'failure',
  cancelled: 'cancellation',
  skipped: 'skip',
  timed_out: 'timeout',
};

/** GitHub's conclusion in the words of `cicd.pipeline.result`; what has no word there, as `startup_failure`, is an `error`. */
function resultOf({ conclusion }: RunView): string {
  return RESULTS[conclusion ?? ''] ?? 'error';
}

function given(values: Readonly<Record<string, string | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
