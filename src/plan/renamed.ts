import { readMark } from '../automation/ownership.ts';
import type { LiveTrigger, TriggerInput } from '../automation/trigger.ts';
import { fieldChanges, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';

/** What of a planned change counts here. */
interface Change {
  readonly action: string;
  readonly name: string;
  readonly scope: string;
  readonly id?: string;
  readonly input?: TriggerInput;
  readonly location?: SourceLocation;
}

/**
 * Notes about definitions that would be created and equal an automation of another name in the same scope, which no definition
 * has: it was probably renamed. Pure.
 *
 * @param gone the automations of this config that lost their definition; one that nobody manages also counts
 */
export function renameNotes(changes: readonly Change[], live: readonly LiveTrigger[], gone: readonly LiveTrigger[]): string[] {
  const defined = new Set(changes.filter(({ action }) => action !== 'delete').map(({ id }) => id));
  const free = [...gone, ...live.filter(({ id, description }) => !defined.has(id) && readMark(description).mark === undefined)];
  return changes.flatMap(({ action, input, name, scope, location }) => {
    const old = action === 'create' && input !== undefined ? free.find((trigger) => isSameButName(trigger, input)) : undefined;
    if (old === undefined) return [];
    const where = location === undefined ? '' : ` (${location.file}:${location.line})`;
    const adopt = readMark(old.description).mark === undefined ? ' and adopt: true' : '';
    return [
      `"${name}"${where} equals the automation "${old.name}" in ${scope}, which has no definition. If it was renamed, write moved_from: ${JSON.stringify(old.name)}${adopt}: then it is updated, not made a second time`,
    ];
  });
}

/** The relay payload has the name, too. */
function isSameButName(trigger: LiveTrigger, input: TriggerInput): boolean {
  if (trigger.name === input.name) return false;
  return fieldChanges(stateOfLive(trigger), stateOfInput(input)).every(
    ({ path, before, after }) =>
      path === 'name' || (path === 'action.payload.automation' && before === trigger.name && after === input.name),
  );
}
