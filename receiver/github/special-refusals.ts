import { oneLine } from '../../src/event/one-line.ts';

/** Refusals of GitHub that have a cause of their own, whatever was asked for. Pure. */

export interface RefusedRequest {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  /** GitHub's own words, or the page. */
  readonly text: string;
  /** The address that was asked. */
  readonly url: string;
  /** `acme/deploy` */
  readonly repository: string;
}

/**
 * What a person can do about a refusal that is not about permissions, or `undefined` for any other.
 *
 * Sources: GitHub documentation, "Authenticating with SAML single sign-on" (header `X-GitHub-SSO`), "Archiving
 * repositories" (read-only), "Managing allowed IP addresses"; messages as GitHub's API gives them.
 */
export function specialHint({ status, headers, text, url, repository }: RefusedRequest): string | undefined {
  if (isHtml(headers, text)) return `An HTML page came instead of an answer of GitHub's API: ${addressHint(url)}`;
  const sso = String(headers['x-github-sso'] ?? '');
  const owner = repository.split('/')[0] ?? repository;
  const forbidden = status === 403;
  if (sso !== '' || (forbidden && /\bSAML\b/i.test(text))) {
    return `${owner} requires SAML single sign-on: authorize the token for ${owner} (GitHub: Settings, Developer settings, the token, "Configure SSO"), and replay`;
  }
  if ((forbidden && /\barchived\b/i.test(text)) || /\brepository (?:was|is|has been) archived\b/i.test(text))
    return `${repository} is archived and read-only: unarchive it, or name another repository in the config`;
  if (forbidden && /\bIP allow list\b/i.test(text)) {
    return `${owner} has an IP allow list: add the address from which this receiver reaches GitHub (that of its proxy, if it has one), and replay`;
  }
  // No JSON from an address that has none: a server's pages for people.
  if ((status === 404 || status === 405 || status === 406) && !isJson(headers)) return addressHint(url);
  return undefined;
}

/** Whether a page came where GitHub's API gives JSON: from a login, a proxy, or a server's pages for people. */
export function isHtml(headers: RefusedRequest['headers'], text: string): boolean {
  return (
    /\bhtml\b/i.test(String(headers['content-type'] ?? '')) ||
    /^\ufeff?\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body)\b/i.test(text)
  );
}

function isJson(headers: RefusedRequest['headers']): boolean {
  return /\bjson\b/i.test(String(headers['content-type'] ?? ''));
}

/** A page in a few words: its title, never its markup. */
export function pageWords(page: string): string {
  const title = oneLine(/<title[^>]{0,100}>([^<]{1,200})/i.exec(page)?.[1] ?? '').replaceAll(/\s+/g, ' ');
  return title === '' ? 'an HTML page' : `an HTML page, "${title.slice(0, 100)}"`;
}

/** What may be wrong with GITHUB_API_URL, by an address that was asked (GitHub Enterprise Server documentation, "REST API": root). */
export function addressHint(url: string): string {
  const { host, hostname, pathname, protocol } = new URL(url);
  if (hostname === 'github.com' || hostname === 'www.github.com') return 'set GITHUB_API_URL to https://api.github.com';
  const isApi = /^api\./.test(hostname) || pathname.startsWith('/api/v3/');
  if (isApi) return 'does GITHUB_API_URL point to GitHub, and does a proxy or a login stand in between?';
  return `does GITHUB_API_URL point to GitHub's API? That of a GitHub Enterprise Server ends in /api/v3: ${protocol}//${host}/api/v3`;
}
