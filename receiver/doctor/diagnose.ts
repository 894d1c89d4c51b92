import type { Config } from '../../src/config/config.ts';
import { wandbAppUrl } from '../../src/event/wandb-links.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { proxyName } from '../../src/lib/proxy-settings.ts';
import { type Environment, GITHUB_API_URL } from '../environment.ts';
import type { Runtime } from '../runtime.ts';
import { checkAddress } from './address.ts';
import { type Check, type CheckArea, checksOf } from './check.ts';
import { checkClock } from './clock.ts';

export interface DiagnoseOptions {
  readonly runtime: Pick<Runtime, 'now' | 'random' | 'fetch' | 'log' | 'redactor'>;
  readonly environment: Environment;
  readonly config: Config;
  /** As W&B reaches the receiver; left out: it is not asked. */
  readonly url: string | undefined;
  /** The id of a channel that something was posted to. */
  readonly channelId: (name: string) => Promise<string | undefined>;
  readonly signal: AbortSignal;
}

/** Everything outside that the receiver needs, asked at the same time; in an order that people read. A part that fails is a problem of its own. */
export async function diagnose(options: DiagnoseOptions): Promise<Check[]> {
  const parts: [CheckArea, () => Promise<Check[]>][] = [
    ['clock', () => clockAndProxies(options)],
    ['github', () => github(options)],
    ['slack', () => slack(options)],
    ['wandb', () => wandb(options)],
    ['url', () => address(options)],
  ];
  const found = await Promise.all(
    parts.map(async ([area, part]) => {
      try {
        return await part();
      } catch (error) {
        return [checksOf(area, 'check')('problem', options.runtime.redactor.text(messageOf(error)))];
      }
    }),
  );
  const redact = options.runtime.redactor.text;
  // What others answer may hold what was sent to them.
  return found.flat().map((check) => ({ ...check, subject: redact(check.subject), detail: redact(check.detail) }));
}

/** GitHub's answer tells its time, and that the proxy in between works. */
async function clockAndProxies({ runtime, environment, signal }: DiagnoseOptions): Promise<Check[]> {
  const { fetch, now } = runtime;
  const { githubApiUrl, proxies } = environment;
  const host = new URL(githubApiUrl).host;
  const proxy = proxies === undefined ? undefined : new URL(githubApiUrl).protocol === 'http:' ? proxies.http : proxies.https;
  const through = proxy === undefined ? [] : [checksOf('proxy', proxyName(proxy))];
  const askedAt = now();
  try {
    const response = await fetch(githubApiUrl, { method: 'HEAD', redirect: 'manual', signal });
    const clock = checkClock({ date: response.headers.get('date'), askedAt, answeredAt: now() }, host);
    const refused = response.status === 407;
    return [
      ...through.map((check) =>
        refused ? check('problem', 'asks for a user and a password: put them into HTTPS_PROXY') : check('ok', `leads to ${host}`),
      ),
      clock,
    ];
  } catch (error) {
    const why = reachedNot(error);
    return [
      ...through.map((check) => check('problem', `${host} was not reached through it: ${why}`)),
      checksOf('clock', 'this machine')('unknown', `${host} was not reached: ${why}`),
    ];
  }
}

async function github(options: DiagnoseOptions): Promise<Check[]> {
  const { config, environment, runtime, signal } = options;
  const access = environment.github;
  if (access === undefined) return [];
  const { githubApiUrl: apiUrl } = environment;
  const [{ checkGitHub }, { githubCredentials }] = await Promise.all([import('./github.ts'), import('../github/targets.ts')]);
  const credentials = await githubCredentials(access, { ...runtime, apiUrl });
  return checkGitHub({
    ...runtime,
    config,
    environment,
    credentials,
    signal,
    isEnterpriseServer: apiUrl !== GITHUB_API_URL && !isDataResident(apiUrl),
  });
}

/** GitHub Enterprise Cloud with data residency has what github.com has. */
function isDataResident(apiUrl: string): boolean {
  return new URL(apiUrl).hostname.endsWith('.ghe.com');
}

async function slack({ config, environment, runtime, channelId, signal }: DiagnoseOptions): Promise<Check[]> {
  const access = environment.slack;
  if (access === undefined) return [];
  const [{ checkSlack }, { slackClient }, { botScopes }, { manifestNeeds }] = await Promise.all([
    import('./slack.ts'),
    import('../slack/client.ts'),
    import('../slack/manifest.ts'),
    import('../slack/manifest-needs.ts'),
  ]);
  const clientWith = (token: string) => slackClient({ token, apiUrl: access.apiUrl, fetch: runtime.fetch, redact: runtime.redactor.text });
  return checkSlack({
    config,
    client: clientWith(access.botToken),
    ...(access.appToken === undefined ? {} : { socketClient: clientWith(access.appToken) }),
    scopes: botScopes(manifestNeeds(config, wandbAppUrl(environment.wandbBaseUrl))),
    channelId,
    now: runtime.now,
    signal,
  });
}

async function wandb({ config, environment, runtime }: DiagnoseOptions): Promise<Check[]> {
  const { wandbApiKey, wandbBaseUrl } = environment;
  if (wandbApiKey === undefined) return [];
  const [{ checkWandb }, { wandbClientFor }] = await Promise.all([import('./wandb.ts'), import('../wandb/client.ts')]);
  return [await checkWandb(await wandbClientFor(runtime, { wandbApiKey, wandbBaseUrl }), config)];
}

async function address({ url, environment, runtime, signal }: DiagnoseOptions): Promise<Check[]> {
  if (url === undefined) return [];
  return checkAddress({ url, fetch: runtime.fetch, fromGitHub: environment.githubWebhookSecrets.length > 0, signal });
}

function reachedNot(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
  return cause === '' ? messageOf(error) : cause;
}
