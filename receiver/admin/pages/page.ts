import type { AdminContext } from '../access.ts';
import { type Html, html } from '../components/html.ts';
import { identityOf } from '../guard.ts';
import type { Identity } from '../identity.ts';
import { SCRIPT_PATH, STYLE_PATH } from './assets.ts';

/** Something that everybody must see on every page. */
export interface Banner {
  readonly kind: 'wait' | 'bad';
  readonly text: string;
  /** Where something can be done about it, below the base path. */
  readonly link?: { readonly path: string; readonly text: string };
}

/** What all pages share. */
export interface Shell {
  /** BASE_PATH: blank, or such as `/relay`. */
  readonly basePath: string;
  /** On Workers, whose objects each have a source: kept in every link. */
  readonly source?: string;
  /** All that there are, where the reader may choose; left out: there is nothing to choose. */
  readonly sources?: readonly string[];
  readonly banners: readonly Banner[];
}

export interface PageContent {
  readonly title: string;
  /** One sentence under the title; left out: none. */
  readonly lead?: string;
  /** Right of the title. */
  readonly aside?: Html;
  readonly body: Html;
  /** A small form in the middle; left out: the whole width. */
  readonly isNarrow?: boolean;
}

const MENU = [
  ['/', 'Events'],
  ['/models', 'Models'],
  ['/routes', 'Routes'],
  ['/automations', 'Automations'],
  ['/simulate', 'Simulate'],
  ['/pauses', 'Pauses'],
] as const;

/** No inline script and no inline style, nothing from elsewhere, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of every page: nothing of it is kept anywhere, and no other site gets to know its address. */
export const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** The address of a page, with what has to be in every link. */
export function linkTo({ basePath, source }: Shell, path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const search = new URLSearchParams();
  if (source !== undefined) search.set('source', source);
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, value);
  const text = search.toString();
  return `${basePath}${path}${text === '' ? '' : `?${text}`}`;
}

/** What keeps the source in a form that is sent with GET: its address's own query is dropped by browsers. */
export function sourceField({ source }: Pick<Shell, 'source'>): Html {
  return source === undefined ? html`` : html`<input type="hidden" name="source" value="${source}">`;
}

/** Answers a whole page. */
export async function answerPage(
  c: AdminContext,
  shell: Shell,
  content: PageContent,
  status: 200 | 400 | 403 | 404 | 409 | 413 | 429 = 200,
): Promise<Response> {
  const text = await pageText(shell, content, identityOf(c), c.req.path);
  return c.html(text, status, PAGE_HEADERS);
}

/** @param identity left out: nobody is signed in, so there is no menu */
export async function pageText(shell: Shell, content: PageContent, identity: Identity | undefined, path: string): Promise<string> {
  const { title, lead, aside, body, isNarrow = false } = content;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · wandb-relay</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${shell.basePath}${STYLE_PATH}">
<script type="module" src="${shell.basePath}${SCRIPT_PATH}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
${identity === undefined ? html`<header class="top"><div class="top-inner"><a class="brand" href="${linkTo(shell, '/')}">${MARK}wandb-relay</a></div></header>` : topBar(shell, identity, path)}
<div data-part="banners">${shell.banners.map((banner) => bannerBar(shell, banner))}</div>
<main class="page${isNarrow ? ' narrow' : ''}" id="content">
<div class="head"><h1>${title}</h1>${aside ?? ''}${lead === undefined ? '' : html`<p class="lead">${lead}</p>`}</div>
${body}
</main>
</body>
</html>`;
  return String(await page);
}

function topBar(shell: Shell, identity: Identity, path: string): Html {
  const here = path.startsWith(shell.basePath) ? path.slice(shell.basePath.length) || '/' : path;
  const isHere = (target: string): boolean => (target === '/' ? here === '/' || here.startsWith('/events') : here.startsWith(target));
  return html`<header class="top"><div class="top-inner">
<a class="brand" href="${linkTo(shell, '/')}">${MARK}wandb-relay</a>
<nav aria-label="Pages"><ul class="menu">${MENU.map(
    ([target, text]) => html`<li><a href="${linkTo(shell, target)}"${isHere(target) ? html` aria-current="page"` : ''}>${text}</a></li>`,
  )}</ul></nav>
${sourceChooser(shell, MENU.find(([target]) => target === here)?.[0] ?? '/')}
<div class="who"><span>${identity.name}${identity.role === 'viewer' ? ' (reads only)' : ''}</span>${
    identity.via === 'session'
      ? html`<form method="post" action="${linkTo(shell, '/sign-out')}"><button class="plain">Sign out</button></form>`
      : ''
  }</div>
</div></header>`;
}

/** On Workers with several sources: each has pages of its own. */
function sourceChooser({ basePath, source, sources = [] }: Shell, path: string): Html {
  if (sources.length < 2) return html``;
  return html`<form class="sources" method="get" action="${basePath}${path}"><label><span>Source</span><select name="source">${sources.map(
    (one) => html`<option${one === source ? html` selected` : ''}>${one}</option>`,
  )}</select></label><button class="plain">Show</button></form>`;
}

function bannerBar(shell: Shell, { kind, text, link }: Banner): Html {
  return html`<div class="banner${kind === 'bad' ? ' bad' : ''}" role="status"><div class="banner-inner"><span>${text}</span>${
    link === undefined ? '' : html`<a href="${linkTo(shell, link.path)}">${link.text}</a>`
  }</div></div>`;
}

const MARK = html`<svg viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"><circle cx="4" cy="10" r="2.25"/><path d="M7.5 10h8M12 5.5 16.5 10 12 14.5"/></svg>`;
