/** What OpenTelemetry's environment variables ask for. Its exporter reads its own, which are not repeated here. */
export interface TraceSettings {
  readonly sampler: 'always_on' | 'always_off' | 'traceidratio';
  /** From 0 to 1. */
  readonly ratio: number;
  /** Values of headers, which usually are keys; for redaction. */
  readonly secrets: readonly string[];
}

/** Shorter values of headers are names of teams and the like, and would be redacted from every text. */
const LEAST_SECRET = 12;
const PROTOCOL = 'http/protobuf';

/**
 * Traces are wanted when OTEL_EXPORTER_OTLP_ENDPOINT is set (OpenTelemetry specification, "OpenTelemetry Protocol Exporter"
 * and "General SDK Configuration"). Each error is one line: the variable, what is wrong, what to do.
 *
 * @returns `undefined` when there are to be none
 */
export function readTracing(get: (name: string) => string | undefined, errors: string[]): TraceSettings | undefined {
  const endpoint = get('OTEL_EXPORTER_OTLP_ENDPOINT');
  const isDisabled = get('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  const protocol = get('OTEL_EXPORTER_OTLP_PROTOCOL') ?? PROTOCOL;
  const headers = get('OTEL_EXPORTER_OTLP_HEADERS');
  const [sampler, ratio] = [get('OTEL_TRACES_SAMPLER') ?? 'always_on', get('OTEL_TRACES_SAMPLER_ARG')];
  if (endpoint === undefined || isDisabled) return undefined;
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    errors.push('OTEL_EXPORTER_OTLP_ENDPOINT: this is not an address: set it to that of the collector, such as http://localhost:4318');
  else if (new URL(endpoint).password !== '')
    errors.push('OTEL_EXPORTER_OTLP_ENDPOINT: there is a password in it: set OTEL_EXPORTER_OTLP_HEADERS to authorization=… instead');
  if (protocol !== PROTOCOL)
    errors.push(
      `OTEL_EXPORTER_OTLP_PROTOCOL: "${protocol}" is not supported: leave it out, or set it to ${PROTOCOL} (port 4318 of a collector)`,
    );
  return { ...readSampler(sampler, ratio, errors), secrets: headerValues(headers) };
}

/** A webhook begins its trace, so `parentbased_` makes no difference. */
function readSampler(name: string, argument: string | undefined, errors: string[]): Pick<TraceSettings, 'sampler' | 'ratio'> {
  const sampler = name.replace(/^parentbased_/, '');
  const ratio = argument === undefined ? 1 : Number(argument);
  if (sampler === 'traceidratio' && !(ratio >= 0 && ratio <= 1))
    errors.push(`OTEL_TRACES_SAMPLER_ARG: "${argument}" is not a ratio: set it to a number from 0 to 1`);
  if (sampler === 'always_on' || sampler === 'always_off' || sampler === 'traceidratio') return { sampler, ratio };
  errors.push(`OTEL_TRACES_SAMPLER: "${name}" is not supported: set it to always_on, always_off or traceidratio`);
  return { sampler: 'always_off', ratio: 0 };
}

/** OpenTelemetry specification, "Specifying headers via environment variables": `key=value,key=value`, percent-encoded. */
function headerValues(headers = ''): string[] {
  return headers.split(',').flatMap((pair) => {
    const value = pair.slice(pair.indexOf('=') + 1).trim();
    const decoded = decodedOf(value);
    const parts = [value, decoded, ...decoded.split(' ').slice(1)];
    return pair.includes('=') ? [...new Set(parts)].filter((part) => part.length >= LEAST_SECRET) : [];
  });
}

function decodedOf(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
