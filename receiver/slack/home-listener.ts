import * as z from 'zod';
import { messageOf } from '../../src/lib/error-message.ts';
import { ACTIONS } from './actions.ts';
import type { BoltApp } from './bolt.ts';
import { cleaned } from './bolt-log.ts';
import { type Handling, type Person, personOf, readBlockAction } from './handling.ts';
import { type RenderHome, readHome } from './home.ts';
import { deniedHome } from './home-view.ts';
import { mayRead } from './members.ts';

export interface HomeOptions {
  readonly handling: Handling;
  readonly home: RenderHome;
  readonly botToken: string;
  readonly redact: (text: string) => string;
}

/** Shows App Home to whoever opens it (Slack, "app_home_opened": `tab`), and again when they press Refresh. */
export function listenToHome(app: BoltApp, options: HomeOptions): void {
  app.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') await showHome(app, options, personOf(event.user, undefined));
  });
  app.action(ACTIONS.refresh, async ({ ack, body }) => {
    await ack();
    const pressed = readBlockAction(body);
    if (pressed !== undefined) await showHome(app, options, pressed.actor);
  });
}

/**
 * Publishes App Home for one person; never rejects.
 *
 * @param notice what came of what they pressed there: Slack has no other place for it
 */
export async function showHome(
  app: BoltApp,
  { handling, home, botToken, redact }: HomeOptions,
  reader: Person,
  notice?: string,
): Promise<void> {
  try {
    const now = handling.now();
    const permission = await mayRead(reader, handling);
    const view = permission.may
      ? home({ ...(await readHome(handling, reader, now)), ...(notice === undefined ? {} : { notice }) }, now)
      : deniedHome(permission.why);
    await app.client.views.publish({ token: botToken, user_id: reader.id, view });
  } catch (error) {
    handling.log.warn({ by: reader.id, error: cleaned(messageOf(error), redact) }, 'slack: App Home could not be shown');
  }
}

const homeSchema = z.object({ view: z.object({ type: z.literal('home') }) });

/** Whether a button was pressed in App Home, where there is no address to answer at. */
export function isOfHome(body: unknown): boolean {
  return homeSchema.safeParse(body).success;
}
