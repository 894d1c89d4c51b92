import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { adminApi } from '../../../../receiver/admin/api.ts';
import { apiDocument } from '../../../../receiver/admin/openapi/document.ts';
import { ALIAS_KEY, type TestApi, testApi } from './api-in-test.ts';
import { type Document, type Documented, documented } from './documented.ts';

interface Case {
  readonly path: string;
  readonly body?: object;
  readonly status?: number;
}

/** How each endpoint is asked, so that all of what it answers with is there. In this order. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  'get /openapi.json': [{ path: '/openapi.json' }],
  'get /status': [{ path: '/status' }],
  'get /events': [
    { path: '/events?limit=2' },
    { path: '/events?include=body&outcome=unmatched' },
    { path: '/events?collection=dead-1&state=dead' },
    { path: '/events?source=default&text=resnet50&until=0s&since=24h' },
    { path: '/events?limit=0', status: 400 },
    { path: '/events?include=body&alias=production', status: 400 },
  ],
  'get /events/{id}': ['v1', 'dead-1', 'h1', 'none'].map((id) => ({ path: `/events/${id}` })),
  'get /rejected': [{ path: '/rejected' }],
  'get /export': [
    { path: '/export' },
    { path: '/export?since=2026-01-01T00:00:00Z&until=0s&cursor=aliases-' },
    { path: '/export?cursor=rest-' },
    { path: '/export?cursor=4711', status: 400 },
    { path: '/export?since=yesterday', status: 400 },
  ],
  'get /deliveries': [{ path: '/deliveries?state=held&state=dead&limit=1' }, { path: '/deliveries?state=ded', status: 400 }],
  'get /deliveries/{id}': ['d-v1', 'd-dead-1', 'd-retried', 'd-h1'].map((id) => ({ path: `/deliveries/${id}` })),
  'get /aliases': [{ path: '/aliases' }, { path: '/aliases?cursor=4', status: 400 }],
  'get /aliases/{key}/history': [{ path: `/aliases/${ALIAS_KEY}/history` }],
  'get /routes': [{ path: '/routes' }],
  'get /automations': [{ path: '/automations' }],
  'get /pauses': [{ path: '/pauses' }],
  'post /simulate': [
    { path: '/simulate', body: { body: { event_type: 'add_artifact_alias', alias: 'guarded', artifact_version_string: 'a/b/c:v1' } } },
    { path: '/simulate', body: { body: { alias: 'x' }, source: 'prod' } },
    { path: '/simulate', body: {}, status: 400 },
  ],
  'post /deliveries/replay': [
    { path: '/deliveries/replay', body: { filter: { state: ['dead'] }, limit: 1, dry_run: true } },
    { path: '/deliveries/replay', body: { filter: { state: ['dead'], text: 'dead-' }, limit: 1, dry_run: true } },
    { path: '/deliveries/replay', body: { ids: ['d-dead-1', 'nothing'] } },
    { path: '/deliveries/replay', body: { filter: {} }, status: 400 },
  ],
  'post /deliveries/{id}/replay': [{ path: '/deliveries/d-dead-2/replay' }, { path: '/deliveries/d-dead-2/replay', status: 400 }],
  'post /deliveries/cancel': [{ path: '/deliveries/cancel', body: { filter: { state: ['dead'], collection: 'dead-3' } } }],
  'post /deliveries/{id}/cancel': [{ path: '/deliveries/d-dead-2/cancel' }],
  'post /deliveries/approve': [{ path: '/deliveries/approve', body: { ids: ['d-h1'], reason: 'looks right' } }],
  'post /deliveries/{id}/approve': [{ path: '/deliveries/d-h2/approve', body: { reason: 'looks right' } }],
  'post /deliveries/reject': [{ path: '/deliveries/reject', body: { ids: ['d-h3'], reason: 'not now' } }],
  'post /deliveries/{id}/reject': [{ path: '/deliveries/d-h4/reject' }],
  'post /events/{id}/mute': [{ path: '/events/dead-2/mute', body: { route: 'deploy', hours: 8 } }],
  'post /events/{id}/unmute': [{ path: '/events/dead-2/unmute', body: { route: 'deploy' } }],
  'post /aliases/{key}/rollback': [
    { path: `/aliases/${ALIAS_KEY}/rollback`, status: 202 },
    { path: `/aliases/${ALIAS_KEY}/rollback`, body: { to: 'v9' }, status: 400 },
  ],
  'post /erase': [
    { path: '/erase', body: { names: ['ben', 'U0BEN'], dry_run: true } },
    { path: '/erase', body: { names: ['nobody-of-this-name'], pseudonym: 'erased-1a2b', cursor: 'notes.' } },
    { path: '/erase', body: { names: ['42'] }, status: 400 },
    { path: '/erase', body: { names: ['ben'], cursor: 'users.' }, status: 400 },
  ],
  'post /pauses': [
    { path: '/pauses', body: { do: 'pause', scope: { kind: 'route', name: 'deploy' }, reason: 'GitHub is migrated' } },
    { path: '/pauses', body: { do: 'resume', scope: { kind: 'everything' } } },
    { path: '/pauses', body: { do: 'stop' }, status: 400 },
  ],
};

describe('the document of the API', () => {
  it('is valid OpenAPI 3.1, with a description and an answer for everything', async () => {
    const document = apiDocument('/api');
    const { valid, errors } = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);
    expect([valid, errors]).toEqual([true, undefined]);
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.values((document as unknown as Document).paths).flatMap((path) => Object.values(path));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(JSON.stringify(document)).not.toMatch(/"pattern":"[^"]*\/[a-z]+"/);
  });

  it('names every endpoint that there is, and no other', () => {
    const { operations } = documented(apiDocument('/api') as unknown as Document);
    const app = adminApi({ access: {}, path: '/api', rollBack: async () => ({ ok: false, error: '' }) } as never);
    const routes = app.routes.filter(({ method }) => method !== 'ALL');
    const there = routes.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1')}`);
    expect([...operations].toSorted()).toEqual([...new Set(there)].toSorted());
  });
});

/** Without a token, with one that may only read, and about what is not there. */
async function refusals({ api, call }: TestApi, { operations, problemWith }: Documented): Promise<void> {
  for (const operation of operations) {
    const [method = '', template = ''] = operation.split(' ');
    const path = template.replace(/\{\w+\}/, 'no-such-thing');
    const stranger = await fetch(`${api}${path}`, { method: method.toUpperCase() });
    const refused = { status: stranger.status, type: stranger.headers.get('content-type') ?? '', body: (await stranger.json()) as never };
    expect([operation, refused.status, problemWith(operation, refused)]).toEqual([operation, 401, undefined]);
    const viewer = await call(method, path, { as: 'viewer' });
    const mayView = method === 'get' || template === '/simulate';
    expect([operation, viewer.status === 403, problemWith(operation, viewer)]).toEqual([operation, !mayView, undefined]);
  }
}

async function answers({ call }: TestApi, { problemWith }: Documented): Promise<void> {
  for (const [operation, cases] of Object.entries(CASES)) {
    for (const { path, body, status = 200 } of cases) {
      const answer = await call(operation.split(' ')[0] ?? '', path, { body });
      const wrong = answer.status === status ? problemWith(operation, answer) : JSON.stringify(answer.body);
      expect([operation, path, answer.status, wrong]).toEqual([operation, path, status, undefined]);
    }
  }
}

describe('the API', () => {
  it('answers as its document says, whoever asks', async () => {
    const running = await testApi();
    const document = (await running.call('GET', '/openapi.json', { as: 'viewer' })).body as unknown as Document;
    const compared = documented(document);
    expect(document.servers).toEqual([{ url: '/relay/api' }]);
    expect(Object.keys(CASES).toSorted()).toEqual([...compared.operations].toSorted());
    await refusals(running, compared);
    await answers(running, compared);
    await recorded(running);
  });
});

/** Who did it is in the delivery's notes, in what is paused, and in the log. */
async function recorded({ call, log }: TestApi): Promise<void> {
  expect(JSON.stringify((await call('GET', '/deliveries/d-dead-1')).body.notes)).toContain('ada, by the admin API');
  expect((await call('GET', '/pauses')).body).toMatchObject({ pauses: [{ by: 'ada', scope: { kind: 'route', name: 'deploy' } }] });
  expect(log).toContainEqual(expect.objectContaining({ msg: 'resumed', by: 'ada', what: 'everything' }));
  expect(log).toContainEqual(expect.objectContaining({ msg: 'paused', by: 'ada', what: 'route deploy', reason: 'GitHub is migrated' }));
  for (const result of ['replay 1 of 2 by ada', 'cancel by ada', 'mute by ada', 'rollback to v1 by ada'])
    expect(log).toContainEqual(expect.objectContaining({ result }));
}
