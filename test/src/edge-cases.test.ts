import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { readTriggers } from '../../src/config/workflow-triggers.ts';
import { readEventType } from '../../src/event/event.ts';
import { substituteVariables } from '../../src/event/relay-payload.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { checkSignature, signBody } from '../../src/lib/signature.ts';
import { compileRoute, routeMatches } from '../../src/route/route.ts';
import { compileTemplate } from '../../src/route/template.ts';
import { automationConfig, problemsIn, routeConfig } from './config/config-samples.ts';
import { contextWith, theValue } from './event/samples.ts';

const link = (fields: Record<string, string>) => understandBody({ event: 'link_artifact', ...fields }, 's');
const several = (...lines: string[]) => ['version: 1', 'entity: acme', 'automations:', ...lines.map((l) => `  - { ${l} }`)].join('\n');
const REST = 'event: { link_artifact: {} }, action: { relay: { to: [ { slack: { channel: x } } ] } }';

describe('edge cases in which a value could be lost, leaked or misread', () => {
  it.each(['constructor', '__proto__', 'Constructor'])('%s is no event type', (word) => expect(readEventType(word)).toBeUndefined());
  it('parts of an artifact are never blank, nor unexpanded variables', () => {
    expect(link({ artifact: '${entity_name}/ /c:${v}' })).toEqual({
      kind: 'event',
      event: { type: 'link_artifact', source: 's', artifact: '${entity_name}/ /c:${v}', collection: 'c' },
    });
  });
  it('a registry without a name is absent', () =>
    expect(link({ project: 'wandb-registry-' })).toEqual({
      kind: 'event',
      event: { type: 'link_artifact', source: 's', project: 'wandb-registry-' },
    }));
  it('control characters beyond ASCII become a space', () =>
    expect(link({ tag: 'a\u0085b\u009bc' })).toMatchObject({ event: { tag: 'a b c' } }));
  it('nil in a template is null', () =>
    expect(
      ['{{ nil }}', '{{ event.tag | default: nil }}', '{{ blank }}'].map((t) => theValue(compileTemplate(t)).render(contextWith())),
    ).toEqual([null, null, null]));
  it('an anchor that contains itself is an error and not an exception', () =>
    expect(
      problemsIn(routeConfig({ to: '{ repository_dispatch: { repository: a/b, event_type: x, client_payload: &p { a: *p } } }' }))[0],
    ).toMatch(/^relay.yaml:\d+:\d+: not valid YAML/));
  it('a key with Windows line breaks is found line by line', () => {
    const k = ['-----BEGIN KEY-----', 'MIIEowIBAAKCAQEA1234567890', '-----END KEY-----'];
    expect(redactorOf([k.join('\r\n')]).text(k.join('\n'))).not.toContain(k[1]);
  });
  it.each(['a&b-secret-value', 'a/b-secret-value', 'é-secret-value-é'])('finds %s however JSON escapes it', (s) => {
    const u = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`;
    const text = redactorOf([s]).text(`{"a":"${s.replace(/[&éa]/g, u).replace('/', '\\/')}", "b": ${JSON.stringify(s)}`);
    expect(text).toBe('{"a":"[redacted]", "b": "[redacted]"');
  });
  it('a secret inside JSON inside JSON is found', () =>
    expect(redactorOf(['a"secret"b-value']).json({ x: JSON.stringify('a"secret"b-value') })).toEqual({ x: '"[redacted]"' }));
  it('a relay route distinguishes the default entity from another', () => {
    const c = several(`name: a, scope: { project: p }, ${REST}`, `name: a, key: k, scope: { project: other/p }, ${REST}`);
    const heard = (entity: string) =>
      theValue(readConfig(c, 'f'))
        .routes.map(compileRoute)
        .filter((r) => routeMatches(r, { type: 'link_artifact', source: 's', automation: 'a', entity, project: 'p' }, {}))
        .map(({ name }) => name);
    expect([heard('acme'), heard('other')]).toEqual([['a'], ['k']]);
  });
  it('one scope in two spellings is one scope', () =>
    expect(
      problemsIn(several(`name: a, scope: { project: p }, ${REST}`, `name: a, key: k, scope: { project: acme/p }, ${REST}`))[0],
    ).toContain('names are unique in a scope'));
  it('two automations cannot have one key', () =>
    expect(
      problemsIn(
        several(
          `name: a, key: k, scope: { project: p }, ${REST.replace(/relay: .*/, 'no_op: {} }')}`,
          `name: b, key: k, scope: { project: p }, ${REST.replace(/relay: .*/, 'no_op: {} }')}`,
        ),
      ),
    ).toEqual(['relay.yaml:5:21: automations[1].key: there is another automation with the key "k" (line 4): keys are unique']));
  it.each(['" a"', '"a "', '"a\\nb"', '" "'])('refuses the name %s, which no webhook can bring back', (name) =>
    expect(problemsIn(automationConfig({}).replace('watch', name))[0]).toMatch(/^relay.yaml:4:11: automations\[0\]\.name: must not/),
  );
  it('an event without a key is reported once', () =>
    expect(problemsIn(automationConfig({ event: '{}', more: 'runs: { name: x }' }))).toHaveLength(1));
  it('a project has one slash at most', () =>
    expect(problemsIn(automationConfig({ scope: '{ project: a/b/c }' }))).toEqual([
      'relay.yaml:5:23: automations[0].scope.project: must be a project, or entity/project',
    ]));
  it('limits of GitHub are checked when the config is read', () => {
    expect(problemsIn(routeConfig({ to: `{ repository_dispatch: { repository: a/b, event_type: "{${'x'.repeat(100)}" } }` }))).toHaveLength(
      1,
    );
    expect(
      problemsIn(
        routeConfig({ to: `{ repository_dispatch: { repository: a/b, event_type: x, client_payload: { a: ${'x'.repeat(60_000)} } } }` }),
      ),
    ).toHaveLength(1);
    expect(problemsIn(routeConfig({ to: '{ repository_dispatch: { repository: a/.., event_type: x } }' }))).toHaveLength(1);
  });
  it('an alias without an anchor is reported at its location', () =>
    expect(problemsIn('version: 1\nroutes: *nowhere')[0]).toMatch(/^relay.yaml:2:9: /));
  it('errors are written for people', () =>
    expect(problemsIn(routeConfig({ more: 'approval: { slack: "", by: [] }' })).join()).not.toContain('Too small'));
  it('a blank list of types means any type', () =>
    expect(readTriggers('on: { repository_dispatch: { types: } }').repositoryDispatch).toBe('any'));
  it('one signature has one spelling in base64', () => {
    const s = signBody('x', 'k');
    const A = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const l = A[A.indexOf(s[42]!) ^ 1]!;
    expect(checkSignature(`${s.slice(0, 42)}${l}=`, Buffer.from('x'), ['k'])).toBe('malformed');
  });
  it('a variable is never a property of every object', () => expect(substituteVariables({ a: '${constructor}' }, {})).toEqual({ a: '' }));
});
