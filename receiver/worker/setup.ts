import { type Config, readConfig } from '../../src/config/config.ts';
import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { alertProblems, configWarnings, credentialProblems, tokenProblems } from '../config-checks.ts';
import { DEFAULT_CONFIG_PATH, type Variables } from '../config-path.ts';
import { type Environment, GITHUB_API_URL, readEnvironment } from '../environment.ts';
import { isOpen } from '../webhook/authenticate.ts';

/** The settings of a Worker: the config that was bundled with it, and its bindings. */
export interface Setup {
  readonly environment: Environment;
  readonly config: Config;
  readonly settings: Config['settings'];
  /** Record dispatches instead of sending them. */
  readonly sandbox: boolean;
  /** The names of the sources that have secrets, and the default one. */
  readonly sources: readonly string[];
  readonly warnings: readonly string[];
}

/** More writes per second than this are over what api.github.com publishes: 900 points a minute, a write counts 5. */
const PUBLISHED_WRITES_PER_SECOND = 3;

/** A row holds 2 MB (Cloudflare documentation, "Durable Objects: limits"): the body, and what was read from it. */
const MOST_BODY_BYTES = 1_000_000;

/**
 * The config that was bundled.
 *
 * @throws with every problem of it, one per line: a Worker that throws while it is being uploaded is not deployed
 */
export function bundledConfig(text: string): Config {
  const config = readConfig(text, DEFAULT_CONFIG_PATH);
  if (!config.ok) throw new Error(`the bundled config is not valid:\n${config.error.map(formatDiagnostic).join('\n')}`);
  return config.value;
}

/** Puts bindings and config together. The errors are one line each, for the log: they may hold what was set. */
export function setUp(config: Config, bindings: Readonly<Record<string, unknown>>): Result<Setup, string[]> {
  const variables = textOf(bindings);
  const read = readEnvironment(withoutNodesOwn(variables));
  if (!read.ok) return read;
  const environment = read.value;
  const sandbox = variables.RELAY_SANDBOX?.trim() === 'true';
  const problems = [
    ...problemsOnWorkers(environment, variables),
    ...(sandbox
      ? []
      : [
          ...tokenProblems(environment),
          ...credentialProblems(environment, config, 'RELAY_SANDBOX=true'),
          ...alertProblems(environment, config),
        ]),
  ];
  if (problems.length > 0) return err(problems);

  const sources = sourcesOf(environment);
  const { githubWritesPerSecond: configured } = config.settings;
  const most = mostWritesPerSecond(environment, sources.length);
  const warnings = [...environment.warnings, ...configWarnings(config, environment, sandbox)];
  const ignored = NODES_OWN.filter((name) => isSet(variables[name]));
  if (ignored.length > 0) warnings.push(`${ignored.join(', ')}: no effect on Workers, remove it`);
  if (configured > most) {
    warnings.push(
      `settings.github_writes_per_second: ${configured} for each of ${sources.length} sources is over GitHub's published limit; each sends ${most.toFixed(2)} a second`,
    );
  }
  if (config.settings.maxBodyBytes > MOST_BODY_BYTES) {
    warnings.push(
      `settings.max_body_bytes: ${config.settings.maxBodyBytes} is more than a Durable Object stores in a row; at most ${MOST_BODY_BYTES} are taken`,
    );
  }
  return ok({
    environment,
    config,
    settings: {
      ...config.settings,
      githubWritesPerSecond: Math.min(configured, most),
      maxBodyBytes: Math.min(config.settings.maxBodyBytes, MOST_BODY_BYTES),
    },
    sandbox,
    sources,
    warnings,
  });
}

/** Each source has an object of its own, and none knows what the others send: the published limit is shared out. */
export function mostWritesPerSecond({ githubApiUrl }: Pick<Environment, 'githubApiUrl'>, sharing: number): number {
  return githubApiUrl === GITHUB_API_URL ? PUBLISHED_WRITES_PER_SECOND / sharing : Number.POSITIVE_INFINITY;
}

function textOf(bindings: Readonly<Record<string, unknown>>): Variables {
  return Object.fromEntries(Object.entries(bindings).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Where a process listens, what it reads, and how it reaches the network. A Worker has none of that. */
const NODES_OWN = [
  'PORT',
  'HOST',
  'RELAY_CONFIG',
  ...['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
];

/** Whatever they hold is no error here. DATABASE_URL is one, in words of its own. */
function withoutNodesOwn(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name !== 'DATABASE_URL' && !NODES_OWN.includes(name)));
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== '';
}

function problemsOnWorkers({ authentication, github, slack }: Environment, variables: Variables): string[] {
  const problems: string[] = [];
  if (isOpen(authentication)) {
    problems.push(
      'WANDB_WEBHOOK_SECRET: is not set, nor is WANDB_WEBHOOK_TOKEN, and anyone could send events: run "npx wrangler secret put WANDB_WEBHOOK_SECRET"',
    );
  }
  const sandbox = variables.RELAY_SANDBOX?.trim() ?? '';
  if (!['', 'true', 'false'].includes(sandbox))
    problems.push(`RELAY_SANDBOX: "${sandbox}" is neither true nor false: set it to one of them`);
  if (isSet(variables.DATABASE_URL)) {
    problems.push('DATABASE_URL: is not for Workers, where each source has a database in its Durable Object: leave it out');
  }
  if (github?.kind === 'app' && github.privateKey.includes('BEGIN RSA PRIVATE KEY')) {
    problems.push(
      'GITHUB_APP_PRIVATE_KEY: is in PKCS#1, as GitHub gives it out, and Workers take PKCS#8 only: convert it with "openssl pkcs8 -topk8 -inform PEM -outform PEM -nocrypt -in key.pem -out key-pkcs8.pem" and set that',
    );
  }
  if (slack?.appToken !== undefined) {
    problems.push('SLACK_APP_TOKEN: Socket Mode is not for Workers, where nothing stays awake for it: set SLACK_SIGNING_SECRET instead');
  }
  return problems;
}

/** `PROD_EU` → `prod-eu`: a source's name has nothing but lower-case letters, digits and `-`. */
function sourcesOf({ authentication }: Environment): string[] {
  const named = [...authentication.sources.keys()].filter((variable) => variable !== '');
  return [DEFAULT_SOURCE, ...named.map((variable) => variable.toLowerCase().replaceAll('_', '-'))];
}
