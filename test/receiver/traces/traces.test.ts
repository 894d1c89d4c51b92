import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import type { DeliveryRecord } from '../../../receiver/store/delivery.ts';
import type { RunView } from '../../../receiver/store/run.ts';
import type { RunChange } from '../../../receiver/store/run-change.ts';
import { openTelemetryTraces } from '../../../receiver/traces/open-telemetry.ts';
import { readTracing, type TraceSettings } from '../../../receiver/traces/trace-settings.ts';
import { tracedDispatches } from '../../../receiver/traces/traced-dispatches.ts';
import { withTraceparent } from '../../../receiver/traces/traceparent.ts';
import type { DispatchNumber, TracedRun, Traces } from '../../../receiver/traces/traces.ts';
import type { TargetRequest } from '../../../src/route/target.ts';

const TRACEPARENT = '00-01890a5d96bc7c3e8f00112233445566-0123456789abcdef-01';
const EVENT_ID = '01890a5d-96bc-7c3e-8f00-112233445566';

function dispatchOf(payload: Record<string, string>): TargetRequest {
  return { kind: 'repository_dispatch', repository: 'acme/deploy', event_type: 'go', client_payload: payload };
}

function keys(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, 'x']));
}

describe('traceparent', () => {
  it('is added where a key is free, and only there', () => {
    expect(withTraceparent(dispatchOf(keys(9)), TRACEPARENT)).toEqual(dispatchOf({ ...keys(9), traceparent: TRACEPARENT }));
    for (const payload of [keys(10), { traceparent: 'their own' }, { long: 'x'.repeat(63_900) }])
      expect(withTraceparent(dispatchOf(payload), TRACEPARENT)).toEqual(dispatchOf(payload));
  });

  it('fills the input of that name that is left blank', () => {
    const inputs = (traceparent: Record<string, string>): TargetRequest => ({
      kind: 'workflow_dispatch',
      repository: 'acme/deploy',
      workflow: 'deploy.yml',
      ref: 'main',
      inputs: { version: 'v1', ...traceparent },
    });
    expect(withTraceparent(inputs({ traceparent: '' }), TRACEPARENT)).toEqual(inputs({ traceparent: TRACEPARENT }));
    for (const own of [{}, { traceparent: 'their own' }]) expect(withTraceparent(inputs(own), TRACEPARENT)).toEqual(inputs(own));
  });

  it('is in no other request', () => {
    const message: TargetRequest = { kind: 'slack', channel: '#ml', text: null, thread: true };
    expect(withTraceparent(message, TRACEPARENT)).toBe(message);
  });
});

describe('sampling', () => {
  const tracesWith = (settings: Pick<TraceSettings, 'sampler' | 'ratio'>) => {
    const exporter = new InMemorySpanExporter();
    return { exporter, traces: openTelemetryTraces({ exporter, settings, version: '1.2.3' }) };
  };
  const flagsOf = (settings: Pick<TraceSettings, 'sampler' | 'ratio'>): string[] => {
    const { traces } = tracesWith(settings);
    return Array.from({ length: 200 }, (_, i) =>
      traces.traceparent({ eventId: `event ${i}`, deliveryId: `delivery ${i}`, n: 0 }).slice(-2),
    );
  };

  it('decides by the event, so that its workflow knows', () => {
    expect(new Set(flagsOf({ sampler: 'always_on', ratio: 1 }))).toEqual(new Set(['01']));
    expect(new Set(flagsOf({ sampler: 'always_off', ratio: 1 }))).toEqual(new Set(['00']));
    const sampled = flagsOf({ sampler: 'traceidratio', ratio: 0.5 }).filter((flag) => flag === '01').length;
    expect(sampled).toBeGreaterThan(60);
    expect(sampled).toBeLessThan(140);
  });

  it('gives each dispatch of a delivery a span of its own', () => {
    const { traces } = tracesWith({ sampler: 'always_on', ratio: 1 });
    const [first, second, same] = [0, 1, 0].map((n) => traces.traceparent({ eventId: EVENT_ID, deliveryId: 'd', n }));
    expect(first).toMatch(/^00-01890a5d96bc7c3e8f00112233445566-[0-9a-f]{16}-01$/);
    expect(second).not.toBe(first);
    expect(same).toBe(first);
  });
});

describe('a dispatch', () => {
  it('goes out without a trace when its delivery cannot be looked up', async () => {
    const warned: string[] = [];
    const log = { debug: () => {}, info: () => {}, error: () => {}, warn: (_: object, message: string) => void warned.push(message) };
    const { traces } = {
      traces: openTelemetryTraces({ exporter: new InMemorySpanExporter(), settings: { sampler: 'always_on', ratio: 1 }, version: '1' }),
    };
    const store = { delivery: () => Promise.reject(new Error('the database is gone')) };
    const request = dispatchOf({});
    expect(await tracedDispatches({ traces, store, log }).request({ id: 'd', eventId: EVENT_ID }, request)).toBe(request);
    expect(warned).toEqual(['a delivery could not be looked up for its trace']);
  });
});

describe('a delivery that was sent again', () => {
  const runOf = (id: string): RunView => ({
    id,
    url: null,
    status: 'completed',
    conclusion: 'success',
    attempt: 1,
    startedAt: 1,
    endedAt: 2,
  });

  it('has a span for each of its runs, whichever ends first', async () => {
    const given: DispatchNumber[] = [];
    const ended: TracedRun[] = [];
    const traces: Traces = {
      webhook: () => {},
      attempt: () => {},
      run: (run) => void ended.push(run),
      traceparent: (dispatch) => {
        given.push(dispatch);
        return TRACEPARENT;
      },
      stop: async () => {},
    };
    const log = { debug: () => {}, info: () => {}, error: () => {}, warn: () => {} };
    const store = { delivery: async () => ({ attempts: [], notes: [], earlierRuns: [runOf('1')] }) as unknown as DeliveryRecord };
    const dispatches = tracedDispatches({ traces, store, log });
    await dispatches.request({ id: 'd', eventId: EVENT_ID }, dispatchOf({}));
    expect(given.map(({ n }) => n)).toEqual([1]);
    const changeOf = (id: string): RunChange => ({
      deliveryId: 'd',
      eventId: EVENT_ID,
      route: 'deploy',
      repository: 'acme/deploy',
      before: { ...runOf(id), status: 'in_progress' },
      after: runOf(id),
      conversations: [],
    });
    dispatches.changed([changeOf('2'), { ...changeOf('1'), isEarlier: true }, { ...changeOf('2'), before: runOf('2') }], []);
    await Promise.resolve();
    await Promise.resolve();
    expect(ended.map(({ n, run }) => [n, run.id])).toEqual([
      [1, '2'],
      [0, '1'],
    ]);
  });
});

describe('settings', () => {
  const read = (variables: Record<string, string>) => {
    const errors: string[] = [];
    return { settings: readTracing((name) => variables[name], errors), errors };
  };
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'https://collector.example:4318';

  it('ask for nothing without an endpoint, or when OpenTelemetry is disabled', () => {
    expect(read({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual({ settings: undefined, errors: [] });
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' })).toEqual({ settings: undefined, errors: [] });
  });

  it('name each secret of the headers, with and without its encoding', () => {
    const { settings } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abcdefghijkl%3D, x-team=blue',
    });
    expect(settings?.secrets).toEqual(['Bearer%20abcdefghijkl%3D', 'Bearer abcdefghijkl=', 'abcdefghijkl=']);
  });

  it('take the parts of a ratio from 0 to 1', () => {
    const withRatio = (OTEL_TRACES_SAMPLER_ARG: string) =>
      read({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG });
    expect(withRatio('0.25').settings).toMatchObject({ sampler: 'traceidratio', ratio: 0.25 });
    expect(withRatio('25').errors).toEqual(['OTEL_TRACES_SAMPLER_ARG: "25" is not a ratio: set it to a number from 0 to 1']);
  });

  it('refuse a password in the address, which would be in the log', () => {
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://me:secret@collector.example' }).errors).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT: there is a password in it: set OTEL_EXPORTER_OTLP_HEADERS to authorization=… instead',
    ]);
  });
});
