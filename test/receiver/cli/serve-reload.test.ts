import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, runCommand } from '../../stand-ins/receiver-process.ts';
import { realReceiver, receiverFolder, send, takingDispatches } from './real-receiver.ts';

const TOKEN = 'an-admin-token-for-tests';

/** Routes of the given names for one event, and whatever settings. */
function configOf(routes: readonly string[], settings = ''): string {
  const items = routes.map(
    (name) =>
      `  - { name: ${name}, on: { event: add_artifact_alias }, to: [{ repository_dispatch: { repository: acme/${name}, event_type: go } }] }\n`,
  );
  return `version: 1\nsettings: { github_writes_per_second: 100${settings} }\nroutes:\n${items.join('')}`;
}

test('a running receiver takes a new config under load without losing anything, and refuses a broken one', async () => {
  const github = await takingDispatches();
  const folder = receiverFolder();
  const file = join(folder, 'wandb-relay.yaml');
  const relay = await realReceiver({ folder, github: github.url, environment: { RELAY_ADMIN_TOKEN: TOKEN } });
  const reloads = () => relay.log.filter(({ msg }) => msg === 'the config was read again and is in use').length;
  const hangUp = () => process.kill(relay.pid, 'SIGHUP');
  const ready = async () => (await fetch(`${relay.url}/readyz`)).json();

  // Events go on coming while the routes change again and again.
  let isOver = false;
  const answers: { status: number; routes: string[] }[] = [];
  const load = Array.from({ length: 4 }, async (_, sender) => {
    for (let i = 0; !isOver; i++) {
      const { status, body } = await send(relay.url, `v${sender}-${i}`, `model-${sender}-${i}`);
      answers.push({ status, routes: (body.deliveries ?? []).map(({ route }) => route) });
    }
  });
  await eventually('events came before', () => answers.length > 8);
  for (let i = 1; i <= 6; i++) {
    writeFileSync(file, configOf(i % 2 === 0 ? ['even'] : ['odd', 'too']));
    hangUp();
    await eventually(`config ${i} is in use`, () => reloads() >= i);
    const before = answers.length;
    await eventually('events came after it', () => answers.length > before + 8);
  }
  isOver = true;
  await Promise.all(load);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  // Each event had the routes of one config: all of them, and none of another.
  expect(new Set(answers.map(({ routes }) => routes.join()))).toEqual(new Set(['deploy', 'odd,too', 'even']));
  const accepted = answers.flatMap(({ routes }) => routes).length;
  await eventually('everything was sent', () => github.versions.length >= accepted, 60_000);
  expect(github.versions).toHaveLength(accepted);

  // A broken one: what was in use stays, and everybody can see why.
  writeFileSync(file, 'version: 1\nroutes: [{ name: broken, on: { event: no_such_event }, to: [] }]\n');
  hangUp();
  const refusal = expect.stringMatching(
    /^wandb-relay\.yaml was changed and is refused, so the config of .* UTC stays in use: wandb-relay\.yaml:2/,
  );
  await eventually('it is refused', () => relay.log.some(({ msg }) => String(msg).startsWith('the config was changed and is refused')));
  expect(await ready()).toMatchObject({ status: 'ok', details: { problems: [refusal] } });
  const page = await fetch(`${relay.url}/`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await page.text()).toContain('wandb-relay.yaml was changed and is refused');
  expect((await send(relay.url, 'v-still', 'still')).body.deliveries?.map(({ route }) => route)).toEqual(['even']);

  // Settings belong to it, and nobody has to send a signal.
  writeFileSync(file, configOf(['quiet'], ', max_body_bytes: 20'));
  await eventually('it is in use', () => reloads() >= 7);
  expect(await ready()).toEqual({ status: 'ok' });
  expect((await send(relay.url, 'v-long', 'long')).status).toBe(413);
  writeFileSync(file, configOf(['last']));
  hangUp();
  await eventually('it is in use', () => reloads() >= 8);
  expect((await send(relay.url, 'v-last', 'last')).body.deliveries?.map(({ route }) => route)).toEqual(['last']);

  expect(await relay.end('SIGTERM')).toBe(0);
  const { stdout } = await runCommand(['deliveries', '--limit', '1', '--json'], { cwd: folder });
  expect(stdout).toContain('"last"');
}, 120_000);
