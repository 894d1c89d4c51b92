import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createAccess } from '../../../../receiver/admin/access.ts';
import { readAccess } from '../../../../receiver/admin/access-settings.ts';
import { createChanges } from '../../../../receiver/admin/pages/changes.ts';
import { pages } from '../../../../receiver/admin/pages/pages.ts';
import { pauseBanners } from '../../../../receiver/admin/pages/pause-banners.ts';
import { listen } from '../../../../receiver/node.ts';
import type { Store } from '../../../../receiver/store/store.ts';
import { acceptInBatches } from '../../../../receiver/webhook/accept-batch.ts';
import { planRollbackWith, rollBackWith } from '../../../../receiver/webhook/roll-back.ts';
import type { PlanOptions } from '../../../../receiver/webhook/route-event.ts';
import { type Config, readConfig } from '../../../../src/config/config.ts';
import { formatDiagnostic } from '../../../../src/lib/diagnostic.ts';
import { idsFrom } from '../../../../src/lib/id.ts';
import { compileRoute, routeMatches } from '../../../../src/route/route.ts';
import { type TestReceiver, testReceiver } from '../../../stand-ins/receiver-in-process.ts';

export const CONFIG = `
version: 1
organization: acme-inc
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
  - name: guarded
    on: { event: add_artifact_alias, alias: guarded }
    approval: { slack: "#ml", by: [U012ABC], allow_self: false }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-guarded }
  - name: talk
    on: { event: add_artifact_alias, alias: talk }
    to:
      - slack: { channel: "#ml" }
`;

export const TOKENS = {
  ada: 'token-of-ada-1',
  shared: 'token-of-all-admins',
  viewer: 'token-of-viewers',
} as const;

export interface TestPages extends TestReceiver {
  readonly url: string;
  get(path: string, as?: keyof typeof TOKENS): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }>;
  /** Sends a form; `location` is where it leads. */
  send(
    path: string,
    fields: Readonly<Record<string, string>>,
    as?: keyof typeof TOKENS,
  ): Promise<{ readonly status: number; readonly location: string | null; readonly text: string }>;
  open(path: string, as?: keyof typeof TOKENS): Promise<Response>;
  stop(): Promise<void>;
}

/** Plans and rolls back as a receiver with this config. */
function planOf({ routes: definitions, settings }: Config, now: () => number): PlanOptions {
  const routes = definitions.map(compileRoute);
  return {
    matchRoutes: (event, payload) => routes.filter((route) => routeMatches(route, event, payload)),
    credentialFor: () => 'github',
    newId: idsFrom(now, () => randomBytes(16)),
    connected: { slack: true, wandb: false },
    slackUsers: () => settings.slackUsers,
  };
}

function rollbacks(options: PlanOptions & { readonly store: Store; readonly now: () => number }) {
  const { store, now } = options;
  const common = { ...options, app: () => ({ url: 'https://wandb.example' }) };
  return { rollBack: rollBackWith({ ...common, accept: acceptInBatches(store, 0, now) }), planRollback: planRollbackWith(common) };
}

/** A receiver with its pages on a port of its own, until the test ends. It sends nothing. */
export async function testPages({ basePath = '', mostStreams = 50, config: text = CONFIG } = {}): Promise<TestPages> {
  const settings = readAccess(
    (name) =>
      ({
        RELAY_ADMIN_TOKENS: `ada:${TOKENS.ada}`,
        RELAY_ADMIN_TOKEN: TOKENS.shared,
        RELAY_VIEWER_TOKEN: TOKENS.viewer,
      })[name],
    [],
  );
  const config = readConfig(text, 'wandb-relay.yaml');
  if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join('\n'));
  const tested = testReceiver({
    config: text,
    basePath,
    access: settings,
    extensions: ({ store, log, now, redactor }) => {
      const access = createAccess({ settings, now, newId: () => randomBytes(16).toString('hex'), basePath });
      const changes = createChanges({ revision: () => store.revision(), log, pollMs: 20, heartbeatMs: 50, mostStreams });
      const banners = pauseBanners(store, now);
      const plan = planOf(config.value, now);
      const options = {
        store,
        log,
        now,
        redactor,
        config: () => config.value,
        wake: () => {
          banners.forget();
          changes.look();
        },
        shell: async () => ({ basePath, banners: await banners.banners() }),
        githubUrl: 'https://github.com',
        githubApiUrl: 'https://api.github.com',
        plan,
        ...rollbacks({ ...plan, store, now }),
        wandbAppUrl: 'https://wandb.example',
        credentialFor: () => 'github',
        sandbox: true,
        live: 'stream' as const,
        changes,
      };
      return [{ path: '/', routes: pages(access, options), stop: changes.stop }];
    },
  });
  const { url, stop } = await listen({ ...tested.receiver, start: () => undefined }, '127.0.0.1', 0, { log: tested.logger });
  onTestFinished(stop);
  const headersOf = (as: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[as]}` });
  const open = (path: string, as: keyof typeof TOKENS = 'ada') =>
    fetch(`${url}${basePath}${path}`, { headers: headersOf(as), redirect: 'manual' });
  return {
    ...tested,
    url,
    stop,
    open,
    get: async (path, as) => {
      const answer = await open(path, as);
      return { status: answer.status, text: await answer.text(), headers: answer.headers };
    },
    send: async (path, fields, as = 'ada') => {
      const answer = await fetch(`${url}${basePath}${path}`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: headersOf(as),
        redirect: 'manual',
      });
      return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
    },
  };
}
