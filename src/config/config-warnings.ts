import { fieldOfVariable } from '../event/webhook-body.ts';
import { byPosition, type Diagnostic, formatDiagnostic } from '../lib/diagnostic.ts';
import type { RouteDefinition } from '../route/route.ts';
import type { Config, Located } from './config.ts';
import type { ConfigPath } from './locator.ts';
import { automationWarnings } from './warnings/automation-warnings.ts';
import { matchWarnings, quotesWarnings, type Warning } from './warnings/match-warnings.ts';

/**
 * Warnings about what is valid and probably a mistake:
 *
 * - what the reading of the files found: a `#` in a value
 * - text that looks like a pattern and is compared as it is, or has typographic quotes
 * - W&B's variables where nothing fills them in; words of raw filters that W&B does not know; shares that are very small or
 *   very large
 * - `allow_self: false` without `settings.slack_users`, so that nobody can approve
 * - `notify` that nobody can be found for
 * - of `engine: relay`: what has no effect, times that are shorter than the receiver can see, and very long windows
 * - a route that starts workflows and has no Slack channel, without `alerts.slack`, so that nobody hears of its failures
 *
 * @returns by file, then by position; each once, although `for_each` makes several automations of one definition
 */
export function configWarnings(config: Config): Diagnostic[] {
  const { automations, routes, locator } = config;
  const found = [...automations.flatMap(automationWarnings), ...routes.flatMap(routeWarnings)];
  const warnings = [
    ...config.warnings,
    ...approvalWarnings(config),
    ...notifyWarnings(config),
    ...silentRoutes(config),
    ...found.map(({ path, message, isKey }) =>
      isKey === true ? locator.atKey(path, message, 'warning') : locator.at(path, message, 'warning'),
    ),
  ];
  return [...new Map(warnings.map((warning) => [formatDiagnostic(warning), warning])).values()].sort(
    (a, b) => compareText(a.location?.file ?? '', b.location?.file ?? '') || byPosition(a, b),
  );
}

function routeWarnings({ name: _name, location: _location, path, on, source, ...rest }: Located<RouteDefinition>): Warning[] {
  const templates = eachText(rest, path, templateWarning);
  // The conditions of a relay action are generated from literals.
  if (path[0] !== 'routes') return templates;
  const { payload = {}, ...fields } = on;
  const conditions: [unknown, ConfigPath][] = [
    [source, [...path, 'source']],
    ...Object.entries(fields).map(([word, value]): [unknown, ConfigPath] => [value, [...path, 'on', word]]),
    ...Object.entries(payload).map(([word, value]): [unknown, ConfigPath] => [value, [...path, 'on', 'payload', word]]),
  ];
  const keys = Object.keys(payload).flatMap((word) => quotesWarnings(word, [...path, 'on', 'payload', word]));
  return [
    ...conditions.flatMap(([value, at]) => conditionWarnings(value, at)),
    ...keys.map((key) => ({ ...key, isKey: true })),
    ...templates,
  ];
}

/** A variable that nothing fills in is the only warning about its text. */
function conditionWarnings(value: unknown, path: ConfigPath): Warning[] {
  const variables = eachText(value, path, conditionWarning);
  return variables.length > 0 ? variables : matchWarnings(value, path);
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

/** The warnings about every text in a value, keys included. */
function eachText(value: unknown, path: ConfigPath, warningOf: (text: string) => string | undefined, isKey = false): Warning[] {
  if (typeof value === 'string') {
    const message = warningOf(value);
    return message === undefined ? [] : [{ path, message, isKey }];
  }
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const at = [...path, isList ? Number(key) : key];
    return [...(isList ? [] : eachText(key, at, warningOf, true)), ...eachText(item, at, warningOf)];
  });
}

/** `${alias}`, `${artifact_metadata.val/loss}`; not `${{ … }}`, which is GitHub's, nor `${HOME:-x}`, which is a shell's. */
const VARIABLE = /\$\{\s*(artifact_metadata\.[^{}]*[^{}\s]|[\w.]+)\s*\}/;

/** `$alias`, as a shell has it. Only W&B's own names: a price is no variable. */
const BARE_VARIABLE = /\$(alias|tag|(?:event|entity|project|artifact|run|metric|automation)_[a-z_]+)\b/;

function templateWarning(text: string): string | undefined {
  const [whole, name] = VARIABLE.exec(text) ?? BARE_VARIABLE.exec(text) ?? [];
  return whole === undefined || name === undefined ? undefined : `${notFilledIn(whole)}. Write {{ event.${fieldOfVariable(name)} }}`;
}

function conditionWarning(text: string): string | undefined {
  const [whole] = VARIABLE.exec(text) ?? [];
  return whole === undefined ? undefined : `${notFilledIn(whole)}. The condition compares with this literal text`;
}

function notFilledIn(variable: string): string {
  return `${variable} is not filled in here: W&B replaces its variables only in the payload of an automation`;
}
