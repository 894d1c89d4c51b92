import { describe, expect, it } from 'vitest';
import type { RelayEvent } from '../../../src/event/event.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { compileTarget, isAction, requestProblem, type TargetRequest, usesEnrichment } from '../../../src/route/target.ts';
import { type TargetDefinition, targetSchema } from '../../../src/route/target-schema.ts';
import { contextWith, theError, theValue } from '../event/samples.ts';

const CONTEXT = contextWith({ alias: 'production', collection: 'resnet50' }, { n: 3, list: [1, 2] });

function dispatch(fields: Partial<NonNullable<TargetDefinition['repository_dispatch']>> = {}): TargetDefinition {
  return { repository_dispatch: { repository: 'acme/deploy', event_type: 'model', ...fields } };
}

function workflow(fields: Partial<NonNullable<TargetDefinition['workflow_dispatch']>> = {}): TargetDefinition {
  return { workflow_dispatch: { repository: 'acme/deploy', workflow: 'deploy.yml', ref: 'main', ...fields } };
}

const build = (definition: TargetDefinition, context = CONTEXT) => compileTarget(definition).build(context);
const dispatchRequest = (event_type: string, client_payload: JsonObject): TargetRequest => ({
  kind: 'repository_dispatch',
  repository: 'acme/deploy',
  event_type,
  client_payload,
});
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'x']));

describe('a repository dispatch', () => {
  it('sends the delivery, the route and the event when the payload is left out', () => {
    expect(theValue(build(dispatch()))).toEqual({
      kind: 'repository_dispatch',
      repository: 'acme/deploy',
      event_type: 'model',
      client_payload: {
        delivery_id: 'delivery-1',
        route: 'deploy',
        event: { type: 'add_artifact_alias', source: 'default', alias: 'production', collection: 'resnet50' },
      },
    });
  });

  it('renders its event type and its payload, with types kept', () => {
    const definition = dispatch({
      event_type: 'model-{{ event.alias }}',
      client_payload: { n: '{{ event.payload.n }}', text: 'v{{ event.payload.n }}', deep: { list: '{{ event.payload.list }}' }, one: 1 },
    });
    expect(theValue(build(definition))).toMatchObject({
      event_type: 'model-production',
      client_payload: { n: 3, text: 'v3', deep: { list: [1, 2] }, one: 1 },
    });
  });

  it('sends an empty payload where that is what is written', () => {
    expect(theValue(build(dispatch({ client_payload: {} })))).toMatchObject({ client_payload: {} });
  });

  it('is refused when its event type is empty for this event', () => {
    expect(theError(build(dispatch({ event_type: '{{ event.tag }}' })))).toBe(
      'event_type is empty for this event: give the template a default',
    );
  });

  it('is refused when its event type grows past 100 characters', () => {
    const definition = dispatch({ event_type: '{{ event.alias }}' });
    expect(build(definition, contextWith({ alias: 'x'.repeat(100) })).ok).toBe(true);
    expect(theError(build(definition, contextWith({ alias: 'x'.repeat(101) })))).toBe('event_type has 101 characters; GitHub allows 100');
  });

  it('is refused, and does not throw, when a template cannot be rendered', () => {
    const definition = dispatch({ client_payload: { a: '{% for i in (1..100000000) %}x{% endfor %}' } });
    expect(theError(build(definition))).toMatch(/^a template could not be rendered: .*limit exceeded/);
  });
});

describe('a workflow dispatch', () => {
  it('sends every input as text', () => {
    const inputs = {
      a: '{{ event.payload.n }}',
      b: '{{ event.payload.list }}',
      c: '{{ event.tag }}',
      d: 5,
      e: true,
      f: 'on {{ event.alias }}',
    };
    expect(theValue(build(workflow({ ref: 'release/{{ event.alias }}', inputs })))).toEqual({
      kind: 'workflow_dispatch',
      repository: 'acme/deploy',
      workflow: 'deploy.yml',
      ref: 'release/production',
      inputs: { a: '3', b: '[1,2]', c: '', d: '5', e: 'true', f: 'on production' },
    });
  });

  it('has no inputs when none are written', () => {
    expect(theValue(build(workflow()))).toMatchObject({ inputs: {} });
  });

  it('is refused when its ref is empty for this event', () => {
    expect(theError(build(workflow({ ref: '{{ event.tag }}' })))).toBe('ref is empty for this event: give the template a default');
  });

  it('is refused when its inputs grow past what GitHub takes', () => {
    const definition = workflow({ inputs: { a: '{{ event.payload }}' } });
    expect(build(definition, contextWith({}, 'x'.repeat(65_000))).ok).toBe(true);
    expect(theError(build(definition, contextWith({}, 'x'.repeat(65_536))))).toContain('GitHub allows 65535');
  });
});

describe('a Slack target', () => {
  it('renders its text, and has none when none is written', () => {
    expect(theValue(build({ slack: { channel: '#ml', text: '{{ event.alias }}!', thread: true } }))).toEqual({
      kind: 'slack',
      channel: '#ml',
      text: 'production!',
      thread: true,
    });
    expect(theValue(build({ slack: { channel: '#ml' } }))).toMatchObject({ text: null, thread: true });
  });

  it('escapes values of the event, and not the text of the config', () => {
    const text = '<!here> *{{ event.alias }}* by {{ event.author | upcase }}';
    const request = theValue(
      build({ slack: { channel: '#ml', text } }, contextWith({ alias: '<!channel> & <http://x|y>', author: '<@u1>' })),
    );
    expect(request).toMatchObject({ text: '<!here> *&lt;!channel&gt; &amp; &lt;http://x|y&gt;* by &lt;@U1&gt;' });
  });
});

describe('a target', () => {
  it.each<[TargetDefinition, string, string | undefined]>([
    [dispatch(), 'repository_dispatch:acme/deploy', 'acme/deploy'],
    [workflow(), 'workflow_dispatch:acme/deploy/deploy.yml', 'acme/deploy'],
    [{ slack: { channel: '#ml' } }, 'slack:#ml', undefined],
    [{ wandb_stop: {} }, 'wandb_stop', undefined],
  ])('of %j is called %s', (definition, name, repository) => {
    expect(compileTarget(definition)).toMatchObject({ name, repository });
  });

  it.each([
    ['no kind', {}],
    ['two kinds', { ...dispatch(), slack: { channel: 'x' } }],
    ['an owner alone', dispatch({ repository: 'acme' })],
    ['a repository with a path', dispatch({ repository: 'acme/deploy/x' })],
    ['an owner that begins with a hyphen', dispatch({ repository: '-acme/deploy' })],
    ['an empty event type', dispatch({ event_type: '' })],
    ['an event type of 101 characters', dispatch({ event_type: 'x'.repeat(101) })],
    ['eleven keys', dispatch({ client_payload: keys(11) })],
    ['an unknown word in a payload', dispatch({ client_payload: { a: ['{{ event.alais }}'] } })],
    ['a path of a workflow', workflow({ workflow: '.github/workflows/deploy.yml' })],
    ['an empty ref', workflow({ ref: '' })],
    ['26 inputs', workflow({ inputs: keys(26) })],
    ['a template that does not parse', { slack: { channel: 'x', text: '{{' } }],
  ])('with %s is refused when the config is read', (_name, definition) => {
    expect(targetSchema.safeParse(definition).success).toBe(false);
  });

  it.each([
    ['ten keys', dispatch({ client_payload: keys(10) })],
    ['an event type of 100 characters', dispatch({ event_type: 'x'.repeat(100) })],
    ['25 inputs', workflow({ inputs: keys(25) })],
    ['the id of a workflow', workflow({ workflow: '123456' })],
  ])('with %s is accepted', (_name, definition) => {
    expect(targetSchema.safeParse(definition).success).toBe(true);
  });
});

describe('a stop of a run', () => {
  const run = { type: 'run_metric', source: 'default', entity: 'acme', project: 'train', run: 'abc' } as const;
  const stop = (event: RelayEvent) => build({ wandb_stop: {} }, { ...CONTEXT, event: { ...event, payload: {} } });

  it('names the run, and whether that is its id', () => {
    const request = { kind: 'wandb_stop', entity: 'acme', project: 'train', run: 'abc' };
    expect(theValue(stop({ ...run, engine: 'relay' }))).toEqual({ ...request, is_id: true });
    expect(theValue(stop(run))).toEqual({ ...request, is_id: false });
  });

  it.each<[('entity' | 'project' | 'run')[], string]>([
    [['run'], 'it has no run'],
    [['entity', 'project'], 'it has no entity and no project'],
  ])('is refused without %j', (missing, why) => {
    const { entity, project, run: id, ...rest } = run;
    const named = Object.entries({ entity, project, run: id }).filter(([name]) => !(missing as string[]).includes(name));
    expect(theError(stop({ ...rest, ...Object.fromEntries(named) }))).toBe(`the event does not say which run to stop: ${why}`);
  });

  it('is refused when the condition has ended', () => {
    expect(theError(stop({ ...run, engine: 'relay', resolved: true }))).toBe(
      'the condition has ended: a run is stopped when it begins, never when it ends',
    );
  });

  it('is an action like a dispatch, and a message is none', () => {
    expect([stop(run), build(dispatch()), build({ slack: { channel: 'x' } })].map((built) => isAction(theValue(built)))).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('requestProblem', () => {
  it.each<[string, TargetRequest, string | undefined]>([
    ['a dispatch within the limits', dispatchRequest('model', keys(10)), undefined],
    ['an event type of blanks', dispatchRequest('  ', {}), 'event_type is empty for this event: give the template a default'],
    ['eleven keys', dispatchRequest('model', keys(11)), 'client_payload has 11 top-level keys; GitHub allows 10'],
    ['exactly 60,000 bytes', dispatchRequest('model', { a: 'x'.repeat(59_992) }), undefined],
    [
      'one byte more, counted in bytes and not in characters',
      dispatchRequest('model', { a: `${'x'.repeat(59_991)}é` }),
      'client_payload has 60001 bytes; GitHub takes less than 64 KB, we stop at 60000',
    ],
    [
      '26 inputs',
      { kind: 'workflow_dispatch', repository: 'acme/deploy', workflow: 'deploy.yml', ref: 'main', inputs: keys(26) },
      'there are 26 inputs; GitHub allows 25',
    ],
    ['a message', { kind: 'slack', channel: 'x', text: 'x'.repeat(100_000), thread: false }, undefined],
  ])('about %s', (_name, request, problem) => {
    expect(requestProblem(request)).toBe(problem);
  });
});

describe('the enrichment of the event', () => {
  it('is part of the default payload, and of templates', () => {
    const context = { ...CONTEXT, event: { ...CONTEXT.event, wandb: { artifact: { type: 'model' } } } };
    expect(theValue(build(dispatch(), context))).toMatchObject({ client_payload: { event: { wandb: { artifact: { type: 'model' } } } } });
    const template = dispatch({ client_payload: { type: '{{ event.wandb.artifact.type }}' } });
    expect(theValue(build(template, context))).toMatchObject({ client_payload: { type: 'model' } });
    expect(theValue(build(template))).toMatchObject({ client_payload: { type: null } });
  });

  it.each<[boolean, string, TargetDefinition]>([
    [true, 'the default payload', dispatch()],
    [false, 'a fixed payload', dispatch({ client_payload: {} })],
    [false, 'a word of the event', dispatch({ client_payload: { a: '{{ event.alias }}' } })],
    [true, 'a value of W&B', dispatch({ client_payload: { a: { b: ['{{ event.wandb.run.name }}'] } } })],
    [true, 'a value of W&B in brackets', dispatch({ client_payload: { a: '{{ event["wandb"].run }}' } })],
    [true, 'the whole event', dispatch({ client_payload: { all: '{{ event }}' } })],
    [true, 'the whole event by another name', dispatch({ client_payload: { a: '{% assign e = event %}{{ e.wandb.run.name }}' } })],
    [true, 'a word that is found while rendering', dispatch({ client_payload: { a: '{{ event[event.alias] }}' } })],
    [true, 'the event type', dispatch({ event_type: 'x-{{ event.wandb.artifact.type }}', client_payload: {} })],
    [false, 'the text "wandb"', dispatch({ event_type: 'wandb', client_payload: { wandb: 'wandb {{ event.payload.wandb }}' } })],
    [true, 'an input', workflow({ inputs: { a: '{{ event.wandb.run.name }}' } })],
    [true, 'a ref', workflow({ ref: '{{ event.wandb.run.commit }}' })],
    [false, 'a workflow without inputs', workflow()],
    [false, 'a message of ours', { slack: { channel: '#ml' } }],
    [true, 'a text with a value of W&B', { slack: { channel: '#ml', text: '{{ event.wandb.run.name }} is done' } }],
    [false, 'a text without', { slack: { channel: '#ml', text: '{{ event.run }} is done' } }],
  ])('%s: can change %s', (expected, _what, definition) => {
    expect(usesEnrichment(definition)).toBe(expected);
  });
});
