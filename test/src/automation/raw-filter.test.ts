import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { automationConfig, problemsIn } from '../config/config-samples.ts';
import { theValue } from '../event/samples.ts';

const artifact = (filter: string) => automationConfig({ event: `{ add_artifact_alias: { filter: ${filter} } }` });
const runs = (filter: string) => automationConfig({ event: '{ run_state: { states: [failed] } }', more: `runs: { filter: ${filter} }` });

describe('a raw filter is passed on as it is', () => {
  it.each(['{}', '{ a: { $where: 1 } }', '{ $text: x }', '{ a: null, b: [1, { c: 2 }] }', '{ a: { $or: [x] } }'])('%s', (filter) => {
    expect(theValue(readConfig(artifact(filter), 'relay.yaml')).automations).toHaveLength(1);
    expect(theValue(readConfig(runs(filter), 'relay.yaml')).automations).toHaveLength(1);
  });
});

describe('a raw filter is refused, as by the W&B client, with', () => {
  const AT = 'automations[0].event.add_artifact_alias.filter';
  it.each([
    ['{ $and: {} }', `52: ${AT}.$and: must be a list of filters`],
    ['{ $or: [ { $nor: x } ] }', `61: ${AT}.$or[0].$nor: must be a list of filters`],
    ['{ $or: [ x ] }', `53: ${AT}.$or[0]: must be a filter: a mapping`],
    ['{ $not: x }', `52: ${AT}.$not: must be a filter: a mapping`],
  ])('%s', (filter, problem) => {
    expect(problemsIn(artifact(filter))).toEqual([`relay.yaml:6:${problem}`]);
  });

  it('a regular expression that RE2 refuses, at any depth', () => {
    const nested = '{ $or: [ { a: b }, { a: { $not: { $regex: "(?!x)" } } } ] }';
    expect(problemsIn(artifact(nested))[0]).toMatch(
      /^relay\.yaml:6:\d+: .*filter\.\$or\[1\]\.a\.\$not\.\$regex: not an RE2 regular expression/,
    );
    expect(problemsIn(runs('{ display_name: { $regex: "(a)\\\\1" } }'))[0]).toMatch(
      /^relay\.yaml:8:\d+: automations\[0\]\.runs\.filter\.display_name\.\$regex: not an RE2/,
    );
  });
});
