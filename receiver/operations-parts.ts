import type { Hono } from 'hono';
import { DEFAULT_SOURCE } from '../src/event/event.ts';
import { wandbAppUrl } from '../src/event/wandb-links.ts';
import { messageOf } from '../src/lib/error-message.ts';
import { idsFrom } from '../src/lib/id.ts';
import type { Banner, Shell } from './admin/pages/page.ts';
import type { PageOptions } from './admin/pages/page-options.ts';
import { isTold } from './alerts/is-told.ts';
import { sourcesOf } from './alerts/observed.ts';
import type { ComposeOptions, ExtensionContext, PartContext } from './compose-context.ts';
import { configTrouble } from './config-status.ts';
import type { Environment } from './environment.ts';
import { atFirstUse } from './first-use.ts';
import type { TargetSet } from './github/targets.ts';
import type { RequestVariables } from './http/request-log.ts';
import { routesAtFirstUse } from './http/routes-at-first-use.ts';
import { type Extension, queueCredential } from './receiver.ts';
import { replaceable } from './replaceable.ts';

/** A receiver that has run for so long has seen whether its clock is steady. Milliseconds. */
const STARTED_MS = 2 * 60_000;

/** So long after the start a receiver has answered whoever waited for it. Milliseconds. */
const LOAD_SOON_MS = 1_000;

/** The pages, where somebody may see them; loaded when somebody looks. */
export function pagesFor(context: ExtensionContext, github: TargetSet): Extension[] {
  const { environment, access, config } = context;
  if (config === undefined || !access.hasApi) return [];
  let stop: Extension['stop'];
  const load = async () => {
    const made = await loadPages(context, github, config);
    stop = made.stop;
    return made.routes;
  };
  return [{ path: '/', routes: routesAtFirstUse({ path: rootOf(environment), what: 'the pages', load }), stop: async () => stop?.() }];
}

async function loadPages(
  context: ExtensionContext,
  github: TargetSet,
  config: PageOptions['config'],
): Promise<{ readonly routes: Hono<RequestVariables>; readonly stop?: Extension['stop'] }> {
  const { runtime, environment, access, configStatus, githubUrl, sandbox, store, wake, wakeLater, source } = context;
  const [{ pages }, { pauseBanners }, { createChanges }] = await Promise.all([
    import('./admin/pages/pages.ts'),
    import('./admin/pages/pause-banners.ts'),
    import('./admin/pages/changes.ts'),
  ]);
  const paused = pauseBanners(store, runtime.now);
  wake.register(paused.forget);
  const fixed = { basePath: environment.basePath, ...shellSource(source) };
  const shell = async () => ({ ...fixed, banners: [...configBanners(configStatus), ...(await paused.banners())] });
  const common = {
    ...runtime,
    store,
    config,
    githubUrl,
    sandbox,
    wake: wake.wake,
    rollBack: context.rollBack,
    planRollback: context.planRollback,
    plan: context.plan,
    shell,
    wandbAppUrl: wandbAppUrl(environment.wandbBaseUrl),
    githubApiUrl: environment.githubApiUrl,
    credentialFor: queueCredential(github.credentialFor),
  };
  // A Worker's object is not kept awake by pages that listen.
  if (wakeLater !== undefined) return { routes: pages(access, { ...common, live: 'poll' }) };
  const changes = createChanges({ revision: () => store.revision(), log: runtime.log });
  wake.register(changes.look);
  return { routes: pages(access, { ...common, live: 'stream', changes }), stop: changes.stop };
}

/** Where there is one source, nobody has to choose it, and no address names it. */
export function shellSource(source: ComposeOptions['source']): Pick<Shell, 'source' | 'sources'> {
  if (source === undefined || (source.all.length < 2 && source.all.includes(source.name))) return {};
  // One whose secret was removed can be looked at, too.
  return { source: source.name, sources: [...new Set([...source.all, source.name])] };
}

/** Where the receiver's own addresses begin. */
function rootOf({ basePath }: Pick<Environment, 'basePath'>): string {
  return basePath === '' ? '/' : basePath;
}

/** `/metrics`, where somebody may read it; loaded when somebody does. */
export function metricsFor(context: ExtensionContext): Extension[] {
  const { runtime, environment, access, metrics, store, engineLagMs, configStatus } = context;
  const isPublic = environment.access.metricsArePublic;
  if (!isPublic && !access.hasApi) return [];
  const { now } = runtime;
  const isRefused = configStatus === undefined ? {} : { configRefused: () => configStatus().refused !== undefined };
  const loaded = atFirstUse('the metrics', async () => {
    const [{ metricsEndpoint, recentFamilies }, { readGauges, gaugeFamilies }] = await Promise.all([
      import('./metrics/endpoint.ts'),
      import('./metrics/gauges.ts'),
    ]);
    const families = recentFamilies(async () => {
      const gauges = await readGauges({ store, engineLagMs, ...isRefused }, now());
      return [...((await metrics?.families()) ?? []), ...gaugeFamilies(gauges, now())];
    }, now);
    return { families, routes: metricsEndpoint({ access, isPublic, families, text: metrics?.text }) };
  });
  const path = `${environment.basePath}/metrics`;
  const routes = routesAtFirstUse({ path, what: 'the metrics', load: async () => (await loaded()).routes });
  return [{ path: '/metrics', routes, metrics: async () => (await loaded()).families() }];
}

/**
 * Loads what sending needs a moment after the start, so that the first dispatch does not wait for it, and what is missing shows in
 * the log before it is needed. A Worker's object loads it when it sends.
 */
export function loadedSoon({ runtime: { log, redactor }, wakeLater }: PartContext, { load }: TargetSet): Extension[] {
  if (load === undefined || wakeLater !== undefined) return [];
  let timer: NodeJS.Timeout | undefined;
  const loading = () => load().catch((error: unknown) => log.error({ error: redactor.text(messageOf(error)) }, 'nothing can be sent'));
  return [
    {
      start: () => {
        timer = setTimeout(() => void loading(), LOAD_SOON_MS);
      },
      stop: async () => clearTimeout(timer),
    },
  ];
}

/** Tells when something is wrong with the relay itself; loaded once the config names who hears of it. A sandbox has nothing that could be wrong. */
export async function alertsFor(context: ExtensionContext): Promise<Extension[]> {
  const { inUse, sandbox } = context;
  if (sandbox) return [];
  const { extension } = await replaceable(inUse, {
    isSame: (a, b) => isTold(a.settings) === isTold(b.settings),
    make: async ({ settings }) => (isTold(settings) ? alertPart(context) : undefined),
  });
  return [extension];
}

async function alertPart(context: ExtensionContext): Promise<Extension> {
  const { runtime, environment, inUse, store, wake, clock, installation, observed, engineLagMs, configStatus, source } = context;
  const { createAlerts } = await import('./alerts/alert-part.ts');
  const begunAt = runtime.now();
  return createAlerts({
    ...runtime,
    store,
    inUse,
    secrets: environment.alertSecrets,
    newId: idsFrom(runtime.now, runtime.randomBytes),
    wake: wake.wake,
    observed,
    sources: sourcesOf(environment),
    ...(environment.slack === undefined ? {} : { slack: installation }),
    engineLagMs,
    // Right after the start it is only not known to be right.
    isClockWrong: () => clock.hasJumped() || (!clock.isSteady() && runtime.now() - begunAt > STARTED_MS),
    // On Workers each source is a receiver of its own, and one of them is enough.
    ...(source === undefined
      ? {}
      : { hasHeartbeat: source.name === (source.all.includes(DEFAULT_SOURCE) ? DEFAULT_SOURCE : source.all[0]) }),
    configTrouble: () => (configStatus === undefined ? undefined : configTrouble(configStatus())),
  });
}

/** On `/readyz`. */
export function configNotice({ configStatus }: PartContext): Extension {
  return { details: () => configBanners(configStatus).map(({ text }) => text) };
}

/** On every page. */
function configBanners(status: ComposeOptions['configStatus']): Banner[] {
  const text = status === undefined ? undefined : configTrouble(status());
  return text === undefined ? [] : [{ kind: 'bad', text }];
}
