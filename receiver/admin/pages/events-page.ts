import { Hono } from 'hono';
import { html } from 'hono/html';
import type { RequestVariables } from '../../http/request-log.ts';
import { empty } from '../components/empty.ts';
import { answerPage } from './page.ts';
import type { PageOptions } from './page-options.ts';

/** `/`: what is not delivered, then the stream of events. */
export function eventsPage({ shell }: PageOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/', async (c) =>
    answerPage(c, await shell(), {
      title: 'Events',
      body: html`<section class="card">${empty('No events yet', 'Connect W&B, or send a test event.')}</section>`,
    }),
  );
  return app;
}
