import { describe, expect, it } from 'vitest';
import { configInUse, type ReceiverConfig } from '../../receiver/config-in-use.ts';
import { readConfig } from '../../src/config/config.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { compileRoute } from '../../src/route/route.ts';
import { aliasBody } from '../stand-ins/wandb-sender.ts';

function configOf(route: string, alerts: string): ReceiverConfig {
  const read = readConfig(
    `version: 1
alerts: { slack: "${alerts}" }
routes:
  - { name: ${route}, on: { event: add_artifact_alias }, to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }] }
`,
    'wandb-relay.yaml',
  );
  if (!read.ok) throw new Error(read.error.map(formatDiagnostic).join('\n'));
  return { routes: read.value.routes.map(compileRoute), settings: read.value.settings };
}

const BODY = aliasBody('v1', 'resnet50');
const UNDERSTOOD = understandBody(BODY, 'default');
const matching = ({ matchRoutes }: ReturnType<typeof configInUse>) =>
  UNDERSTOOD.kind === 'event' ? matchRoutes(UNDERSTOOD.event, BODY).map(({ name }) => name) : [];

describe('a config in use', () => {
  it('is replaced as a whole, also for whoever keeps its functions', async () => {
    const inUse = configInUse(configOf('one', '#one'));
    const { alerts } = inUse;
    expect([matching(inUse), alerts('one').channel]).toEqual([['one'], '#one']);
    await inUse.replace(configOf('two', '#two'));
    expect([matching(inUse), alerts('two').channel, inUse.current().settings.alertChannel]).toEqual([['two'], '#two', '#two']);
  });

  it('stays when a part cannot work by the next one, and no other part has changed then', async () => {
    const inUse = configInUse(configOf('one', '#one'));
    const changed: string[] = [];
    inUse.beforeReplacing(async () => () => void changed.push('first'));
    inUse.beforeReplacing(async ({ settings }) => {
      if (settings.alertChannel === '#bad') throw new Error('no');
      return () => void changed.push('second');
    });
    await expect(inUse.replace(configOf('bad', '#bad'))).rejects.toThrow('no');
    expect([matching(inUse), changed]).toEqual([['one'], []]);
    await inUse.replace(configOf('two', '#two'));
    expect([matching(inUse), changed]).toEqual([['two'], ['first', 'second']]);
  });

  it('is replaced by one after the other, in the order in which they came', async () => {
    const inUse = configInUse(configOf('one', '#one'));
    const before: (string | null)[] = [];
    const waits = [30, 0];
    inUse.beforeReplacing(async (_next, { settings }) => {
      await new Promise((resolve) => setTimeout(resolve, waits.shift()));
      before.push(settings.alertChannel);
      return () => undefined;
    });
    await Promise.all([inUse.replace(configOf('two', '#two')), inUse.replace(configOf('three', '#three'))]);
    expect([before, matching(inUse)]).toEqual([['#one', '#two'], ['three']]);
  });
});
