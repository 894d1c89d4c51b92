import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../../src/config/config.ts';
import { readConfigFiles } from '../../../src/config/config-files.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { theError, theValue } from '../event/samples.ts';

const filesOf = (texts: readonly string[]) => texts.map((text, i) => ({ name: `${'abc'[i]}.yaml`, text: `version: 1\n${text}` }));
const read = (...texts: string[]) => theValue(readConfigFiles(filesOf(texts)));
const problems = (...texts: string[]) => theError(readConfigFiles(filesOf(texts))).map(formatDiagnostic);

const automation = (name: string, { scope = '{ project: p }', more = '', action = '{ no_op: {} }' } = {}) =>
  `  - { name: ${name}, scope: ${scope}, event: { link_artifact: {} }, action: ${action}${more} }\n`;
const automations = (...list: string[]) => `automations:\n${list.join('')}`;
const route = (name: string) => `  - { name: ${name}, on: { event: link_artifact }, to: [ { slack: { channel: x } } ] }\n`;
/** A config as it reads from any file. */
const withoutLocations = ({ locator: _locator, automations, routes, ...rest }: Config) => ({
  ...rest,
  automations: automations.map(({ location: _location, ...automation }) => automation),
  routes: routes.map(({ location: _location, ...route }) => route),
});
const RELAY = '{ relay: { to: [ { slack: { channel: x } } ] } }';

describe('several files', () => {
  const merged = read(
    `entity: acme\nsettings: { retry_for: 1d }\n${automations(automation('a'))}routes:\n${route('r')}`,
    `entity: acme\norganization: org\n${automations(automation('b', { action: RELAY }), automation('a', { scope: '{ project: q }' }))}`,
    `routes:\n${route('s')}alerts: { slack: "#ml-ops" }\nintegrations: { webhooks: [ { name: relay, url: "https://example.com/hook" } ] }\n`,
  );

  it('are one config', () => {
    expect(merged.automations.map(({ name }) => name)).toEqual(['a', 'b', 'a']);
    expect(merged.routes.map(({ name }) => name)).toEqual(['r', 's', 'b']);
    expect(merged).toMatchObject({ entity: 'acme', organization: 'org', settings: { retryForMs: 86_400_000, alertChannel: '#ml-ops' } });
    expect(merged.integrations.webhooks).toEqual([{ name: 'relay', url: 'https://example.com/hook' }]);
  });

  it('keep the location of every automation', () => {
    expect(merged.automations.map(({ location }) => location)).toEqual([
      { file: 'a.yaml', line: 5, column: 5 },
      { file: 'b.yaml', line: 5, column: 5 },
      { file: 'b.yaml', line: 6, column: 5 },
    ]);
  });

  it('locate fields of their definitions for later diagnostics', () => {
    const at = (path: readonly (string | number)[]) => formatDiagnostic(merged.locator.at(path, 'message'));
    expect(at(['automations', 2, 'scope', 'project'])).toBe('b.yaml:6:34: automations[1].scope.project: message');
    expect(at([...(merged.routes[1]?.path ?? []), 'name'])).toBe('c.yaml:3:13: routes[0].name: message');
    expect(at([...(merged.routes[2]?.path ?? []), 'to', 0])).toBe('b.yaml:5:94: automations[0].action.relay.to[0]: message');
    expect(at(['organization'])).toBe('b.yaml:3:15: organization: message');
    expect(formatDiagnostic(merged.locator.atKey(['settings'], 'message'))).toBe('a.yaml:3:1: settings: message');
    expect(merged.locator.has(['automations', 2])).toBe(true);
    expect(merged.locator.has(['automations', 3])).toBe(false);
  });

  it('can be written as one file that reads the same', () => {
    const again = theValue(readConfig(JSON.stringify(merged.source, null, 2), 'plan.json'));
    expect(withoutLocations(again)).toEqual(withoutLocations(merged));
  });

  it('may be none', () => {
    expect(read().automations).toEqual([]);
  });

  it('report all their errors, in the order of the files', () => {
    expect(problems('routs: []\n', 'entity: 7\n')).toEqual([
      'a.yaml:2:1: routs: unknown key (did you mean "routes"?)',
      'b.yaml:2:9: entity: must be a string, not a number',
    ]);
  });
});

describe('readConfigFiles refuses', () => {
  it('two entities, two organizations, two settings, two places for alerts', () => {
    expect(
      problems(
        'entity: a\norganization: x\nsettings: {}\n',
        'organization: y\nentity: a\nalerts: { slack: x }\n',
        'entity: b\nsettings: { retry_for: 1d }\nalerts: { slack: x }\n',
      ),
    ).toEqual([
      'b.yaml:2:15: organization: is "x" in a.yaml: all files of a config have the same organization',
      'c.yaml:2:9: entity: is "a" in a.yaml: all files of a config have the same entity',
      'c.yaml:3:1: settings: there are settings in a.yaml already: put them into one file',
      'c.yaml:4:1: alerts: there are alerts in b.yaml already: put them into one file',
    ]);
  });

  it('automations without an entity in any file', () => {
    expect(problems(`routes:\n${route('r')}`, automations(automation('a')))).toEqual([
      'b.yaml:3:3: automations: automations need "entity: <team>" at the top of the file',
    ]);
  });

  it('names that another file has already', () => {
    const webhook = 'integrations: { webhooks: [ { name: w, url: "http://x" } ] }\n';
    expect(
      problems(
        `entity: acme\n${automations(automation('a'), automation('c', { action: RELAY }))}`,
        `${automations(automation('a', { scope: '{ project: acme/p }' }))}routes:\n${route('r')}${webhook}`,
        `routes:\n${route('r')}${route('c')}${webhook}`,
      ),
    ).toEqual([
      'a.yaml:5:13: automations[1].name: its relay action makes the route "c", which exists already (c.yaml:4): give the automation a key of its own',
      'b.yaml:3:13: automations[0].name: there is another automation "a" in project acme/p (a.yaml:4): names are unique in a scope',
      'c.yaml:3:13: routes[0].name: there is another route "r" (b.yaml:5): route names are unique',
      'c.yaml:5:37: integrations.webhooks[0].name: there is another webhook integration "w" (b.yaml:6): names are unique',
    ]);
  });
});

describe('the name of an automation is compared in its scope, however that is written:', () => {
  const clash = (one: string, other: string) =>
    readConfigFiles(filesOf([`entity: acme\n${automations(automation('a', { scope: one }), automation('a', { scope: other }))}`])).ok ===
    false;

  it.each([
    ['{ project: train }', '{ project: acme/train }', true],
    ['{ project: train, collection: c }', '{ collection: c, project: acme/train }', true],
    ['{ registry: model, collection: c }', '{ registry: model, collection: c }', true],
    ['{ team: acme }', '{ team: acme }', true],
    ['{ project: train }', '{ project: other/train }', false],
    ['{ project: train }', '{ project: train, collection: c }', false],
    ['{ project: model }', '{ registry: model }', false],
    ['{ team: acme }', '{ organization: acme }', false],
  ])('%s and %s', (one, other, isSame) => {
    expect(clash(one, other)).toBe(isSame);
  });
});

describe('keys and old names', () => {
  const refused = (...list: string[]) => problems(`entity: acme\n${automations(...list)}`);

  it('a key is unique in the whole config', () => {
    expect(refused(automation('a', { more: ', key: k' }), automation('b', { scope: '{ team: t }', more: ', key: k' }))).toEqual([
      'a.yaml:5:94: automations[1].key: there is another automation with the key "k" (line 4): keys are unique',
    ]);
  });

  it('a key is not the name of another automation, whose key that is', () => {
    expect(refused(automation('a', { more: ', key: b' }), automation('b'))).toEqual([
      'a.yaml:4:97: automations[0].key: "b" is already the key of the automation of that name (line 5): keys are unique',
    ]);
    expect(
      read(`entity: acme\n${automations(automation('a', { more: ', key: b' }), automation('b', { more: ', key: a' }))}`).automations,
    ).toHaveLength(2);
  });

  it('an old name is not the name of another automation in the scope', () => {
    expect(refused(automation('new', { more: ', moved_from: old' }), automation('old', { scope: '{ project: acme/p }' }))).toEqual([
      'a.yaml:4:106: automations[0].moved_from: "old" is the name of another automation (line 5): an automation that was renamed leaves its old name free',
    ]);
    expect(
      read(`entity: acme\n${automations(automation('new', { more: ', moved_from: old' }), automation('old', { scope: '{ project: q }' }))}`)
        .automations,
    ).toHaveLength(2);
  });

  it('an old name was that of one automation only', () => {
    expect(refused(automation('a', { more: ', moved_from: old' }), automation('b', { more: ', moved_from: old' }))).toEqual([
      'a.yaml:5:104: automations[1].moved_from: another automation was renamed from "old" as well (line 4): only one of them was',
    ]);
  });

  it('names are swapped through a third one, not at once', () => {
    expect(refused(automation('a', { more: ', moved_from: b' }), automation('b', { more: ', moved_from: a' }))).toHaveLength(2);
  });
});
