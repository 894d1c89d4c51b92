import { readConfig } from '../../../src/config/config.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { theError } from '../event/samples.ts';

/** Every problem of a config, as a person reads it. */
export function problemsIn(text: string): string[] {
  return theError(readConfig(text, 'relay.yaml')).map(formatDiagnostic);
}

interface AutomationParts {
  readonly scope?: string;
  readonly event?: string;
  readonly action?: string;
  /** Further lines of the automation: they stand on line 8 and below, from column 5. */
  readonly more?: string;
}

/** A config of one automation: its scope stands on line 5, its event on line 6 and its action on line 7. */
export function automationConfig({ scope = '{ project: train }', event = '{ link_artifact: {} }', action, more }: AutomationParts): string {
  return `version: 1
entity: acme
automations:
  - name: watch
    scope: ${scope}
    event: ${event}
    action: ${action ?? '{ no_op: {} }'}
${more === undefined ? '' : `    ${more}\n`}`;
}

/** A config of one route: its condition stands on line 4, its only target on line 6 from column 9. */
export function routeConfig({ on = '{}', to = '{ slack: { channel: x } }', more }: { on?: string; to?: string; more?: string }): string {
  return `version: 1
routes:
  - name: deploy
    on: ${on}
    to:
      - ${to}
${more === undefined ? '' : `    ${more}\n`}`;
}
