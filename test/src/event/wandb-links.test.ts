import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RelayEvent } from '../../../src/event/event.ts';
import { apiKeyPage, wandbAppUrl, wandbLinks } from '../../../src/event/wandb-links.ts';
import { anyCharacter } from '../../any-character.ts';

const ARTIFACT: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'vision',
  collection: 'res net',
  version: 'v12',
};
const REGISTRY: RelayEvent = { ...ARTIFACT, type: 'link_artifact', entity: 'acme-org', project: 'wandb-registry-model', registry: 'model' };
const RUN: RelayEvent = { type: 'run_state', source: 'default', entity: 'acme', project: 'vision', run: 'abc12', status: 'failed' };

it.each([
  ['https://api.wandb.ai', 'https://forge.coreweave.com/wandb'],
  ['https://api.wandb.ai/', 'https://forge.coreweave.com/wandb'],
  ['https://forge.coreweave.com/api/wandb', 'https://forge.coreweave.com/wandb'],
  ['https://wandb.acme.example/', 'https://wandb.acme.example'],
])('the app of the API at %s is at %s', (api, app) => {
  expect(wandbAppUrl(api)).toBe(app);
});

it.each([
  ['https://api.wandb.ai', 'https://forge.coreweave.com/account-settings/<organization>/api-keys'],
  ['https://wandb.acme.example/', 'https://wandb.acme.example/authorize'],
])('a key for the API at %s is made at %s', (api, page) => {
  expect(apiKeyPage(api)).toBe(page);
});

describe('links into W&B', () => {
  const APP = { url: 'https://forge.coreweave.com/wandb/', organization: 'Acme' };

  it('lead to the run', () => {
    expect(wandbLinks(RUN, undefined, APP)).toEqual([{ kind: 'run', url: 'https://forge.coreweave.com/wandb/acme/vision/runs/abc12' }]);
  });

  it('lead to the artifact once its type is known, to its project before', () => {
    expect(wandbLinks(ARTIFACT, { artifact: { type: 'model' } }, APP)).toEqual([
      { kind: 'artifact', url: 'https://forge.coreweave.com/wandb/acme/vision/artifacts/model/res%20net/v12' },
    ]);
    expect(wandbLinks(ARTIFACT, null, APP)).toEqual([{ kind: 'project', url: 'https://forge.coreweave.com/wandb/acme/vision' }]);
  });

  it("lead to the registry, in W&B's own cloud without the organization", () => {
    expect(wandbLinks(REGISTRY, undefined, { url: APP.url })).toEqual([
      {
        kind: 'registry',
        url: 'https://forge.coreweave.com/registry/model?selectionPath=acme-org%2Fwandb-registry-model%2Fres%20net&view=membership&version=v12',
      },
    ]);
  });

  it('lead to the registry of another server once the organization is known, nowhere before', () => {
    const url = 'https://wandb.acme.example';
    expect(wandbLinks(REGISTRY, undefined, { url, organization: 'Acme' })).toEqual([
      {
        kind: 'registry',
        url: `${url}/orgs/Acme/registry/model?selectionPath=acme-org%2Fwandb-registry-model%2Fres%20net&view=membership&version=v12`,
      },
    ]);
    expect(wandbLinks(REGISTRY, { artifact: { type: 'model' } }, { url })).toEqual([]);
  });

  it("lead to where the cloud's app is now, also where its old address was stored", () => {
    const wandb = { artifact: { url: 'https://wandb.ai/acme/vision/artifacts/model/raw/v3' } };
    expect(wandbLinks(ARTIFACT, wandb, APP)).toEqual([
      { kind: 'artifact', url: 'https://forge.coreweave.com/wandb/acme/vision/artifacts/model/raw/v3' },
    ]);
    expect(wandbLinks(ARTIFACT, wandb, { url: 'https://wandb.acme.example' })).toEqual([
      { kind: 'project', url: 'https://wandb.acme.example/acme/vision' },
    ]);
  });

  it('lead to the pages that W&B names, when they are of the app', () => {
    const artifact = 'https://forge.coreweave.com/wandb/acme/vision/artifacts/model/raw/v3';
    const run = 'https://forge.coreweave.com/wandb/acme/vision/runs/abc12';
    expect(wandbLinks(ARTIFACT, { artifact: { url: artifact }, run: { url: run } }, { url: APP.url })).toEqual([
      { kind: 'artifact', url: artifact },
      { kind: 'run', url: run },
    ]);
    const elsewhere = { artifact: { url: 'https://wandb.ai.evil.example/x' }, run: { url: 'javascript:alert(1)' } };
    const climbing = { artifact: { url: 'https://wandb.ai/../x' }, run: { url: `${APP.url}a/%2e%2e/../x` } };
    expect(wandbLinks(ARTIFACT, climbing, APP)).toEqual(wandbLinks(ARTIFACT, null, APP));
    expect(wandbLinks(ARTIFACT, elsewhere, { url: APP.url })).toEqual([
      { kind: 'project', url: 'https://forge.coreweave.com/wandb/acme/vision' },
    ]);
  });

  it('are not made from names that would lead elsewhere, or from too few', () => {
    expect(wandbLinks({ ...RUN, run: '..' }, undefined, APP)).toEqual([
      { kind: 'project', url: 'https://forge.coreweave.com/wandb/acme/vision' },
    ]);
    expect(wandbLinks({ ...RUN, entity: '..', project: '.' }, undefined, APP)).toEqual([]);
    expect(wandbLinks({ type: 'unknown', source: 'default' }, undefined, APP)).toEqual([]);
  });

  it('stay inside the app whatever the names are', () => {
    const name = fc.string({ unit: anyCharacter, maxLength: 30 });
    fc.assert(
      fc.property(name, name, name, name, name, (entity, project, collection, version, type) => {
        const links = [
          ...wandbLinks({ ...ARTIFACT, entity, project, collection, version }, { artifact: { type } }, APP),
          ...wandbLinks({ ...REGISTRY, entity, project, collection, version }, null, { url: APP.url, organization: type }),
          ...wandbLinks({ ...RUN, entity, project, run: version }, null, APP),
        ];
        for (const { url } of links) {
          expect(new URL(url).href).toBe(url);
          expect(url).toMatch(/^https:\/\/forge\.coreweave\.com\/(wandb|registry)\/[A-Za-z0-9%._~/?=&-]+$/);
        }
      }),
    );
  });
});
