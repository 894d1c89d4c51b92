import { describe, expect, it } from 'vitest';
import { readWandbLink, wandbHosts } from '../../../src/event/read-wandb-link.ts';
import { wandbLinks } from '../../../src/event/wandb-links.ts';

const CLOUD = 'https://forge.coreweave.com/wandb';
const RUN = { kind: 'run', entity: 'acme', project: 'vision', run: 'abc1' };
const V12 = { kind: 'artifact', entity: 'acme', project: 'vision', collection: 'resnet 50', version: 'v12' };

describe('a link to W&B', () => {
  it.each([
    ['https://wandb.ai/acme/vision/runs/abc1', RUN],
    ['https://wandb.ai/acme/vision/runs/abc1/overview?nw=x#y', RUN],
    ['https://forge.coreweave.com/wandb/acme/vision/runs/abc1', RUN],
    ['https://forge.coreweave.com/wandb/acme/vision/artifacts/model/resnet%2050/v12', V12],
    ['https://wandb.ai/acme/vision/artifacts/model/resnet%2050/v12/files', V12],
    ['https://forge.coreweave.com/registry/model?selectionPath=acme%2Fvision%2Fresnet%2050&view=membership&version=v12', V12],
    ['https://wandb.ai/orgs/acme/registry/model?selectionPath=acme%2Fvision%2Fresnet%2050&version=v12', V12],
  ])('names a run or a version: %s', (link, subject) => {
    expect(readWandbLink(link, CLOUD)).toEqual(subject);
  });

  it.each([
    'https://evil.example/acme/vision/runs/abc1',
    'https://wandb.ai.evil.example/acme/vision/runs/abc1',
    'https://wandb.ai@evil.example/acme/vision/runs/abc1',
    'https://wandb.ai/acme/vision',
    'https://wandb.ai/acme/vision/sweeps/abc1',
    'https://wandb.ai/acme/vision/artifacts/model/resnet50',
    'https://wandb.ai/acme/vision/runs/%',
    'https://wandb.ai/registry/model?selectionPath=acme%2Fvision&version=v1',
    'https://wandb.ai/registry/model?selectionPath=acme%2Fvision%2Fx',
    'ftp://wandb.ai/acme/vision/runs/abc1',
    'acme/vision/runs/abc1',
  ])('is nothing else: %s', (link) => {
    expect(readWandbLink(link, CLOUD)).toBeUndefined();
  });

  it('is only of the server that the relay is for', () => {
    expect(readWandbLink('https://wandb.acme.example/acme/vision/runs/abc1', 'https://wandb.acme.example')).toEqual(RUN);
    expect(readWandbLink('https://wandb.ai/acme/vision/runs/abc1', 'https://wandb.acme.example')).toBeUndefined();
    expect(wandbHosts('https://wandb.acme.example')).toEqual(['wandb.acme.example']);
    expect(wandbHosts(CLOUD)).toEqual(['forge.coreweave.com', 'wandb.ai']);
  });

  it('is understood as it is made', () => {
    const event = { type: 'run_state', source: 'default', entity: 'acme', project: 'vision', run: 'abc1' } as const;
    for (const { url } of wandbLinks(event, null, { url: CLOUD })) expect(readWandbLink(url, CLOUD)).toEqual(RUN);
    const version = {
      type: 'link_artifact',
      source: 'default',
      entity: 'acme',
      project: 'vision',
      collection: 'resnet 50',
      version: 'v12',
    } as const;
    const made = wandbLinks(version, { artifact: { type: 'model' } }, { url: CLOUD });
    expect(made.map(({ url }) => readWandbLink(url, CLOUD))).toEqual([V12]);
    const registered = wandbLinks({ ...version, registry: 'model' }, null, { url: CLOUD });
    expect(registered.map(({ url }) => readWandbLink(url, CLOUD))).toEqual([V12]);
  });
});
