import { DEFAULT_SOURCE, EVENT_TYPES, readEventType } from '../../src/event/event.ts';
import { relayPayload, substituteVariables } from '../../src/event/relay-payload.ts';
import { SAMPLE_VALUES } from '../../src/event/sample-values.ts';
import { didYouMean } from '../../src/lib/nearest-word.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { signBody } from '../../src/lib/signature.ts';
import { basePathFrom, isLoopback, readEnvironment } from '../environment.ts';
import { sourceVariable } from '../webhook/authenticate.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface SendTestOptions {
  readonly url: string;
  readonly event: string;
  /** `name=value` */
  readonly set: readonly string[];
}

const TIME_LIMIT_MS = 10_000;

/** Our words, beside W&B's variable names, for `--set`. */
const WORDS: Readonly<Record<string, string>> = {
  author: 'event_author',
  entity: 'entity_name',
  project: 'project_name',
  collection: 'artifact_collection_name',
  artifact: 'artifact_version_string',
  run: 'run_name',
  status: 'run_status',
  metric: 'metric_name',
};

/** `wandb-relay send-test`: one signed request as W&B would send it, and what the receiver answers. */
export async function sendTest(io: CommandIo, options: SendTestOptions): Promise<ExitCode> {
  const environment = readEnvironment(io.variables);
  const request = buildRequest(options, basePathFrom(io.variables));
  if (!environment.ok || !request.ok) {
    for (const line of environment.ok ? [] : environment.error) io.complain(line);
    if (!request.ok) io.complain(request.error);
    return 1;
  }
  const { url, body } = request.value;
  io.complain(...environment.value.warnings.filter((warning) => warning.startsWith('WANDB_WEBHOOK_')));
  const source = /\/webhooks\/wandb\/([^/]+)\/?$/.exec(url.pathname)?.[1] ?? DEFAULT_SOURCE;
  const access = environment.value.authentication.sources.get(source === DEFAULT_SOURCE ? '' : sourceVariable(source));
  const secret = access?.secrets[0];
  const token = access?.tokens[0];
  io.print(
    `POST ${url} (${secret === undefined ? 'not signed: WANDB_WEBHOOK_SECRET is not set' : 'signed'}${token === undefined ? '' : ', with the access token'})`,
  );
  io.print(body);
  // A receiver on this machine is reached without the proxy that GitHub, W&B and Slack need.
  const send = isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1')) ? (io.directFetch ?? io.fetch) : io.fetch;
  try {
    const response = await send(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { 'x-wandb-signature': signBody(body, secret) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    });
    io.print(`${response.status} ${await response.text()}`);
    if (response.status === 401 && secret === undefined) {
      io.complain(
        'It was not signed: set WANDB_WEBHOOK_SECRET (for a named source WANDB_WEBHOOK_SECRET_<SOURCE>) to the secret that the receiver was started with.',
      );
    }
    return response.ok ? 0 : 1;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    io.complain(
      `no answer from ${url.origin}: ${cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)}`,
    );
    return 1;
  }
}

function buildRequest(options: SendTestOptions, basePath: string): Result<{ url: URL; body: string }, string> {
  if (!URL.canParse(options.url)) return err(`--url: "${options.url}" is not an address, such as http://127.0.0.1:8787/webhooks/wandb`);
  const url = new URL(options.url);
  if (['', basePath].includes(url.pathname.replace(/\/+$/, ''))) url.pathname = `${basePath}/webhooks/wandb`;
  const type = readEventType(options.event);
  if (type === undefined || type === 'weave_metric') {
    const types = EVENT_TYPES.filter((known) => known !== 'unknown' && known !== 'weave_metric');
    return err(`--event: no event is called "${options.event}"${didYouMean(options.event, types)}; there are ${types.join(', ')}`);
  }
  const values: Record<string, string> = { ...SAMPLE_VALUES };
  let automation = 'send-test';
  for (const setting of options.set) {
    const equals = setting.indexOf('=');
    if (equals < 1) return err(`--set: "${setting}" must be name=value, such as alias=production`);
    const [word, value] = [setting.slice(0, equals), setting.slice(equals + 1)];
    const name = WORDS[word] ?? word;
    if (word === 'automation') automation = value;
    else if (word === 'version') values.artifact_version_string = `${artifactPath(values)}:${value}`;
    else if (name in SAMPLE_VALUES) values[name] = value;
    else {
      const known = ['version', 'automation', ...Object.keys(WORDS), ...Object.keys(SAMPLE_VALUES)];
      return err(`--set: nothing is called "${word}"${didYouMean(word, known)}; there are ${known.join(', ')}`);
    }
    if (['entity', 'project', 'collection'].includes(word) || /^(entity|project|artifact_collection)_name$/.test(word)) {
      values.artifact_version_string = `${artifactPath(values)}:${values.artifact_version_string?.split(':').at(-1) ?? 'v0'}`;
    }
  }
  return ok({ url, body: JSON.stringify(substituteVariables(relayPayload(type, automation, values.metric_name), values)) });
}

function artifactPath(values: Readonly<Record<string, string>>): string {
  return `${values.entity_name}/${values.project_name}/${values.artifact_collection_name}`;
}
