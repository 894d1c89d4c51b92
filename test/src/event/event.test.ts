import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, type EventType, readEventType, subjectOf } from '../../../src/event/event.ts';
import { eventWith } from './samples.ts';

/** What W&B's API and its app call each event type. */
const NAMES_OF_WANDB: readonly (readonly [string, EventType])[] = [
  ['CREATE_ARTIFACT', 'create_artifact'],
  ['LINK_MODEL', 'link_artifact'],
  ['LINK_ARTIFACT', 'link_artifact'],
  ['UNLINK_ARTIFACT', 'unlink_artifact'],
  ['ADD_ARTIFACT_ALIAS', 'add_artifact_alias'],
  ['UPDATE_ARTIFACT_ALIAS', 'add_artifact_alias'],
  ['ADD_ARTIFACT_TAG', 'add_artifact_tag'],
  ['REMOVE_ARTIFACT_TAG', 'remove_artifact_tag'],
  ['ADD_COLLECTION_TAG', 'add_collection_tag'],
  ['REMOVE_COLLECTION_TAG', 'remove_collection_tag'],
  ['RUN_METRIC', 'run_metric'],
  ['RUN_METRIC_CHANGE', 'run_metric_change'],
  ['RUN_METRIC_ZSCORE', 'run_metric_zscore'],
  ['RUN_STATE', 'run_state'],
  ['WEAVE_METRIC_THRESHOLD', 'weave_metric'],
];

const camelCase = (name: string) => name.toLowerCase().replace(/_(.)/g, (_whole, letter: string) => letter.toUpperCase());

const SPELLINGS: Readonly<Record<string, (name: string) => string>> = {
  'as it is': (name) => name,
  'lower case': (name) => name.toLowerCase(),
  'mixed case': (name) => name.charAt(0) + name.slice(1).toLowerCase(),
  hyphens: (name) => name.toLowerCase().replaceAll('_', '-'),
  spaces: (name) => name.toLowerCase().replaceAll('_', ' '),
  dots: (name) => name.replaceAll('_', '.'),
  camelCase,
  PascalCase: (name) => camelCase(name).replace(/^./, (letter) => letter.toUpperCase()),
  'space around it': (name) => ` ${name}\n`,
};

describe('readEventType', () => {
  describe.each(NAMES_OF_WANDB)('reads %s as %s', (name, type) => {
    it.each(Object.entries(SPELLINGS))('spelt with %s', (_name, spell) => {
      expect(readEventType(spell(name))).toBe(type);
    });
  });

  it('reads each of our own names as itself, except unknown', () => {
    for (const type of EVENT_TYPES) expect(readEventType(type)).toBe(type === 'unknown' ? undefined : type);
  });

  it.each(['', ' ', 'UNKNOWN', 'deploy', 'link', 'LINK_ARTIFACTS', 'add_alias', '${event_type}'])('finds no event type in %j', (text) => {
    expect(readEventType(text)).toBeUndefined();
  });
});

describe('subjectOf', () => {
  const place = { entity: 'acme', project: 'train', collection: 'resnet' };

  it('is the same for two versions of a model that get one alias', () => {
    const [v1, v2] = ['v1', 'v2'].map((version) => subjectOf(eventWith({ ...place, version, alias: 'production' })));
    expect(v1).toBe(v2);
  });

  it('is the same for a tag that is added and removed', () => {
    const added = subjectOf(eventWith({ ...place, type: 'add_artifact_tag', tag: 'gold' }));
    expect(added).toBe(subjectOf(eventWith({ ...place, type: 'remove_artifact_tag', tag: 'gold' })));
  });

  it.each(['source', 'entity', 'project', 'collection', 'alias'] as const)('differs where the %s differs', (field) => {
    const event = eventWith({ ...place, alias: 'production' });
    expect(subjectOf({ ...event, [field]: 'other' })).not.toBe(subjectOf(event));
  });

  it.each([
    ['run_metric', 'run'],
    ['run_metric', 'metric'],
    ['run_metric_change', 'metric'],
    ['run_metric_zscore', 'run'],
    ['run_state', 'run'],
    ['weave_metric', 'metric'],
    ['add_collection_tag', 'tag'],
    ['unknown', 'alias'],
  ] as const)('of %s differs where the %s differs', (type, field) => {
    expect(subjectOf(eventWith({ ...place, type, [field]: 'one' }))).not.toBe(subjectOf(eventWith({ ...place, type, [field]: 'two' })));
  });

  it.each(['author', 'automation', 'status', 'version', 'artifact'] as const)('does not depend on the %s', (field) => {
    const event = eventWith({ ...place, type: 'run_state', run: 'r1' });
    expect(subjectOf({ ...event, [field]: 'other' })).toBe(subjectOf(event));
  });

  it('does not confuse values that run into each other', () => {
    expect(subjectOf(eventWith({ entity: 'a', project: 'bc' }))).not.toBe(subjectOf(eventWith({ entity: 'ab', project: 'c' })));
    expect(subjectOf(eventWith({ entity: 'a' }))).not.toBe(subjectOf(eventWith({ project: 'a' })));
  });
});
