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
 * Reads the address of an API, without a slash at its end. The error says what cannot work and what to write; it does not
 * repeat an address that may hold a secret.
 */
export function readApiAddress(text: string, otherwise: string, apps: AppHosts): Result<string, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && `${url.username}${url.password}` !== '')
    return err(`has a user name or a password in it, which is not sent: leave it out, as in ${otherwise}`);
  const app = url === undefined ? undefined : apps.find(({ isApp }) => isApp(url));
  if (url !== undefined && app !== undefined) return err(`${url.hostname}${api(url)} is not the address of the API: set it to ${app.api}`);
  if (url === undefined || !/^https?:$/.test(url.protocol)) return err(`"${text}" is not an http or https address, such as ${otherwise}`);
  if (/[?#]/.test(text)) return err(`"${text}" has more behind the path ("?" or "#"): leave that out, as in ${otherwise}`);
  if (/\/graphql\/*$/i.test(url.pathname)) return err(`"${text}" must not end in "/graphql": leave that out`);
  return ok(text.replace(/\/+$/, ''));
}

/** The first part of the path is enough to recognise the address; what follows may be the secret of a webhook. */
function api({ pathname }: URL): string {
  return /^\/[^/]*/.exec(pathname)?.[0].replace(/^\/$/, '') ?? '';
}
