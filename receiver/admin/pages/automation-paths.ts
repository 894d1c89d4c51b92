import { type Automation, describeScope, relayRouteName } from '../../../src/automation/automation.ts';
import { linkTo, type Shell } from './page.ts';

type Identified = Pick<Automation, 'key' | 'name' | 'scope'>;

/** The address of an automation's page: its key, and where several have the same one, its scope. */
export function automationLink(shell: Shell, automation: Identified, all: readonly Identified[]): string {
  const name = relayRouteName(automation);
  const isShared = all.filter((one) => relayRouteName(one) === name).length > 1;
  return linkTo(shell, `/automations/${encodeURIComponent(name)}`, isShared ? { scope: describeScope(automation.scope) } : {});
}

/** The automation that an address names; without a scope the first of that name. */
export function automationAt<T extends Identified>(all: readonly T[], name: string, scope: string | undefined): T | undefined {
  const named = all.filter((one) => relayRouteName(one) === name);
  return named.find((one) => describeScope(one.scope) === scope) ?? named[0];
}
