import { err, ok, type Result } from './result.ts';

/** Hosts of an app for people, each with the address of its API. */
export type AppHosts = readonly { readonly isApp: (url: URL) => boolean; readonly api: string }[];

/** W&B's SDK refuses these, too. CoreWeave Forge is the app since 2026-09-30; the API has stayed where it was. */
export const WANDB_APP: AppHosts = [
  {
    isApp: ({ hostname }) => /^(www\.|app\.|beta\.)?wandb\.ai$/.test(hostname) || hostname === 'forge.coreweave.com',
    api: 'https://api.wandb.ai',
  },
];
export const GITHUB_APP: AppHosts = [{ isApp: ({ hostname }) => /^(www\.)?github\.com$/.test(hostname), api: 'https://api.github.com' }];
export const SLACK_APP: AppHosts = [
  { isApp: ({ hostname, pathname }) => /(^|\.)slack\.com$/.test(hostname) && !/^\/api\/?$/.test(pathname), api: 'https://slack.com/api' },
];

/**
 * Reads the address of an API. The result has no slash at its end. The error says what to write, and does not repeat a
 * user name, a password, or the part of a path that may be secret.
 */
export function readApiAddress(text: string, otherwise: string, apps: AppHosts): Result<string, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && `${url.username}${url.password}` !== '')
    return err(`has a user name or a password, which would not be sent: remove it, as in ${otherwise}`);
  const app = url === undefined ? undefined : apps.find(({ isApp }) => isApp(url));
  if (url !== undefined && app !== undefined) return err(`${url.hostname}${api(url)} is not the address of the API: set it to ${app.api}`);
  if (url === undefined || !/^https?:$/.test(url.protocol)) return err(`"${text}" is not an http or https address, such as ${otherwise}`);
  if (/[?#]/.test(text)) return err(`"${text}" has a query or a fragment ("?" or "#"): remove it, as in ${otherwise}`);
  if (/\/graphql\/*$/i.test(url.pathname)) return err(`"${text}" must not end in "/graphql": remove that`);
  return ok(text.replace(/\/+$/, ''));
}

/** The first part of the path is enough to recognise the address. The rest may be the secret of a webhook. */
function api({ pathname }: URL): string {
  return /^\/[^/]*/.exec(pathname)?.[0].replace(/^\/$/, '') ?? '';
}
