import { wandbAppUrl } from '../src/event/wandb-links.ts';
import type { Banner, Shell } from './admin/pages/page.ts';
import type { ComposeOptions, ExtensionContext, PartContext } from './compose-context.ts';
import { configTrouble } from './config-status.ts';
import type { TargetSet } from './github/targets.ts';
import { type Extension, queueCredential } from './receiver.ts';

/** The pages, where somebody may see them. */
export async function pagesFor(context: ExtensionContext, github: TargetSet): Promise<Extension[]> {
  const { runtime, environment, access, config, configStatus, githubUrl, sandbox, store, wake, rollBack, wakeLater, source } = context;
  if (config === undefined || !access.hasApi) return [];
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
    rollBack,
    shell,
    wandbAppUrl: wandbAppUrl(environment.wandbBaseUrl),
    credentialFor: queueCredential(github.credentialFor),
  };
  // A Worker's object is not kept awake by pages that listen.
  if (wakeLater !== undefined) return [{ path: '/', routes: pages(access, { ...common, live: 'poll' }) }];
  const changes = createChanges({ revision: () => store.revision(), log: runtime.log });
  wake.register(changes.look);
  return [{ path: '/', routes: pages(access, { ...common, live: 'stream', changes }), stop: changes.stop }];
}

/** Where there is one source, nobody has to choose it, and no address names it. */
export function shellSource(source: ComposeOptions['source']): Pick<Shell, 'source' | 'sources'> {
  if (source === undefined || (source.all.length < 2 && source.all.includes(source.name))) return {};
  // One whose secret was removed can be looked at, too.
  return { source: source.name, sources: [...new Set([...source.all, source.name])] };
}

/** `/metrics`, where somebody may read it. */
export async function metricsFor(context: ExtensionContext): Promise<Extension[]> {
  const { runtime, environment, access, metrics, store, engineLagMs, configStatus } = context;
  const isPublic = environment.access.metricsArePublic;
  if (!isPublic && !access.hasApi) return [];
  const [{ metricsEndpoint, recentFamilies }, { readGauges, gaugeFamilies }] = await Promise.all([
    import('./metrics/endpoint.ts'),
    import('./metrics/gauges.ts'),
  ]);
  const { now } = runtime;
  const isRefused = configStatus === undefined ? {} : { configRefused: () => configStatus().refused !== undefined };
  const families = recentFamilies(async () => {
    const gauges = await readGauges({ store, engineLagMs, ...isRefused }, now());
    return [...((await metrics?.families()) ?? []), ...gaugeFamilies(gauges, now())];
  }, now);
  return [{ path: '/metrics', routes: metricsEndpoint({ access, isPublic, families, text: metrics?.text }), metrics: families }];
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
