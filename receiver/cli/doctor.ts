import { statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { tokenProblems } from '../config-checks.ts';
import { type Check, type CheckState, checksOf } from '../doctor/check.ts';
import { type Environment, readEnvironment } from '../environment.ts';
import { silentLogger } from '../log/log.ts';
import type { Store } from '../store/store.ts';
import { loadConfig, noSuchConfig } from './load-config.ts';
import { commandDatabaseName, openForCommand } from './open-store.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { plainLines, type Style, type StyledLine, span } from './styled.ts';
import { usableConfig } from './usable-config.ts';

export interface DoctorOptions {
  readonly config: string;
  readonly url: string | undefined;
  readonly json: boolean;
}

/** All of it takes no longer. Milliseconds. */
const TIME_LIMIT_MS = 30_000;
const CHECKING = 'checking …';

/** `wandb-relay doctor`: whether all that the receiver needs is there, a line each. Exit code 1 when something is wrong. */
export async function doctor(io: CommandIo, options: DoctorOptions): Promise<ExitCode> {
  if (!options.json) io.progress?.(CHECKING);
  const checks = await allChecks(io, options);
  if (!options.json) io.progress?.('');
  const counts = countsOf(checks);
  if (options.json) io.printDocument(JSON.stringify({ ok: counts.problem === 0, checks }, null, 2));
  else show(io, checks, counts);
  return counts.problem === 0 ? 0 : 1;
}

async function allChecks(io: CommandIo, options: DoctorOptions): Promise<Check[]> {
  const environment = readEnvironment(io.variables);
  // What needs neither is checked all the same: a list that stops early looks like a whole one.
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  if (!environment.ok)
    return [
      ...environment.error.map((line) => inOwnWords('environment', line)),
      ...(await addressAlone(io, options, signal)),
      ...notChecked('the environment'),
    ];
  const { warnings, authentication, secrets } = environment.value;
  const redactor = redactorOf(secrets);
  const loaded = loadConfig(io.cwd, options.config) ?? { ok: false as const, error: [noSuchConfig(options.config)] };
  const first = [
    ...warnings.map((line) => inOwnWords('environment', line, 'warning')),
    ...tokenProblems(environment.value).map((line) => inOwnWords('environment', line)),
    ...(authentication.sources.size === 0
      ? [checksOf('environment', 'WANDB_WEBHOOK_SECRET')('problem', 'is not set, and neither is a token: every webhook is refused')]
      : []),
  ];
  if (!loaded.ok) {
    const { checks, store } = await storeChecks(io, environment.value, redactor.text);
    await store?.close();
    const url = await addressAlone(io, options, signal, environment.value.githubWebhookSecrets.length > 0);
    return [...first, ...loaded.error.map(inTheConfig), ...checks, ...url, ...notChecked(options.config)];
  }
  const usable = usableConfig(loaded.value, environment.value, false);
  const config = usable.ok
    ? [
        checksOf('config', options.config)('ok', `is right; ${many(loaded.value.routes.length, 'route') ?? 'no routes'}`),
        ...usable.value.warnings.map((line) => inOwnWords('config', line, 'warning')),
      ]
    : usable.error.map((line) => inOwnWords('environment', line));
  const { checks: stored, store } = await storeChecks(io, environment.value, redactor.text);
  try {
    const { diagnose } = await import('../doctor/diagnose.ts');
    const { now, random, fetch } = io;
    const found = await diagnose({
      runtime: { now, random, fetch, log: silentLogger, redactor },
      environment: environment.value,
      config: loaded.value,
      url: options.url,
      channelId: async (name) => store?.channelId(name),
      signal,
    });
    return [...first, ...config, ...stored, ...found];
  } finally {
    await store?.close();
  }
}

async function addressAlone(io: CommandIo, { url }: DoctorOptions, signal: AbortSignal, fromGitHub = false): Promise<Check[]> {
  if (url === undefined) return [];
  const { checkAddress } = await import('../doctor/address.ts');
  return checkAddress({ url, fetch: io.fetch, fromGitHub, signal });
}

/** Everything that needs what could not be read. */
function notChecked(what: string): Check[] {
  const names = { clock: 'the clock', github: 'GitHub', slack: 'Slack', wandb: 'W&B' } as const;
  return (['clock', 'github', 'slack', 'wandb'] as const).map((area) =>
    checksOf(area, names[area])('unknown', `was not checked: correct ${what} first`),
  );
}

/** The store stays open, for what else is to be looked up in it. */
async function storeChecks(
  io: CommandIo,
  environment: Environment,
  redact: (text: string) => string,
): Promise<{ checks: Check[]; store: Store | undefined }> {
  const name = commandDatabaseName(io, environment);
  const complaints: string[] = [];
  const store = await openForCommand({ ...io, complain: (...lines) => void complaints.push(...lines) }, environment);
  if (store === undefined) {
    const isMissing = complaints.some((line) => line.includes('there is no such database'));
    const check = checksOf('store', name);
    const checks = isMissing
      ? [check('unknown', 'is not there yet: the receiver makes it')]
      : complaints.map((line) => check('problem', redact(line)));
    return { checks, store };
  }
  const { checkStore } = await import('../doctor/store.ts');
  const free = environment.postgresUrl === undefined ? freeSpace(resolve(io.cwd, name)) : undefined;
  try {
    return { checks: await checkStore({ store, name, free, now: io.now() }), store };
  } catch (error) {
    return { checks: [checksOf('store', name)('problem', redact(messageOf(error)))], store };
  }
}

function freeSpace(file: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Lines that begin with what they are about: `PORT: "x" is not a port number`. */
function inOwnWords(area: 'environment' | 'config', line: string, state: CheckState = 'problem'): Check {
  const [, subject, detail] = /^([A-Z][A-Z0-9_]+)(?:: | (?=is not set))(.*)$/s.exec(line) ?? [];
  return subject === undefined || detail === undefined ? checksOf(area, area)(state, line) : checksOf(area, subject)(state, detail);
}

/** Lines that begin with their place: `wandb-relay.yaml:3:5: …` */
function inTheConfig(line: string): Check {
  const [, place = 'config', detail = line] = /^(\S+?): (.*)$/s.exec(line) ?? [];
  return checksOf('config', place)('problem', detail);
}

const WORDS: Readonly<Record<CheckState, readonly [string, Style | undefined]>> = {
  ok: ['ok', undefined],
  warning: ['warning', 'yellow'],
  problem: ['problem', 'red'],
  unknown: ['unknown', 'dim'],
};

/** Details that go on as a sentence about what was checked. */
const SENTENCE = /^(?:is|has|names|asks|answers|agrees|leads|listens|cannot|was)\b/;

function show(io: CommandIo, checks: readonly Check[], counts: Readonly<Record<CheckState, number>>): void {
  const width = Math.max(...checks.map(({ area }) => area.length));
  const lines: StyledLine[] = checks.map(({ area, subject, state, detail }) => {
    const [word, style] = WORDS[state];
    return [
      span(word.padEnd(9), style),
      span(area.padEnd(width + 2), 'dim'),
      span(SENTENCE.test(detail) ? `${subject} ${detail}` : `${subject}: ${detail}`),
    ];
  });
  const print = io.printStyled ?? ((styled: readonly StyledLine[]) => io.print(...plainLines(styled)));
  print(lines);
  io.print('', summary(counts));
}

function summary({ ok, warning, problem, unknown }: Readonly<Record<CheckState, number>>): string {
  const rest = [`${ok} ok`, many(warning, 'warning'), unknown === 0 ? undefined : `${unknown} not checked`].filter(
    (part) => part !== undefined,
  );
  return `${problem === 0 ? 'No problem' : many(problem, 'problem')}, ${rest.join(', ')}.`;
}

function many(n: number, word: string): string | undefined {
  if (n === 0) return undefined;
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

function countsOf(checks: readonly Check[]): Record<CheckState, number> {
  const counts = { ok: 0, warning: 0, problem: 0, unknown: 0 };
  for (const { state } of checks) counts[state]++;
  return counts;
}
