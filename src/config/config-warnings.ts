import { fieldOfVariable } from '../event/webhook-body.ts';
import { byPosition, type Diagnostic } from '../lib/diagnostic.ts';
import { hasTypographicQuotes } from '../lib/typographic-quotes.ts';
import type { Config } from './config.ts';
import type { ConfigPath } from './locator.ts';

/**
 * Warnings about what is valid and probably a mistake:
 *
 * - a W&B variable inside a route, where nothing fills it in
 * - typographic quotes in a condition, which are compared like any other character
 * - `allow_self: false` without `settings.slack_users`, so that nobody can approve
 * - `notify` that nobody can be found for
 * - a route that starts workflows and has no Slack channel, without `alerts.slack`, so that nobody hears of its failures
 *
 * @returns by file, then by position
 */
export function configWarnings(config: Config): Diagnostic[] {
  const { automations, routes, locator } = config;
  const warnings = [...approvalWarnings(config), ...notifyWarnings(config), ...silentRoutes(config)];
  const check = (value: unknown, path: ConfigPath, warningOf: (text: string) => string | undefined): void =>
    eachText(value, path, (text, at, isKey) => {
      const message = warningOf(text);
      if (message !== undefined) warnings.push(isKey ? locator.atKey(at, message, 'warning') : locator.at(at, message, 'warning'));
    });
  for (const { name: _name, location: _location, path, on, source, ...rest } of routes) {
    // The conditions of a relay action are generated from literals.
    if (path[0] === 'routes') check({ on, source }, path, conditionWarning);
    check(rest, path, templateWarning);
  }
  for (const { event, runs, path } of automations) check({ event, runs }, path, quotesWarning);
  return warnings.sort((a, b) => compareText(a.location?.file ?? '', b.location?.file ?? '') || byPosition(a, b));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Authors are matched through `slack_users`. If the author is unknown, approval is denied. */
function approvalWarnings({ routes, settings, locator }: Config): Diagnostic[] {
  if (Object.keys(settings.slackUsers).length > 0) return [];
  return routes
    .filter(({ approval }) => approval?.allow_self === false)
    .map(({ name, path }) =>
      locator.at(
        [...path, 'approval', 'allow_self'],
        `nobody can approve "${name}" in Slack for an event of a W&B user: settings.slack_users is empty, so its author is unknown. Add the authors to slack_users`,
        'warning',
      ),
    );
}

/** Direct messages to nobody: the author is found through `slack_users`, approvers are those that `approval.by` lists. */
function notifyWarnings({ routes, settings, locator }: Config): Diagnostic[] {
  const hasUsers = Object.keys(settings.slackUsers).length > 0;
  return routes.flatMap(({ name, path, notify = [], approval }) => {
    const at = [...path, 'notify'];
    const problems = [
      ...(notify.includes('author') && !hasUsers
        ? [`the author of an event of "${name}" gets no direct message: settings.slack_users is empty. Add the authors to slack_users`]
        : []),
      ...(notify.includes('approvers') && approval?.by === undefined
        ? [`no approver of "${name}" gets a direct message: approval.by lists nobody. Add it, or take approvers out of notify`]
        : []),
    ];
    return problems.map((problem) => locator.at(at, problem, 'warning'));
  });
}

/** Names that are listed in one warning. */
const MOST_NAMES = 3;

/** One warning for all of them: they are fixed by one line. */
function silentRoutes({ routes, settings, locator }: Config): Diagnostic[] {
  if (settings.alertChannel !== null) return [];
  const silent = routes.filter(({ to, approval }) => approval === undefined && to.every(({ slack }) => slack === undefined));
  const [first] = silent;
  if (first === undefined) return [];
  const names = silent.slice(0, MOST_NAMES).map(({ name }) => `"${name}"`);
  const more = silent.length - names.length;
  const which = more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
  const message = `nobody is told when a dispatch of ${which} fails: add "alerts: { slack: <channel> }" at the top of the file, or a slack target`;
  return [locator.at([...first.path, 'to'], message, 'warning')];
}

/** Calls `visit` with the path of every text in a value, keys included. */
function eachText(value: unknown, path: ConfigPath, visit: (text: string, path: ConfigPath, isKey: boolean) => void): void {
  if (typeof value === 'string') visit(value, path, false);
  if (typeof value !== 'object' || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, isList ? Number(key) : key];
    if (!isList) visit(key, at, true);
    eachText(item, at, visit);
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
  return whole === undefined ? quotesWarning(text) : `${notFilledIn(whole)}. The condition compares with this literal text`;
}

function notFilledIn(variable: string): string {
  return `${variable} is not filled in here: W&B replaces its variables only in the payload of an automation`;
}

function quotesWarning(text: string): string | undefined {
  if (!hasTypographicQuotes(text)) return undefined;
  return `${JSON.stringify(text)} has typographic quotes, which are part of the value: write " or ' around it instead`;
}
