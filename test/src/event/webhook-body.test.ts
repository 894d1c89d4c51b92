import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FIELD_LENGTH, type RelayEvent } from '../../../src/event/event.ts';
import { relayPayload, substituteVariables } from '../../../src/event/relay-payload.ts';
import { understandBody } from '../../../src/event/webhook-body.ts';
import type { JsonValue } from '../../../src/lib/json.ts';
import { anyCharacter } from '../../any-character.ts';

function eventOf(body: JsonValue): RelayEvent {
  const understood = understandBody(body, 'prod');
  if (understood.kind === 'ping') throw new Error('expected an event, got a ping');
  return understood.event;
}

/** The names under which a value may arrive as it is, and the field that it becomes. */
const NAMES = [
  ['entity_name', 'entity'],
  ['entity', 'entity'],
  ['project_name', 'project'],
  ['project', 'project'],
  ['artifact_collection_name', 'collection'],
  ['collection', 'collection'],
  ['alias', 'alias'],
  ['tag', 'tag'],
  ['event_author', 'author'],
  ['author', 'author'],
  ['automation', 'automation'],
  ['automation_name', 'automation'],
  ['alert_name', 'automation'],
  ['run_name', 'run'],
  ['run', 'run'],
  ['run_status', 'status'],
  ['status', 'status'],
  ['metric', 'metric'],
  ['metric_name', 'metric'],
  ['version', 'version'],
] as const;

/** True for what could end a line of a shell script or act on a terminal. */
const breaksLine = (character: string) => character < ' ' || '\u007f\u2028\u2029'.includes(character);

const aliasEvent = (fields: { [name: string]: JsonValue }) => eventOf({ event_type: 'ADD_ARTIFACT_ALIAS', ...fields });

describe('a body that W&B sends', () => {
  it('is understood when it is the relay payload of an alias event', () => {
    const body = substituteVariables(relayPayload('add_artifact_alias', 'deploy-production'), {
      event_author: 'ada',
      entity_name: 'acme-org',
      project_name: 'wandb-registry-model',
      artifact_collection_name: 'resnet50',
      artifact_version: 'wandb-artifact://_id/QXJ0aWZhY3Q6MQ==',
      artifact_version_string: 'acme-org/wandb-registry-model/resnet50:v12',
      alias: 'production',
    });
    expect(eventOf(body)).toEqual({
      type: 'add_artifact_alias',
      source: 'prod',
      entity: 'acme-org',
      project: 'wandb-registry-model',
      registry: 'model',
      collection: 'resnet50',
      version: 'v12',
      artifact: 'acme-org/wandb-registry-model/resnet50:v12',
      alias: 'production',
      author: 'ada',
      automation: 'deploy-production',
    });
  });

  it('is understood when it is a GitHub dispatch around the variables', () => {
    const body = { event_type: 'LINK_MODEL', client_payload: { event_author: 'ada', artifact_collection_name: 'resnet50' } };
    expect(eventOf(body)).toEqual({ type: 'link_artifact', source: 'prod', author: 'ada', collection: 'resnet50' });
  });

  it('takes the type inside a GitHub dispatch before the name of the dispatch', () => {
    expect(eventOf({ event_type: 'deploy-model', client_payload: { event_type: 'UNLINK_ARTIFACT' } }).type).toBe('unlink_artifact');
    expect(eventOf({ event_type: 'RUN_STATE', client_payload: { event: 'LINK_ARTIFACT' } }).type).toBe('link_artifact');
  });

  it('is understood when it is an alert of Weave', () => {
    const body = { event_type: 'WEAVE_METRIC_THRESHOLD', alert_name: 'slow', metric_name: 'latency', metric_value: 9, threshold: 5 };
    expect(eventOf(body)).toEqual({ type: 'weave_metric', source: 'prod', value: 9, threshold: 5, automation: 'slow', metric: 'latency' });
  });

  it.each([
    [{ alias: 'production' }, 'add_artifact_alias'],
    [{ run_name: 'r1', run_status: 'failed' }, 'run_state'],
    [{ run_name: 'r1' }, 'unknown'],
    [{ artifact_collection_name: 'resnet50', alias: '' }, 'unknown'],
    [{ event_type: 'deploy' }, 'unknown'],
  ])('without a type, such as %j, is an event of type %s', (body, type) => {
    expect(eventOf(body).type).toBe(type);
  });

  it.each([[{}], [{ ping: true }]])('is a ping when it is %j', (body) => {
    expect(understandBody(body, 'prod')).toEqual({ kind: 'ping' });
  });

  it.each<[JsonValue]>([[{ ping: false }], [{ ping: true, alias: 'x' }], [[]], [null], ['ping'], [0]])(
    'is no ping when it is %j',
    (body) => {
      expect(understandBody(body, 'prod').kind).toBe('event');
    },
  );
});

describe('a field', () => {
  it.each(NAMES)('may arrive as %s and becomes %s', (name, field) => {
    expect(eventOf({ event_type: 'LINK_ARTIFACT', [name]: 'value' })).toEqual({ type: 'link_artifact', source: 'prod', [field]: 'value' });
  });

  it.each<[JsonValue]>([[''], ['   '], ['\n\t'], ['${alias}'], [' ${artifact_metadata.alias} '], [null], [['x']], [{ a: 'x' }]])(
    'is absent when its value is %j',
    (value) => {
      expect(aliasEvent({ alias: value })).toEqual({ type: 'add_artifact_alias', source: 'prod' });
    },
  );

  it('is taken from the next name when the first holds nothing', () => {
    expect(aliasEvent({ automation: '${automation_name}', automation_name: 'deploy' }).automation).toBe('deploy');
  });

  it.each<[JsonValue, string]>([
    [7, '7'],
    [0, '0'],
    [false, 'false'],
  ])('is text when %j arrives', (value, text) => {
    expect(aliasEvent({ alias: value }).alias).toBe(text);
  });

  it('has its line breaks and control characters replaced by spaces', () => {
    expect(aliasEvent({ alias: ' a\r\nb\u0000\u001bc\u2028d\u2029e\u007f' }).alias).toBe('a b c d e');
  });

  it('is cut at the longest length', () => {
    expect(aliasEvent({ alias: 'x'.repeat(MAX_FIELD_LENGTH + 1) }).alias).toBe('x'.repeat(MAX_FIELD_LENGTH));
  });

  it('status is in lower case', () => {
    expect(eventOf({ event_type: 'RUN_STATE', run_status: 'Preempting' }).status).toBe('preempting');
  });
});

describe('an artifact', () => {
  it.each([
    ['acme/train/resnet:v3', { entity: 'acme', project: 'train', collection: 'resnet', version: 'v3' }],
    ['acme/my project/a model: the second:production', { project: 'my project', collection: 'a model: the second', version: 'production' }],
    ['acme/train/a/b:v0', { collection: 'a/b', version: 'v0' }],
    ['acme/wandb-registry-zoo/yolo:v1', { project: 'wandb-registry-zoo', registry: 'zoo' }],
    ['acme/train/resnet', { collection: 'resnet' }],
    ['resnet:v3', { version: 'v3' }],
  ])('%s fills in what did not arrive by name', (artifact, fields) => {
    expect(aliasEvent({ artifact_version_string: artifact })).toMatchObject({ artifact, ...fields });
  });

  it('without a collection has no entity and no project', () => {
    expect(aliasEvent({ artifact: 'resnet:v3' })).toEqual({
      type: 'add_artifact_alias',
      source: 'prod',
      artifact: 'resnet:v3',
      version: 'v3',
    });
  });

  it('does not override what arrived by name', () => {
    const event = aliasEvent({ artifact: 'a/b/c:v1', entity: 'x', project: 'y', collection: 'z', version: 'v9' });
    expect(event).toMatchObject({ entity: 'x', project: 'y', collection: 'z', version: 'v9' });
  });

  it.each<[JsonValue]>([[12], ['12'], ['v12']])('has version v12 when its index is %j', (index) => {
    expect(aliasEvent({ artifact_version_index: index }).version).toBe('v12');
  });
});

describe('understandBody', () => {
  it('takes any JSON without an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const understood = understandBody(body as JsonValue, 'prod');
        if (understood.kind === 'event') expect(understood.event.source).toBe('prod');
      }),
    );
  });

  it('makes fields that are never blank, on one line and not too long', () => {
    const text = fc.oneof(fc.string({ unit: anyCharacter, maxLength: 20 }), fc.constantFrom('${tag}', ' ', '\r\n', 'x'.repeat(2000)));
    const body = fc.dictionary(fc.constantFrom(...NAMES.map(([name]) => name)), fc.oneof(text, fc.jsonValue()), { noNullPrototype: true });
    fc.assert(
      fc.property(body, fc.boolean(), (fields, wrapped) => {
        const understood = understandBody((wrapped ? { client_payload: fields } : fields) as JsonValue, 'prod');
        if (understood.kind === 'ping') return;
        const { replaces, ...words } = understood.event;
        // Only the store knows it.
        expect(replaces).toBeUndefined();
        for (const value of Object.values(words).filter((word) => typeof word === 'string')) {
          expect(value.trim()).not.toBe('');
          expect(value.length).toBeLessThanOrEqual(1024);
          expect([...value].filter(breaksLine)).toEqual([]);
          expect(value).not.toMatch(/^\$\{[^}]*\}$/);
        }
      }),
    );
  });

  it('splits every artifact at the last colon', () => {
    const word = fc.stringMatching(/^[a-z0-9 _.-]{1,12}$/).filter((text) => text.trim() === text);
    fc.assert(
      fc.property(word, word, word, word, word, (entity, project, first, second, version) => {
        const collection = `${first}:${second}`;
        const event = aliasEvent({ artifact_version_string: `${entity}/${project}/${collection}:${version}` });
        expect(event).toMatchObject({ entity, project, collection, version });
      }),
    );
  });
});
