import { expect, it, onTestFinished } from 'vitest';
import { alertEvent, readAlertFacts } from '../../../receiver/alerts/alert-event.ts';
import type { AlertNews } from '../../../receiver/alerts/condition.ts';
import { createPauseLook } from '../../../receiver/alerts/pause-look.ts';
import { silentLogger } from '../../../receiver/log/log.ts';
import type { PauseScope } from '../../../receiver/store/pause.ts';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { DEFAULT_ALERT_POLICY } from '../../../src/route/alert-policy.ts';

const START = Date.UTC(2026, 10, 27, 12);
const DAY = 86_400_000;
const ROUTE: PauseScope = { kind: 'route', name: 'deploy' };

/** Receivers that share a store; `said` has what all of them said. */
function receivers() {
  const clock = { now: START };
  const store = sqliteStore(openSqlite(':memory:'));
  onTestFinished(() => store.close());
  let ids = 0;
  const eventOf = (news: AlertNews) => alertEvent(news, { channel: '#ml-ops', newId: () => `id-${ids++}`, policy: DEFAULT_ALERT_POLICY });
  const start = () => {
    const look = createPauseLook({ store, now: () => clock.now, log: silentLogger, wake: () => undefined, eventOf });
    return async () => look(await store.pauses());
  };
  const said = async () => (await store.events({ limit: 99 })).map(({ body }) => readAlertFacts(body)?.summary).toReversed();
  const pause = (by = 'ada') => store.pause({ scope: ROUTE, by, at: clock.now, reason: null });
  return { clock, store, start, said, pause, resume: (by: string) => store.resume(ROUTE, by, clock.now) };
}

it('says once who paused and who resumed, whoever of the receivers sees it first', async () => {
  const { clock, start, said, pause, resume } = receivers();
  const [one, two] = [start(), start()];
  await pause();
  for (const look of [one, two, one]) await look();
  clock.now += DAY;
  await resume('ben');
  for (const look of [two, one, start(), two]) await look();
  expect(await said()).toEqual(['ada paused the route deploy', 'The route deploy was resumed by ben: what waited is sent']);
});

it('says it when a receiver starts, where none ran when somebody resumed', async () => {
  const { clock, start, said, pause, resume } = receivers();
  await pause();
  await start()();
  clock.now += DAY;
  await resume('ben');
  await pause('cyd');
  clock.now += DAY;
  const look = start();
  await look();
  await look();
  expect(await said()).toEqual([
    'ada paused the route deploy',
    'The route deploy was resumed by ben: what waited is sent',
    'cyd paused the route deploy',
  ]);
});

it('says nothing of the end of what nobody heard of, or of what ended long ago', async () => {
  const { clock, start, said, pause, resume } = receivers();
  await pause();
  await resume('ben');
  clock.now += 1;
  await start()();
  expect(await said()).toEqual([]);
  await pause();
  await start()();
  await resume('ben');
  clock.now += 8 * DAY;
  await start()();
  expect(await said()).toEqual(['ada paused the route deploy']);
});
