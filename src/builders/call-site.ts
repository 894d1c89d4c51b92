/** Where in the user's file a builder was called, so that an error points there and not into the rendered JSON. */
export interface CallSite {
  /** An absolute path, or a `file:` URL. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Shared by every copy of this package in the process: the user's file may import another one than the command line. */
const KEY = Symbol.for('wandb-relay.builders.call-sites');

function callSites(): WeakMap<object, CallSite> {
  const shared = globalThis as { [KEY]?: WeakMap<object, CallSite> };
  shared[KEY] ??= new WeakMap();
  return shared[KEY];
}

/** Remembers that a value was made where the builder that calls this was called. Returns the value. */
export function placed<T extends object>(value: T): T {
  const site = readCallSite(new Error().stack ?? '');
  if (site !== undefined && !callSites().has(value)) callSites().set(value, site);
  return value;
}

/** A copy that is where its original is. */
export function copied<T extends object>(original: T): T {
  const copy = { ...original };
  const site = callSites().get(original);
  if (site !== undefined) callSites().set(copy, site);
  return copy;
}

/** Where a value of a builder was made, or `undefined`. */
export function callSiteOf(value: object): CallSite | undefined {
  return callSites().get(value);
}

const FRAME = /(?:\(|\bat (?:async )?)((?:file:\/\/|\/|[A-Za-z]:\\)[^\n()]*?):(\d+):(\d+)\)?$/;

/**
 * The folder of this file as a `file:` URL, and the extension of the files in it. They are read from a stack: the bundle of the
 * Action, which runs no code, is CommonJS and has no `import.meta.url`.
 */
export function ownFiles(): { readonly folder: string; readonly extension: string } {
  const file = FRAME.exec(new Error().stack?.split('\n')[1] ?? '')?.[1] ?? '';
  return { folder: file.replace(/[^/]*$/, ''), extension: file.replace(/^.*\./, '.') };
}

/** Where the builders are for code in the published bundle, of which `folder` is the one with the chunks. A `file:` URL. */
export function publishedBuilders(folder: string): string {
  return URL.canParse('../src/builders/', folder) ? new URL('../src/builders/', folder).href : folder;
}

/** The first frame of a stack that is in the user's code. Type stripping keeps lines and columns. */
export function readCallSite(stack: string): CallSite | undefined {
  for (const line of stack.split('\n')) {
    const [, file, at, column] = FRAME.exec(line) ?? [];
    if (file === undefined || isOurs(file)) continue;
    return { file, line: Number(at), column: Number(column) };
  }
  return undefined;
}

function isOurs(file: string): boolean {
  const url = file.startsWith('file:') ? file : `file://${file.replaceAll('\\', '/')}`;
  const { folder } = ownFiles();
  return [folder, publishedBuilders(folder)].some((own) => url.startsWith(own)) || url.includes('/wandb-relay/build/src/builders/');
}
