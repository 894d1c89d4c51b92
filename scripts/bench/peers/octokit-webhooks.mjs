// @octokit/webhooks as its README shows it: `createNodeMiddleware` on Node's HTTP server. Copied into the folder of the
// peers, where its package is installed.
import { createServer } from 'node:http';
// biome-ignore lint/correctness/noUndeclaredDependencies: it is installed in the folder of the peers only
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';

const { PORT, JOB_URL, WEBHOOK_SECRET } = process.env;
const webhooks = new Webhooks({ secret: WEBHOOK_SECRET });
webhooks.on('repository_dispatch', async ({ payload }) => {
  if (JOB_URL === undefined) return;
  const response = await fetch(JOB_URL, { method: 'POST', body: JSON.stringify({ id: payload.client_payload.id }) });
  if (!response.ok) throw new Error(`the target answered with ${response.status}`);
});
const middleware = createNodeMiddleware(webhooks, { path: '/webhooks/github' });
createServer(async (request, response) => {
  if (await middleware(request, response)) return;
  response.writeHead(404).end();
}).listen(Number(PORT), '127.0.0.1');
