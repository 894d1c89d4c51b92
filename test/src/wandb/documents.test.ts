import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import * as documents from '../../../src/wandb/documents.ts';
import { CLOUD_FEATURES, wandbSchema } from '../../stand-ins/wandb-schema.ts';

const {
  artifactAliasesDocument,
  collectionsDocument,
  createTriggerDocument,
  entityTriggersDocument,
  membershipsDocument,
  organizationTriggersDocument,
  scopeDirectoryDocument,
  projectsDocument,
  projectTriggersDocument,
  updateTriggerDocument,
} = documents;

const fixed = Object.entries(documents).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
const built: [string, string][] = [
  ['scopeDirectoryDocument(2, 1)', scopeDirectoryDocument(2, 1)],
  ['scopeDirectoryDocument(1, 0)', scopeDirectoryDocument(1, 0)],
  ['scopeDirectoryDocument(0, 1)', scopeDirectoryDocument(0, 1)],
  ['projectsDocument(50)', projectsDocument(50)],
  ['collectionsDocument(10, 100)', collectionsDocument(10, 100)],
  ['artifactAliasesDocument(50)', artifactAliasesDocument(50)],
];

function misfits(document: string, features: Iterable<string>, reportsFeatures = true): string[] {
  const schema = wandbSchema({ features: new Set(features), reportsFeatures, hasUnknownKinds: false });
  return validate(schema, parse(document)).map((error) => error.message);
}

describe('a document that is the same for every server', () => {
  it.each([...fixed, ...built])('%s fits a server with every flag', (_name, document) => {
    expect(misfits(document, CLOUD_FEATURES)).toEqual([]);
  });

  it.each([...fixed, ...built])('%s fits a server without any flag', (_name, document) => {
    expect(misfits(document, [])).toEqual([]);
  });

  it('is refused by a server too old to know of flags only where it asks for them', () => {
    const refused = [...fixed, ...built].filter(([, document]) => misfits(document, [], false).length > 0).map(([name]) => name);
    expect(refused.sort()).toEqual(['ORGANIZATION_FLAGS', 'SERVER_FEATURES']);
  });
});

it('a document about memberships fits a server that has them', () => {
  expect(misfits(membershipsDocument(50), ['PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP'])).toEqual([]);
  expect(misfits(membershipsDocument(1), [])).not.toEqual([]);
});

describe('a document about automations', () => {
  const flagSets: [string, readonly string[]][] = [
    ['every flag', CLOUD_FEATURES],
    ['no flag', []],
    ...CLOUD_FEATURES.map((flag): [string, string[]] => [`only ${flag}`, [flag]]),
    ...CLOUD_FEATURES.map((flag): [string, string[]] => [`all but ${flag}`, CLOUD_FEATURES.filter((other) => other !== flag)]),
  ];

  it.each(flagSets)('fits the server it was made for: %s', (_name, flags) => {
    const features = new Set(flags);
    const made = [projectTriggersDocument(features), createTriggerDocument(features), updateTriggerDocument(features)];
    if (features.has('QUERY_AUTOMATIONS_ON_ENTITY')) made.push(entityTriggersDocument(features));
    if (features.has('AUTOMATIONS_ON_ORGANIZATION')) made.push(organizationTriggersDocument(features));
    for (const document of made) expect(misfits(document, flags)).toEqual([]);
  });

  it('made for a newer server is refused whole by an older one', () => {
    expect(misfits(createTriggerDocument(new Set(CLOUD_FEATURES)), [])).not.toEqual([]);
    expect(misfits(entityTriggersDocument(new Set()), [])).not.toEqual([]);
  });
});
