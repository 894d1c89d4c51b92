import { describe, expect, it } from 'vitest';
import { acceptedDetail } from '../../../receiver/webhook/answer-detail.ts';
import { testReceiver } from '../../stand-ins/receiver-in-process.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';

const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    cooldown: 10m
    approval: { slack: "#ml-deploys" }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
      - slack: { channel: "#ml" }
      - workflow_dispatch: { repository: acme/geo, workflow: geo.yml, ref: "{{ event.tag }}" }
`;

const bodyOf = async (post: ReturnType<typeof testReceiver>['post'], version: string, alias?: string) =>
  (await post(aliasBody(version, 'resnet50', alias))).body as { id: string; detail: string; deliveries?: { id: string }[] };

describe('the answer to a webhook says in sentences', () => {
  it('what is sent, what waits for whom, and what cannot be sent', async () => {
    const { post } = testReceiver({ config: CONFIG });
    const { id, detail, deliveries = [] } = await bodyOf(post, 'v12');
    const [dispatch, message, workflow] = deliveries.map((delivery) => delivery.id);
    expect(detail).toBe(
      `Stored as event ${id} of type add_artifact_alias. ` +
        `Route deploy sends a repository_dispatch to acme/deploy (delivery ${dispatch}) after approval in #ml-deploys. ` +
        `Route deploy sends a message to #ml (delivery ${message}). ` +
        `Route deploy cannot send a workflow_dispatch to acme/geo/geo.yml (delivery ${workflow}): ref is empty for this event: give the template a default.`,
    );
  });

  it('of which event it is a duplicate, and since when', async () => {
    const { post, clock } = testReceiver({ config: CONFIG });
    const first = await bodyOf(post, 'v12');
    const at = new Date(clock.now).toISOString();
    clock.now += 12_400;
    const { detail, id } = await bodyOf(post, 'v12');
    expect(id).toBe(first.id);
    expect(detail).toBe(
      `Duplicate of event ${first.id}, which arrived 12 s earlier (${at}) with the same body. Nothing more is sent for it.`,
    );
  });

  it('that a route cools down', async () => {
    const { post } = testReceiver({ config: CONFIG });
    await post(aliasBody('v12'));
    const { id, detail } = await bodyOf(post, 'v13');
    expect(detail).toBe(
      `Stored as event ${id} of type add_artifact_alias. Route deploy sends nothing: it fired for the same subject less than 600 s ago (its cooldown).`,
    );
  });

  it('that nothing matches', async () => {
    const { post } = testReceiver({ config: CONFIG });
    const { id, detail } = await bodyOf(post, 'v12', 'staging');
    expect(detail).toBe(`Stored as event ${id} of type add_artifact_alias. No route matches it, so nothing is sent.`);
  });

  it('that it was a test', async () => {
    const { post } = testReceiver({ config: CONFIG });
    expect((await post({})).body.detail).toBe('This is a test: it is authentic and starts nothing.');
  });

  it('what fits: of many routes the first ten, and every name on one line', () => {
    const routes = Array.from({ length: 12 }, (_, i) => ({
      route: `r${i}\n\u001b[2J`,
      deliveries: [{ id: `d${i}`, target: 'slack:#ml', state: 'pending' as const }],
    }));
    const detail = acceptedDetail('e1', 'run_state', routes);
    expect(detail).toContain('Route r9 [2J sends a message to #ml (delivery d9).');
    expect(detail).not.toContain('d10');
    expect(detail).toMatch(/ 2 more routes match\.$/);
    expect(detail).not.toMatch(/\p{Cc}/u);
  });

  it('no secret', async () => {
    const { post } = testReceiver({ config: CONFIG.replace('name: deploy', 'name: hush-hush'), secrets: ['hush-hush'] });
    expect((await post(aliasBody('v12'))).body.detail).toContain('Route [redacted] sends');
  });
});
