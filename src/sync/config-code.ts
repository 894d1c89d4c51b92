import { existsSync, readFileSync } from 'node:fs';
import { type LoadHookContext, type ResolveFnOutput, type ResolveHookContext, registerHooks } from 'node:module';
import { extname, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type CallSite, callSiteOf, ownFiles, publishedBuilders, readCallSite } from '../builders/call-site.ts';
import type { ConfigPath } from '../config/locator.ts';
import type { Diagnostic, SourceLocation } from '../lib/diagnostic.ts';
import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** A config file that is code, rendered. */
export interface RenderedConfig {
  /** JSON. */
  readonly text: string;
  /** Where the builder that made a value was called: that of the innermost value around it, at least the file. */
  readonly locate: (path: ConfigPath) => SourceLocation;
}

/**
 * Runs a TypeScript or JavaScript file, a module or CommonJS, in a package of any `type` or in none, and renders its default
 * export (or `module.exports`) as JSON. `wandb-relay/builders` is found although the package is not installed there.
 *
 * @param cwd what the names of files in locations are relative to
 * @returns an error at the line of the file that threw
 */
export async function renderConfigCode(name: string, cwd: string): Promise<Result<RenderedConfig, Diagnostic>> {
  const path = resolve(cwd, name);
  const hooks = registerHooks({ resolve: resolveImport, load: loadImport });
  try {
    const exported = exportedConfig(await import(pathToFileURL(path).href));
    if (typeof exported !== 'object' || exported === null) {
      return err({
        severity: 'error',
        message: 'must export a config as default: export default config({ … })',
        location: { file: name, line: 1, column: 1 },
      });
    }
    return ok({ text: JSON.stringify(exported, null, 2), locate: (place) => locationIn(exported, place, name, cwd) });
  } catch (error) {
    const site = error instanceof Error ? siteOfError(error) : undefined;
    const location = site === undefined ? { file: name, line: 1, column: 1 } : locationOf(site, cwd);
    return err({ severity: 'error', message: `cannot be run: ${messageOf(error)}`, location });
  } finally {
    hooks.deregister();
  }
}

/** The default export; of CommonJS, and of what compilers make of a module, `module.exports` or its `default`. */
function exportedConfig(module: unknown): unknown {
  const exported = fieldOf(module, 'default');
  return fieldOf(exported, '__esModule') === true ||
    (fieldOf(exported, 'version') === undefined && fieldOf(exported, 'default') !== undefined)
    ? fieldOf(exported, 'default')
    : exported;
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function locationIn(config: object, path: ConfigPath, name: string, cwd: string): SourceLocation {
  let site = callSiteOf(config);
  let value: unknown = config;
  for (const part of path) {
    value = fieldOf(value, String(part));
    if (typeof value !== 'object' || value === null) break;
    site = callSiteOf(value) ?? site;
  }
  return site === undefined ? { file: name, line: 1, column: 1 } : locationOf(site, cwd);
}

function locationOf({ file, line, column }: CallSite, cwd: string): SourceLocation {
  const path = file.startsWith('file:') ? fileURLToPath(file.replace(/\?.*$/, '')) : file;
  return { file: relative(cwd, path), line, column };
}

/** A syntax error has its place in the first line of its stack, any other error in its frames. */
function siteOfError({ stack = '' }: Error): CallSite | undefined {
  const syntax = /^((?:file:\/\/|\/|[A-Za-z]:\\)[^\n]*?):(\d+)\n/.exec(stack);
  if (syntax?.[1] !== undefined) return { file: syntax[1], line: Number(syntax[2]), column: 1 };
  const site = readCallSite(stack);
  const isOurs =
    site?.file.startsWith(ownFiles().folder.replace(/builders\/$/, '')) === true || site?.file.includes('node_modules') === true;
  return isOurs ? undefined : site;
}

const BUILDERS = 'wandb-relay/builders';

type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput;

/** The builders without an installed package, and TypeScript's ways to name a file beside this one. */
function resolveImport(specifier: string, context: ResolveHookContext, next: NextResolve): ResolveFnOutput {
  try {
    return next(specifier, context);
  } catch (error) {
    if (specifier === BUILDERS) return { url: ownBuilders(), shortCircuit: true };
    for (const candidate of /^\.{1,2}\//.test(specifier) ? [`${specifier}.ts`, specifier.replace(/\.([cm]?)js$/, '.$1ts')] : []) {
      try {
        return next(candidate, context);
      } catch {
        // The first error names what was written.
      }
    }
    throw error;
  }
}

/** Beside the module that reads call sites; in the published bundle, which has that in a chunk, in a folder of their own. */
function ownBuilders(): string {
  const { folder, extension } = ownFiles();
  const beside = `${folder}builders${extension}`;
  return existsSync(new URL(beside)) ? beside : `${publishedBuilders(folder)}builders.js`;
}

type NextLoad = (url: string, context?: Partial<LoadHookContext>) => ReturnType<Parameters<typeof registerHooks>[0]['load'] & {}>;

/** `import` and `export` at the beginning of a line: a module, whatever the package says. */
const MODULE_SYNTAX =
  /^[ \t]*(?:import\s*(?:[\w$*{"']|type\s)|export\s*(?:\{|\*|default\b|const\b|let\b|function\b|class\b|async\b|type\b|interface\b))/m;

function loadImport(url: string, context: LoadHookContext, next: NextLoad): ReturnType<NextLoad> {
  const extension = url.startsWith('file:') && !url.includes('/node_modules/') ? extname(new URL(url).pathname) : '';
  if (!['.ts', '.cts', '.js'].includes(extension)) return next(url, context);
  const isModule = MODULE_SYNTAX.test(readFileSync(new URL(url), 'utf8'));
  if (!isModule) return next(url, context);
  return next(url, { ...context, format: extension === '.js' ? 'module' : 'module-typescript' });
}
