import { describe, expect, it } from 'vitest';
import { config, digest, project } from '../../../src/builders/builders.ts';
import { readConfig } from '../../../src/config/config.ts';
import { readConfigFiles } from '../../../src/config/config-files.ts';
import { metricsOf } from '../../../src/digest/definition.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';

const GOOD = `version: 1
entity: acme
digests:
  - name: daily
    schedule: "0 9 * * 1-5"
    timezone: Europe/Berlin
    scope: { project: train }
    slack: "#ml"
    top: 5
    metrics: [val/loss, { metric: score, best: min }]
`;

function errorsOf(text: string): string[] {
  const read = readConfig(text, 'wandb-relay.yaml');
  return read.ok ? [] : read.error.map(formatDiagnostic);
}

describe('digests in the config', () => {
  it('are read, alone in a file', () => {
    const read = readConfig(GOOD, 'wandb-relay.yaml');
    expect(read.ok && read.value.digests).toMatchObject([
      {
        name: 'daily',
        schedule: '0 9 * * 1-5',
        timezone: 'Europe/Berlin',
        scope: { project: 'train' },
        slack: '#ml',
        top: 5,
        location: { line: 4 },
      },
    ]);
  });

  it.each([
    ['"0 9 * * 1-5"', '"0 9 * *"', 'wandb-relay.yaml:5:15: digests[0].schedule: must be a cron schedule of five fields'],
    ['"0 9 * * 1-5"', '"0 9 31 2 *"', 'never comes: no such date exists'],
    ['Europe/Berlin', 'Europe/Berln', 'did you mean "Europe/Berlin"'],
    ['{ project: train }', '{ organization: acme-org }', 'a digest is about a project, a registry or a team'],
    ['{ project: train }', '{ project: train, collection: { regex: "^r" } }', 'a digest is about one collection, by its name'],
    ['{ project: train }', '{ project: train, team: acme }', 'must have exactly one of'],
    ['"#ml"', '"#ml-{{ event.project }}"', 'a digest has no event'],
    ['"#ml"', '""', 'must not be empty'],
    ['top: 5', 'top: 0', 'must be at least 1'],
    ['top: 5', 'top: 100', 'must be at most 20'],
    ['timezone:', 'time_zone:', 'did you mean "timezone"'],
    ['entity: acme\n', '', 'its project needs a team'],
  ])('are checked: %s → %s', (from, to, message) => {
    expect(errorsOf(GOOD.replace(from, to)).join('\n')).toContain(message);
  });

  it('need no team for a registry, nor for a project that has one', () => {
    const without = GOOD.replace('entity: acme\n', '');
    expect(errorsOf(without.replace('project: train', 'registry: model'))).toEqual([]);
    expect(errorsOf(without.replace('project: train', 'project: acme/train'))).toEqual([]);
  });

  it('of several files are one list, with names that are unique', () => {
    const other = GOOD.replace('entity: acme\n', '').replace('name: daily', 'name: weekly');
    const both = readConfigFiles([
      { name: 'a.yaml', text: GOOD },
      { name: 'b.yaml', text: other },
    ]);
    expect(both.ok && both.value.digests.map(({ name, location }) => [name, location.file])).toEqual([
      ['daily', 'a.yaml'],
      ['weekly', 'b.yaml'],
    ]);
    const twice = readConfigFiles([
      { name: 'a.yaml', text: GOOD },
      { name: 'b.yaml', text: GOOD },
    ]);
    expect(twice.ok ? [] : twice.error.map(formatDiagnostic)).toEqual([
      'b.yaml:4:11: digests[0].name: there is another digest "daily" (a.yaml:4): digest names are unique',
    ]);
  });

  it('are written with the builders as well', () => {
    const built = config({
      entity: 'acme',
      digests: [
        digest({
          name: 'daily',
          schedule: '0 9 * * 1-5',
          timezone: 'Europe/Berlin',
          scope: project('train'),
          slack: '#ml',
          top: 5,
          metrics: ['val/loss', { metric: 'score', best: 'min' }],
        }),
      ],
    });
    const [fromYaml, fromCode] = [GOOD, JSON.stringify(built)].map((text) => readConfig(text, 'x.yaml'));
    const plain = (read: typeof fromYaml) => read?.ok && read.value.digests.map(({ location: _, ...rest }) => rest);
    expect(plain(fromCode)).toEqual(plain(fromYaml));
  });
});

it('reads from a metric’s name whether less is better, unless the config says it', () => {
  const best = (...metrics: Parameters<typeof metricsOf>[0]['metrics'] & object) =>
    metricsOf({ name: 'x', schedule: '', scope: {}, slack: '', metrics }).map(({ metric, best: which }) => `${metric} ${which}`);
  expect(best('val/loss', 'valLoss', 'train_rmse', 'eval/wer', 'perplexity', 'step_time')).toEqual(
    ['val/loss', 'valLoss', 'train_rmse', 'eval/wer', 'perplexity', 'step_time'].map((metric) => `${metric} min`),
  );
  expect(best('accuracy', 'val/f1', 'reward', 'glossary', 'mAP')).toEqual(
    ['accuracy', 'val/f1', 'reward', 'glossary', 'mAP'].map((metric) => `${metric} max`),
  );
  expect(best('loss', { metric: 'loss', best: 'max' })).toEqual(['loss max']);
});
