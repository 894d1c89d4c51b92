import { fieldOfVariable } from '../event/webhook-body.ts';
import { hasTypographicQuotes } from '../lib/typographic-quotes.ts';
import type { Config } from './config.ts';
import type { ConfigPath, ConfigProblem } from './config-problem.ts';

/**
 * What a config allows and its author probably does not mean, each with its place: a variable of W&B inside a route, where
 * nothing fills it in, and typographic quotes in a condition, which are compared like any other letter.
 */
export function configWarnings(config: Config): ConfigProblem[] {
  const { automations, routes, routePaths, locator } = config;
  const warnings: ConfigProblem[] = [];
  const check = (value: unknown, path: ConfigPath, warningOf: (text: string) => string | undefined): void =>
    eachText(value, path, (text, at, isKey) => {
      const message = warningOf(text);
      if (message !== undefined) warnings.push(isKey ? locator.atKey(at, message) : locator.at(at, message));
    });
  routes.forEach((route, i) => {
    const { name: _name, on, source, ...rest } = route;
    const path = routePaths[i] ?? [];
    // What a relay action does not say itself was made from literals.
    if (path[0] === 'routes') check({ on, source }, path, conditionWarning);
    check(rest, path, templateWarning);
  });
  automations.forEach(({ event, runs }, i) => {
    check({ event, runs }, ['automations', i], quotesWarning);
  });
  return warnings.sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Calls `look` with every text in a value, the keys of mappings among them, and where it stands. */
function eachText(value: unknown, path: ConfigPath, look: (text: string, path: ConfigPath, isKey: boolean) => void): void {
  if (typeof value === 'string') look(value, path, false);
  if (typeof value !== 'object' || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, isList ? Number(key) : key];
    if (!isList) look(key, at, true);
    eachText(item, at, look);
  }
}

/** `${alias}`, `${artifact_metadata.val/loss}`; not `${{ … }}`, which is GitHub's, nor `${HOME:-x}`, which is a shell's. */
const VARIABLE = /\$\{\s*(artifact_metadata\.[^{}]*[^{}\s]|[\w.]+)\s*\}/;

function templateWarning(text: string): string | undefined {
  const [whole, name] = VARIABLE.exec(text) ?? [];
  return whole === undefined || name === undefined ? undefined : `${notFilledIn(whole)}. Write {{ event.${fieldOfVariable(name)} }}`;
}

function conditionWarning(text: string): string | undefined {
  const [whole] = VARIABLE.exec(text) ?? [];
  return whole === undefined ? quotesWarning(text) : `${notFilledIn(whole)}. The condition compares with this very text`;
}

function notFilledIn(variable: string): string {
  return `${variable} stays as it is here: W&B fills in its variables only in the payload of an automation`;
}

function quotesWarning(text: string): string | undefined {
  if (!hasTypographicQuotes(text)) return undefined;
  return `${JSON.stringify(text)} has typographic quotes, which are part of the value: write " or ' around it instead`;
}
