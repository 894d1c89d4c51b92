import { resolve } from 'node:path';
import { parse } from 'yaml';
import { defaultNamespace } from '../config/namespace.ts';
import { type ReadOptions, readConfigSources } from './definitions.ts';
import { pathInRepository } from './repository-top.ts';

/** The namespace of config files that have errors, as well as it can be read: a comment about the errors belongs to it. */
export async function namespaceOfFiles(cwd: string, patterns: readonly string[], options: ReadOptions): Promise<string> {
  const sources = await readConfigSources(cwd, patterns, options);
  if (!sources.ok) return defaultNamespace(patterns.map((pattern) => pathInRepository(resolve(cwd, pattern), cwd, options.workspace)));
  const declared = sources.value.map(({ text }) => declaredIn(text)).find((namespace) => namespace !== undefined);
  return declared ?? defaultNamespace(sources.value.map(({ path }) => path));
}

function declaredIn(text: string): string | undefined {
  try {
    const content: unknown = parse(text);
    const found = typeof content === 'object' && content !== null && 'namespace' in content ? content.namespace : undefined;
    return typeof found === 'string' ? found : undefined;
  } catch {
    // Not YAML: the line itself may still be readable.
    return /^namespace:[ \t]*["']?([^\s"'#][^"'#\n]*?)["']?[ \t]*$/m.exec(text)?.[1];
  }
}
