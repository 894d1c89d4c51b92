import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import * as documents from '../../../src/wandb/documents.ts';
import * as runDocuments from '../../../src/wandb/run-documents.ts';
import { CLOUD_FEATURES, type RunCapability, wandbSchema } from '../../stand-ins/wandb-schema.ts';

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

const { runRowsDocument, runsByNameDocument, runsDocument, systemRowsDocument } = runDocuments;
const ALL_VALUES = { hasKeys: true, summary: true, config: true };

const fixed = Object.entries({ ...documents, ...runDocuments }).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
const built: [string, string][] = [
  ['scopeDirectoryDocument(2, 1)', scopeDirectoryDocument(2, 1)],
  ['scopeDirectoryDocument(1, 0)', scopeDirectoryDocument(1, 0)],
  ['scopeDirectoryDocument(0, 1)', scopeDirectoryDocument(0, 1)],
  ['projectsDocument(50)', projectsDocument(50)],
  ['collectionsDocument(10, 100)', collectionsDocument(10, 100)],
  ['artifactAliasesDocument(50)', artifactAliasesDocument(50)],
  ['runsDocument', runsDocument(ALL_VALUES)],
  ['runsDocument without values', runsDocument({ hasKeys: true, summary: false, config: false })],
  ['runsByNameDocument(50)', runsByNameDocument(50, ALL_VALUES)],
  ['runRowsDocument(8)', runRowsDocument(8)],
  ['systemRowsDocument(8)', systemRowsDocument(8)],
];

function misfits(document: string, features: Iterable<string>, reportsFeatures = true, lacks: RunCapability[] = []): string[] {
  const schema = wandbSchema({ features: new Set(features), reportsFeatures, hasUnknownKinds: false, lacks: new Set(lacks) });
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

describe('a document about runs', () => {
  it('without keys fits a server that cannot return some values only', () => {
    const lacks: RunCapability[] = ['summaryMetrics(keys)', 'config(keys)'];
    for (const make of [runsDocument, (options: typeof ALL_VALUES) => runsByNameDocument(3, options)]) {
      expect(misfits(make(ALL_VALUES), [], false, lacks)).not.toEqual([]);
      expect(misfits(make({ ...ALL_VALUES, hasKeys: false }), [], false, lacks)).toEqual([]);
    }
  });

  it('that asks for text fits a server without sampled histories', () => {
    expect(misfits(runRowsDocument(1), [], false, ['sampledHistory'])).not.toEqual([]);
    expect(misfits(runDocuments.RUN_ROWS_AS_TEXT, [], false, ['sampledHistory'])).toEqual([]);
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
