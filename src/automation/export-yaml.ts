import { Document, Scalar, type ScalarTag, visit } from 'yaml';
import type { JsonObject } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { visible, visibleDocument } from '../lib/visible.ts';

export interface ExportedFile {
  readonly entity: string;
  readonly organization: string | undefined;
  readonly definitions: readonly JsonObject[];
  /** The automations that cannot be exported, and why. */
  readonly left: readonly { readonly name: string; readonly why: string }[];
}

/** A number that a double would change is written as its original text. */
const exactNumber: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => value instanceof JsonNumber,
  resolve: (text) => new JsonNumber(text),
  stringify: ({ value }) => String(value),
};

/** A config file with all definitions. Automations that could not be exported are listed in a comment at its end. */
export function exportYaml({ entity, organization, definitions, left }: ExportedFile): string {
  const content = { version: 1, entity, ...(organization === undefined ? {} : { organization }), automations: definitions };
  const document = new Document(content, { customTags: (tags) => [exactNumber, ...tags] });
  if (left.length > 0) {
    const lines = left.map(({ name, why }) => ` - ${visible(JSON.stringify(name))}: ${visible(why)}`);
    document.comment = [' Not exported:', ...lines].join('\n');
  }
  // In double quotes YAML has escapes, so that control characters are not printed raw.
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && visibleDocument(node.value) !== node.value) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return visibleDocument(document.toString({ lineWidth: 140 }));
}
