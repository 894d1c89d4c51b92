import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGitHub } from './stand-ins/github.ts';
import { eventually, runCommand, startReceiver } from './stand-ins/receiver-process.ts';
import { temporaryFolder } from './stand-ins/temporary-folder.ts';
import { wandbServer } from './stand-ins/wandb-in-test.ts';

const TOKEN = 'ghp_a_token_for_tests_only';
const CONFIG = `version: 1
entity: acme
settings: { github_writes_per_second: 50 }
automations:
  - name: deploy-production
    scope: { registry: model, collection: resnet50 }
    event: { add_artifact_alias: { alias: production } }
    action:
      relay:
        integration: local
        to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
  - name: watch-loss
    scope: { project: train }
    event: { run_metric: { metric: loss, below: 0.1 } }
    action: { webhook: { integration: local } }
routes:
  - name: loss
    on: { event: run_metric, metric: loss }
    to: [{ workflow_dispatch: { repository: acme/deploy, workflow: loss.yml, ref: main, inputs: { run: "{{ event.run }}", delivery_id: "{{ delivery_id }}" } } }]
`;

describe('the whole way', () => {
  it('goes from a definition, applied, fired by W&B, through the receiver, to the right dispatch', async () => {
    const wandb = await wandbServer();
    const github = await startGitHub({
      repositories: ['acme/deploy'],
      workflows: [{ repository: 'acme/deploy', file: 'loss.yml', inputs: ['run', 'delivery_id'] }],
      tokens: { [TOKEN]: 'acme' },
    });
    onTestFinished(() => github.close());
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'wandb-relay.yaml'), CONFIG);
    const environment = {
      WANDB_WEBHOOK_SECRET: 'the-signing-secret-of-the-relay',
      WANDB_WEBHOOK_TOKEN: 'the-access-token-of-the-relay',
      GITHUB_TOKEN: TOKEN,
      GITHUB_API_URL: github.url,
    };
    const receiver = await startReceiver({ cwd: folder, environment });
    onTestFinished(async () => {
      await receiver.end('SIGKILL');
    });
    const { world } = wandb;
    world.addWebhook(world.entity('acme'), 'local', `${receiver.url}/webhooks/wandb`, {
      accessTokenRef: 'RELAY_TOKEN',
      secretRef: 'RELAY_SECRET',
    });

    const access = { WANDB_API_KEY: wandb.apiKey, WANDB_BASE_URL: wandb.url, GITHUB_REPOSITORY: 'acme/models' };
    const run = (...words: string[]) => runCommand(words, { cwd: folder, environment: access });
    wandb.forbidMutations();
    expect((await run('plan')).code).toBe(2);
    wandb.allowMutations();
    expect(await run('apply')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('2 of 2 applied: 2 created, 0 updated, 0 deleted.'),
    });
    expect(await run('plan')).toMatchObject({ code: 0, stdout: expect.stringContaining('No changes; 2 as defined.\n') });
    expect((await run('drift')).code).toBe(0);

    const values = {
      entity_name: 'acme',
      project_name: 'wandb-registry-model',
      artifact_collection_name: 'resnet50',
      artifact_version_string: 'acme/wandb-registry-model/resnet50:v7',
      alias: 'production',
      event_author: 'ada',
    };
    await wandb.fire(world.trigger('deploy-production').id, values);
    await wandb.fire(world.trigger('watch-loss').id, {
      entity_name: 'acme',
      project_name: 'train',
      run_name: 'nightly "best"',
      metric_values: '[0.09]',
    });
    await eventually('both dispatches arrive', () => github.dispatches.length === 2);
    expect(github.dispatches.map(({ answered }) => answered)).toEqual([204, 200]);
    expect(github.dispatches[0]?.body).toMatchObject({
      event_type: 'model-production',
      client_payload: {
        route: 'deploy-production',
        event: { type: 'add_artifact_alias', registry: 'model', version: 'v7', alias: 'production', author: 'ada' },
      },
    });
    expect(github.dispatches[1]?.body).toMatchObject({ ref: 'main', inputs: { run: 'nightly "best"' } });
  });

  it('compiles a TypeScript config to JSON that plans the same', async () => {
    const wandb = await wandbServer();
    const folder = temporaryFolder();
    const builders = new URL('../src/builders/builders.ts', import.meta.url).pathname;
    writeFileSync(
      join(folder, 'wandb-relay.config.ts'),
      `import { automation, config, doNothing, onRunMetric, project, runEvent } from '${builders}';
export default config({ entity: 'acme', automations: [automation({ name: 'loss', event: onRunMetric(project('train'), runEvent.metric('loss').avg(10).decreasesBy({ frac: 0.25 })), action: doNothing() })] });
`,
    );
    const rendered = await runCommand(['render', '--config', 'wandb-relay.config.ts', '--out', 'plan.json'], { cwd: folder });
    expect(rendered).toMatchObject({ code: 0, stdout: 'plan.json written\n' });
    const environment = { WANDB_API_KEY: wandb.apiKey, WANDB_BASE_URL: wandb.url, GITHUB_REPOSITORY: 'acme/models' };
    const applied = await runCommand(['apply', '--config', 'plan.json'], { cwd: folder, environment });
    expect(applied.code).toBe(0);
    expect(wandb.world.trigger('loss').filter).toContain('"change_amount":0.25');
  });
});
