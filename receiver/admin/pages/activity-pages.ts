import { Hono } from 'hono';
import type { RequestVariables } from '../../http/request-log.ts';
import { createActivityCounter } from '../activity.ts';
import { automationPage } from './automation-page.ts';
import { automationsPage } from './automations-page.ts';
import type { PageOptions } from './page-options.ts';
import { routePage } from './route-page.ts';
import { routesPage } from './routes-page.ts';

/** The pages that show how often something fired: they count together. */
export function activityPages(options: PageOptions): Hono<RequestVariables> {
  const counter = createActivityCounter(options);
  const app = new Hono<RequestVariables>();
  for (const page of [routesPage, routePage, automationsPage, automationPage]) app.route('/', page(options, counter));
  return app;
}
