import { type CompiledTarget, compileTarget } from './target.ts';
import type { TargetDefinition } from './target-schema.ts';

/** More definitions than this are hardly in use at once: a definition is a target of one route. */
const MOST_KEPT = 256;

/**
 * `compileTarget` for definitions that come out of the store: those that were compiled before are not compiled again. Keeps
 * the latest 256.
 */
export function rememberingCompiler(compile: (definition: TargetDefinition) => CompiledTarget = compileTarget) {
  const kept = new Map<string, CompiledTarget>();
  return (definition: TargetDefinition): CompiledTarget => {
    const key = JSON.stringify(definition);
    const compiled = kept.get(key) ?? compile(definition);
    // Last in the order, so that the first is the one that was not used for longest.
    kept.delete(key);
    kept.set(key, compiled);
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    return compiled;
  };
}
