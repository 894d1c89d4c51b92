import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { channelOf } from '../../../src/route/channel-name.ts';
import { withChannels } from '../../../src/route/channel-template.ts';
import { compileRoute } from '../../../src/route/route.ts';

function named(template: string, event: Partial<RelayEvent>, payload = {}) {
  return channelOf(template, { delivery_id: '', route: 'tell', event: { type: 'run_state', source: 'default', ...event, payload } });
}

describe('a channel that depends on the event', () => {
  it.each([
    ['vision', '#ml-vision'],
    ['Vision_2-EU', '#ml-vision_2-eu'],
    ['a b.c/d:e', '#ml-a-b-c-d-e'],
    ['#general', '#ml--general'],
    ['Größe', '#ml-größe'],
    ['<!channel>', '#ml---channel-'],
    ['x\n@here', '#ml-x--here'],
  ])('is named as Slack names channels: %j', (project, channel) => {
    expect(named('#ml-{{ event.project }}', { project })).toEqual({ ok: true, value: channel });
  });

  it('has at most 80 characters, and a name written without # is the same', () => {
    const channel = named('ML-{{ event.project }}', { project: '𝒳'.repeat(20) + 'y'.repeat(200) });
    if (!channel.ok) throw new Error(channel.error);
    expect(channel.value).toMatch(/^#ml-/);
    expect([...channel.value.slice(1)]).toHaveLength(80);
  });

  it.each([
    [undefined, {}],
    ['blank', { project: ' ' }],
    ['only what becomes -', { project: '!!!' }],
  ])('fails with the reason when nothing comes after the literal text: %s', (_what, event) => {
    expect(named('#ml-{{ event.project }}', event)).toEqual({
      ok: false,
      error: 'the channel #ml-{{ event.project }} has no name for this event: what the template reads is missing',
    });
  });

  it('may read the body, and choose', () => {
    expect(named('#ml-{{ event.payload.team | default: "all" }}', {})).toEqual({ ok: true, value: '#ml-all' });
    expect(named('#ml-{% if event.run %}runs{% else %}models{% endif %}', { run: 'r1' })).toEqual({ ok: true, value: '#ml-runs' });
  });
});

const config = (slack: string, more = '') =>
  readConfig(
    `{ version: 1, routes: [{ name: tell, on: {}, ${more} to: [{ slack: { channel: ${JSON.stringify(slack)} } }] }] }`,
    'test.yaml',
  );

describe('a config', () => {
  it.each([
    ['{{ event.project }}', /must begin with literal text/],
    ['#{{ event.project }}-ml', /must begin with literal text/],
    ['#-{{ event.project }}', /must begin with literal text/],
    ['#ml-{{ event.wandb.artifact.type }}', /cannot depend on event\.wandb/],
    ['#ml-{{ event["wandb"].artifact }}', /cannot depend on event\.wandb/],
    ['#ml-{{ event }}', /cannot depend on event\.wandb/],
    ['#ml-{{ event.replaces.version }}', /cannot depend on/],
    ["#ml-{{ event['replaces'].version }}", /cannot depend on/],
    ['#ml-{{ event.projekt }}', /an event has no "projekt"/],
    ['#ml-{{ event.project', /not a Liquid template/],
  ])('is refused with the channel %s', (channel, problem) => {
    const read = config(channel);
    expect(read.ok ? '' : read.error[0]?.message).toMatch(problem);
  });

  it('may not ask for an approval in a channel that depends on the event', () => {
    const read = config('#ml', 'approval: { slack: "#ml-{{ event.project }}" },');
    expect(read.ok ? '' : read.error[0]?.message).toMatch(/must name one channel/);
  });
});

describe('a route for one event', () => {
  const event: RelayEvent = { type: 'run_state', source: 'default', project: 'EU Vision', author: 'ada' };
  const context = { delivery_id: 'd', route: 'tell', event: { ...event, payload: {} } };

  it('has channels with names, in everything that a target is', () => {
    const read = readConfig(
      '{ version: 1, routes: [{ name: tell, on: {}, to: [{ slack: { channel: "#ml-{{ event.project }}", text: "by {{ event.author }}" } }, { slack: { channel: "#all" } }] }] }',
      'test.yaml',
    );
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    const [route] = read.value.routes.map(compileRoute);
    const [target, other] = withChannels(route!, event, {}).targets;
    expect(target).toMatchObject({
      name: 'slack:#ml-eu-vision',
      channel: '#ml-eu-vision',
      definition: { slack: { channel: '#ml-eu-vision' } },
    });
    expect(target?.build(context)).toEqual({ ok: true, value: { kind: 'slack', channel: '#ml-eu-vision', text: 'by ada', thread: true } });
    expect(other).toBe(route?.targets[1]);

    const [unnamed] = withChannels(route!, { type: 'run_state', source: 'default' }, {}).targets;
    expect(unnamed?.build(context)).toMatchObject({ ok: false, error: expect.stringContaining('has no name for this event') });
  });

  it('is the same where no channel is a template', () => {
    const read = config('#ml');
    if (!read.ok) throw new Error('unreadable');
    const [route] = read.value.routes.map(compileRoute);
    expect(withChannels(route!, event, {})).toBe(route);
  });
});
