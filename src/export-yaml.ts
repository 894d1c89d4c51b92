import { Document } from 'yaml';
import type { JsonObject } from './json.ts';

export interface ExportedFile {
  readonly entity: string;
  readonly organization: string | undefined;
  readonly definitions: readonly JsonObject[];
  /** What cannot be written as a definition, and why. */
  readonly left: readonly { readonly name: string; readonly why: string }[];
}

/** A config file with everything that could be said; the rest is in comments at its end. */
export function exportYaml({ entity, organization, definitions, left }: ExportedFile): string {
  const document = new Document({ version: 1, entity, ...(organization === undefined ? {} : { organization }), automations: definitions });
  if (left.length > 0) {
    const lines = left.map(({ name, why }) => ` - ${JSON.stringify(name)}: ${why}`);
    document.comment = [' Left out, because no definition can say it:', ...lines].join('\n');
  }
  return document.toString({ lineWidth: 140 });
}
