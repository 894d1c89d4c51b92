import { describe, expect, it } from 'vitest';
import { html } from '../../../../receiver/admin/components/html.ts';
import { SAMPLE_TYPES } from '../../../../receiver/admin/sample-body.ts';
import { SAMPLE_VALUES } from '../../../../src/event/sample-values.ts';
import { relayBody } from '../../../stand-ins/wandb-sender.ts';
import { claim, succeed } from '../../store/samples.ts';
import { testPages } from './pages-in-test.ts';

/** Turns round what follows, colours a terminal, hides, and changes the direction. */
const SIGNS = '\u202e\u001b[31m\u200b\u2066\u200f\u061c';
const ARRIVES = /(?![\n\t])[\p{Cc}\p{Cf}]/u;

const CONFIG = `
version: 1
routes:
  - name: "de${SIGNS.replaceAll('\u001b', '')}ploy"
    on: { event: [add_artifact_alias, add_artifact_tag, run_state] }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production, client_payload: { collection: "\${{ event.collection }}" } }
  - name: guarded
    on: { event: add_artifact_alias }
    approval: { slack: "#ml", by: [U012ABC], allow_self: true }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-guarded }
  - name: talk
    on: {}
    to:
      - slack: { channel: "#ml" }
`;

function nasty(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value.slice(0, 3)}${SIGNS}${value.slice(3)}`]));
}

const { artifact_version_string: _, ...SAMPLES } = SAMPLE_VALUES;
const BODIES = SAMPLE_TYPES.map((type) => ({
  ...relayBody(
    type,
    { ...nasty(SAMPLES), artifact_version_string: `acme/wandb-registry-model/resnet${SIGNS}50:v1${SIGNS}` },
    `auto${SIGNS}`,
  ),
}));

/** Addresses of our own pages in one of them. */
function linksIn(text: string): string[] {
  return [...text.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, address = '']) => address.replaceAll('&amp;', '&'));
}

describe('signs that nobody sees, or that turn text round', () => {
  it('reach no page, whatever they come in', async () => {
    const pages = await testPages({ config: CONFIG });
    const { store, clock, post, get, send } = pages;
    for (const body of BODIES) {
      clock.now += 60_000;
      expect((await post(body)).status).toBe(202);
    }
    const claimed = await claim(store, clock.now);
    for (const one of claimed.slice(0, 2)) await succeed(store, one, clock.now);
    await send('/pauses/pause', { what: 'everything', by: 'ada', reason: `an${SIGNS}outage` });

    const texts = new Map<string, string>();
    const look = async (path: string): Promise<void> => {
      if (texts.has(path) || texts.size > 150) return;
      const { status, text } = await get(path);
      expect([path, [200, 303, 400, 404, 405, 409].includes(status)]).toEqual([path, true]);
      texts.set(path, text);
      for (const next of linksIn(text)) if (!next.startsWith('/assets') && next !== '/live') await look(next);
    };
    const query = String(
      new URLSearchParams({ collection: SIGNS, alias: SIGNS, text: SIGNS, run: SIGNS, route: SIGNS, next: `/${SIGNS}` }),
    );
    for (const path of ['/', '/models', '/routes', '/automations', '/simulate', '/pauses', '/sign-in']) {
      await look(path);
      await look(`${path}?${query}`);
    }
    const [{ collection = '', alias = '', key = '' } = {}] = await store.aliases({ limit: 1 });
    await look(`/models/rollback?${new URLSearchParams({ collection, alias, key, to: `v1${SIGNS}`, reason: SIGNS })}`);
    for (const change of ['replay', 'cancel']) {
      await look(`/deliveries/change?do=${change}&type=add_artifact_alias`);
      await look(`/deliveries/change?do=${change}&${query}`);
    }
    for (const body of BODIES) {
      const { text } = await send('/simulate', { body: JSON.stringify(body), source_name: 'default' });
      texts.set(`POST /simulate ${body.event}`, text);
    }
    for (const kind of ['/events/', '/models/history?', '/routes/', '/deliveries/change?', '/simulate?'])
      expect([kind, [...texts.keys()].some((path) => path.startsWith(kind))]).toEqual([kind, true]);
    expect([...texts].filter(([, text]) => ARRIVES.test(text)).map(([path]) => path)).toEqual([]);
    const withSigns = [...texts.values()].filter((text) => text.includes('\\u202e'));
    expect(withSigns.length).toBeGreaterThan(10);
  });

  it('are shown as escapes in text and attributes, in one line and in many', async () => {
    expect(String(await html`<p title="${'a\u202eb'}">${['\u001b<', html`<b>${'x\u2066'}</b>`]}</p>`)).toBe(
      '<p title="a\\u202eb">\\u001b&lt;<b>x\\u2066</b></p>',
    );
    expect(String(await html`<pre>${'one\r\ntwo\tx\rthree'}</pre>`)).toBe('<pre>one\ntwo\tx\\u000dthree</pre>');
  });

  it('go back from a form as they are', async () => {
    expect(String(await html`<input type="hidden" name="alias" value="${'a"\u202e\u001b\u0085'}">`)).toBe(
      '<input type="hidden" name="alias" value="a&quot;&#x202e;&#x1b;\\u0085">',
    );
  });
});
