import { describe, expect, it } from 'vitest';
import { type PlanOptions, planEvent } from '../../../receiver/webhook/route-event.ts';
import { readConfig } from '../../../src/config/config.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { indexRoutes } from '../../../src/route/route-index.ts';

const EVENT: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  collection: 'resnet50',
  version: 'v12',
  alias: 'production',
};

/** The deliveries that an event asks for by one route. */
function planned(
  route: string,
  connected: PlanOptions['connected'],
  event: RelayEvent = EVENT,
  more: Partial<Pick<PlanOptions, 'slackUsers'>> = {},
) {
  const config = readConfig(`{ version: 1, routes: [{ name: deploy, on: {}, ${route} }] }`, 'test.yaml');
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  let ids = 0;
  const { firings } = planEvent(
    { event, payload: {}, body: '{}', bodyHash: 'hash', receivedAt: 0 },
    {
      matchRoutes: indexRoutes(config.value.routes.map(compileRoute)),
      credentialFor: () => 'github',
      newId: () => `id ${++ids}`,
      connected,
      ...more,
    },
  );
  return firings.flatMap(({ deliveries }) => deliveries);
}

const NOTHING = { slack: false, wandb: false };
const dispatch = (eventType: string) =>
  `to: [{ repository_dispatch: { repository: acme/deploy, event_type: "${eventType}", client_payload: {} } }]`;

describe('a template that only the answer of W&B can fill', () => {
  const route = dispatch('{{ event.wandb.artifact.type }}');

  it('waits for that answer, where W&B is asked', () => {
    expect(planned(route, { slack: false, wandb: true })).toMatchObject([{ state: 'pending', template: expect.anything() }]);
  });

  it('is dead with what to do where nobody asks', () => {
    expect(planned(route, NOTHING)).toMatchObject([
      { state: 'dead', request: null, reason: expect.stringContaining('event_type is empty') },
    ]);
  });
});

describe('an approval', () => {
  const route = (to: string) =>
    `approval: { slack: "#ml" }, to: [{ repository_dispatch: { repository: acme/deploy, event_type: model } }${to}]`;

  it('is asked in its channel although no target goes there, and always heard', () => {
    const [held, asked, ...rest] = planned(route(''), { slack: true, wandb: false });
    expect(held).toMatchObject({ state: 'held' });
    expect(asked).toMatchObject({ state: 'pending', target: 'slack:#ml', conversation: { channel: '#ml', canMute: false } });
    expect(rest).toEqual([]);
  });

  it('is asked by the message that goes there anyway', () => {
    expect(planned(route(', { slack: { channel: "#ml" } }'), { slack: true, wandb: false }).map(({ target }) => target)).toEqual([
      'repository_dispatch:acme/deploy',
      'slack:#ml',
    ]);
  });

  it('is asked of nobody where Slack is not connected', () => {
    expect(planned(route(''), NOTHING)).toMatchObject([{ state: 'held' }]);
  });
});

describe('a conversation', () => {
  const SLACK = '{ slack: { channel: "#ml" } }';
  const TAG = { type: 'add_artifact_tag', tag: 'good' } as const;
  const of = (event: Partial<RelayEvent>, ...targets: string[]) =>
    planned(`to: [${(targets.length === 0 ? [SLACK] : targets).join(', ')}]`, NOTHING, {
      ...EVENT,
      alias: undefined,
      ...event,
    } as RelayEvent).map(({ conversation }) => conversation);
  const one = (...args: Parameters<typeof of>) => of(...args)[0];

  it('is about one version, whatever happens to it', () => {
    const { key, subject, begins } = one(TAG) ?? {};
    expect([key, begins]).toEqual([subject, undefined]);
    expect(one({ ...TAG, tag: 'other' })?.key).toBe(key);
    expect(one({ type: 'link_artifact' })?.key).toBe(key);
    for (const other of [{ version: 'v13' }, { source: 'eu' }]) expect(one({ ...TAG, ...other })?.key).not.toBe(key);
    expect(one(TAG, '{ slack: { channel: "#other" } }')?.key).not.toBe(key);
  });

  it('is the promotion alone, of the same subject, once in a channel', () => {
    const promotions = of({ alias: 'production' }, SLACK, '{ slack: { channel: ml } }', '{ slack: { channel: "#other" } }');
    expect(promotions).toMatchObject([{ begins: true, subject: one(TAG)?.subject }, { begins: true }, { begins: true }]);
    const [here, too, there] = promotions.map((conversation) => conversation?.key);
    expect(here).not.toBe(one(TAG)?.key);
    expect(too).toBe(here);
    expect(there).not.toBe(here);
  });

  it('is the event alone without a thread, for all targets of the channel', () => {
    const [apart, too] = of(TAG, '{ slack: { channel: "#ml", thread: false } }', SLACK);
    expect(apart).toMatchObject({ begins: true });
    expect(apart).not.toHaveProperty('subject');
    expect(too?.key).toBe(apart?.key);
  });

  it('is the line in which its messages leave', () => {
    const [delivery] = planned('to: [{ slack: { channel: "#ml" } }]', NOTHING);
    expect(delivery?.orderKey).toBe(delivery?.conversation?.key);
  });

  it('is of a kind: channel, type, alias, state of a run, automation', () => {
    const kinds = [
      {},
      { alias: 'production' },
      { automation: 'a' },
      TAG,
      { type: 'run_state', status: 'failed' },
      { type: 'run_state', status: 'finished' },
    ];
    expect(new Set(kinds.map((event) => one(event as Partial<RelayEvent>)?.kind)).size).toBe(kinds.length);
    expect(one({ alias: 'production', version: 'v99', collection: 'bert' })?.kind).toBe(one({ alias: 'production' })?.kind);
  });
});

describe('a channel that depends on the event', () => {
  const route = 'to: [{ slack: { channel: "#ml-{{ event.collection }}" } }]';

  it('is a name in the delivery, its credential and its conversation', () => {
    expect(planned(route, { slack: true, wandb: false })).toMatchObject([
      { target: 'slack:#ml-resnet50', conversation: { channel: '#ml-resnet50' }, request: { channel: '#ml-resnet50' }, state: 'pending' },
    ]);
  });

  it('is dead with the reason when the event has none', () => {
    const { collection: _collection, ...event } = EVENT;
    expect(planned(route, { slack: true, wandb: false }, event)).toMatchObject([
      { state: 'dead', request: null, reason: expect.stringContaining('has no name for this event') },
    ]);
  });

  it('is that of the approval, when it is the same: nobody is asked twice', () => {
    const asks = `approval: { slack: "#ml-resnet50" }, to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }, { slack: { channel: "#ml-{{ event.collection }}" } }]`;
    expect(planned(asks, { slack: true, wandb: false }).map(({ target }) => target)).toEqual([
      'repository_dispatch:acme/deploy',
      'slack:#ml-resnet50',
    ]);
  });
});

describe('the end of a condition', () => {
  const SLACK = { slack: true, wandb: false };
  const ended: RelayEvent = { type: 'run_state', source: 'default', engine: 'relay', resolved: true, run: 'x', author: 'ada' };
  const to = 'to: [{ repository_dispatch: { repository: acme/triage, event_type: go } }, { slack: { channel: "#ml" } }]';
  const targets = (route: string) =>
    planned(route, SLACK, ended, { slackUsers: () => ({ ada: 'U0ADA' }) }).map(({ target, state }) => [target, state]);

  it('goes where its begin went', () => {
    expect(targets(to)).toEqual([
      ['repository_dispatch:acme/triage', 'pending'],
      ['slack:#ml', 'pending'],
    ]);
    expect(planned(to, SLACK, ended).at(-1)).toMatchObject({ conversation: { resolves: true, gathers: true } });
  });

  it('is only said where its begin needed an approval, and disturbs nobody', () => {
    expect(targets(`approval: { slack: "#ops" }, notify: [author], ${to}`)).toEqual([['slack:#ml', 'pending']]);
  });

  it('stops no run', () => {
    const config = readConfig(
      'version: 1\nentity: acme\nautomations: [{ name: stop, engine: relay, resolve: true, scope: { project: p }, event: { run_metric: { metric: loss, above: 8 } }, action: { relay: { to: [{ wandb_stop: {} }, { slack: { channel: "#ml" } }] } } }]',
      'test.yaml',
    );
    if (!config.ok) throw new Error(JSON.stringify(config.error));
    const routes = config.value.routes.map(compileRoute);
    const of = (event: RelayEvent) =>
      planEvent(
        { event, payload: {}, body: '{}', bodyHash: 'hash', receivedAt: 0 },
        { matchRoutes: () => routes, credentialFor: () => 'x', newId: () => 'id', connected: SLACK },
      ).firings.flatMap(({ deliveries }) => deliveries.map(({ target }) => target.split(':')[0]));
    const { resolved: _, ...began } = { ...ended, type: 'run_metric', entity: 'acme', project: 'p' } as RelayEvent;
    expect([of(began), of({ ...began, resolved: true })]).toEqual([['wandb_stop', 'slack'], ['slack']]);
  });

  it('comes within the cooldown of its begin', () => {
    const config = readConfig(`{ version: 1, routes: [{ name: deploy, on: {}, cooldown: 1h, ${to} }] }`, 'test.yaml');
    if (!config.ok) throw new Error('the config is good');
    const plan = (event: RelayEvent) =>
      planEvent(
        { event, payload: {}, body: '{}', bodyHash: 'hash', receivedAt: 0 },
        { matchRoutes: indexRoutes(config.value.routes.map(compileRoute)), credentialFor: () => 'x', newId: () => 'id', connected: SLACK },
      ).firings.map(({ cooldownKey }) => typeof cooldownKey);
    const { resolved: _, ...began } = ended;
    expect([plan(began), plan(ended)]).toEqual([['string'], ['object']]);
  });
});

describe('notify', () => {
  const SLACK = { slack: true, wandb: false };
  const slackUsers = () => ({ Ada: 'U0ADA', bob: 'U0BOB' });
  const route = (notify: string, more = '') =>
    `notify: [${notify}], approval: { slack: "#ml", by: [U0BOB, S0OPS] }, to: [{ slack: { channel: "#all" } }${more}]`;
  const targets = (text: string, event: Partial<RelayEvent> = { author: 'ada' }) =>
    planned(text, SLACK, { ...EVENT, ...event }, { slackUsers }).map(({ target }) => target);

  it('sends a direct message to the author, and to approvers and groups, besides the channels', () => {
    expect(targets(route('author'))).toEqual(['slack:#all', 'slack:#ml', 'slack:U0ADA']);
    expect(targets(route('author, approvers'))).toEqual(['slack:#all', 'slack:#ml', 'slack:U0ADA', 'slack:U0BOB', 'slack:S0OPS']);
    const [, , direct] = planned(route('author'), SLACK, { ...EVENT, author: 'ADA' }, { slackUsers });
    expect(direct).toMatchObject({
      state: 'pending',
      conversation: { channel: 'U0ADA', canMute: true },
      request: { channel: 'U0ADA', text: null },
    });
  });

  it('sends one to nobody twice', () => {
    expect(targets(route('author, approvers'), { author: 'bob' })).toEqual(['slack:#all', 'slack:#ml', 'slack:U0BOB', 'slack:S0OPS']);
    expect(targets(route('author', ', { slack: { channel: U0ADA } }'))).toEqual(['slack:#all', 'slack:U0ADA', 'slack:#ml']);
  });

  it('sends none where nobody is known, and none without Slack', () => {
    expect(targets(route('author'), { author: 'eve' })).toEqual(['slack:#all', 'slack:#ml']);
    expect(targets(route('author'), {})).toEqual(['slack:#all', 'slack:#ml']);
    expect(planned(route('author, approvers'), NOTHING, { ...EVENT, author: 'ada' }, { slackUsers }).map(({ target }) => target)).toEqual([
      'slack:#all',
    ]);
  });
});
