import { type Document, isAlias, isCollection, isMap, isNode, isPair, isScalar, type LineCounter, type Node, type Pair } from 'yaml';
import type { Diagnostic, SourceLocation } from '../lib/diagnostic.ts';

/** The keys and indexes that lead to a field: `['routes', 0, 'to', 1]`. */
export type ConfigPath = readonly (string | number)[];

/** A path as people write it: `routes[0].to[1]`; blank for the whole file. */
export function formatPath(path: ConfigPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** Finds fields in the config files. */
export interface Locator {
  /** True when the file has a value at the path. */
  has(path: ConfigPath): boolean;
  /** A diagnostic at the value; where there is none, at the innermost value around it. An error unless `severity` says otherwise. */
  at(path: ConfigPath, message: string, severity?: Diagnostic['severity']): Diagnostic;
  /** Like `at`, but at the key instead of its value. */
  atKey(path: ConfigPath, message: string, severity?: Diagnostic['severity']): Diagnostic;
  /** Where the value is; where there is none, the innermost value around it. */
  locationOf(path: ConfigPath): SourceLocation;
}

/** The locator of one parsed YAML file. */
export function locatorOf(file: string, document: Document, lines: LineCounter): Locator {
  const has = (path: ConfigPath): boolean => {
    let node: unknown = document.contents;
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (!isCollection(node) || !node.has(part)) return false;
      node = node.get(part, true);
    }
    return true;
  };
  const locationOf = (path: ConfigPath): SourceLocation => locationAt(file, lines, offsetOf(nearestNode(document, path)));
  const fieldOf = (path: ConfigPath) => (path.length === 0 ? {} : { field: formatPath(path) });
  return {
    has,
    locationOf,
    at: (path, message, severity = 'error') => ({ severity, message, location: locationOf(path), ...fieldOf(path) }),
    atKey: (path, message, severity = 'error') => {
      const key = keyNode(document, path);
      const location = key === undefined ? locationOf(path) : locationAt(file, lines, offsetOf(key));
      return { severity, message, location, ...fieldOf(path) };
    },
  };
}

/** A locator whose paths are those of another document: `originOf` says where each was written. */
export function mappedLocator(locator: Locator, originOf: (path: ConfigPath) => ConfigPath): Locator {
  return {
    has: (path) => locator.has(originOf(path)),
    at: (path, message, severity) => locator.at(originOf(path), message, severity),
    atKey: (path, message, severity) => locator.atKey(originOf(path), message, severity),
    locationOf: (path) => locator.locationOf(originOf(path)),
  };
}

/** A locator of a text that was rendered from another file: `locate` says where in that one a value was made. */
export function elsewhereLocator(locator: Locator, locate: (path: ConfigPath) => SourceLocation): Locator {
  const moved = (path: ConfigPath, diagnostic: Diagnostic): Diagnostic => ({ ...diagnostic, location: locate(path) });
  return {
    has: locator.has,
    at: (path, message, severity) => moved(path, locator.at(path, message, severity)),
    atKey: (path, message, severity) => moved(path, locator.atKey(path, message, severity)),
    locationOf: locate,
  };
}

/** @param offset in characters from the start of the file */
export function locationAt(file: string, lines: LineCounter, offset: number): SourceLocation {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The node at the path, or the innermost one around it that exists. */
function nearestNode(document: Document, path: ConfigPath): Node | null {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node;
  }
  return document.contents;
}

function keyNode(document: Document, path: ConfigPath): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item: Pair) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1));
  return isNode(pair?.key) ? pair.key : undefined;
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
