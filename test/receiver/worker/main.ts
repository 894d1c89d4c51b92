// What a receiver loads when it needs it. In the bundle of a Worker all of it is one file. Here an object would load it while it
// starts: when a test ends the object in the middle of that, the load never ends, nor does the start of any object after it.
import '../../../receiver/admin/pages/changes.ts';
import '../../../receiver/admin/pages/pages.ts';
import '../../../receiver/admin/pages/pause-banners.ts';
import '../../../receiver/enrich/enricher.ts';
import '../../../receiver/github/app-credentials.ts';
import '../../../receiver/github/commit-of-event.ts';
import '../../../receiver/github/commit-status-target.ts';
import '../../../receiver/github/dispatch-target.ts';
import '../../../receiver/github/run-source.ts';
import '../../../receiver/github/token-credentials.ts';
import '../../../receiver/github/workflow-run-webhook.ts';
import '../../../receiver/metrics/endpoint.ts';
import '../../../receiver/metrics/gauges.ts';
import '../../../receiver/outbox/enrich.ts';
import '../../../receiver/slack/app.ts';
import '../../../receiver/slack/client.ts';
import '../../../receiver/slack/home-view.ts';
import '../../../receiver/slack/slack-target.ts';
import '../../../receiver/watch/run-watch.ts';
import '../../../src/route/compiled-targets.ts';
import '../../../src/wandb/client.ts';
import { DurableObject } from 'cloudflare:workers';

export { default, RelayObject } from '../../../receiver/worker/worker.ts';

/** An object that does nothing, for what is to be tried inside one. */
export class BareObject extends DurableObject {}
