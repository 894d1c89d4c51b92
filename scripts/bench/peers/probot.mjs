// Probot as its documentation shows it for use on one's own server ("createNodeMiddleware"). Copied into the folder of the
// peers, where its package is installed. The App is made up: nothing here asks GitHub for a token.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
// biome-ignore lint/correctness/noUndeclaredDependencies: it is installed in the folder of the peers only
import { createNodeMiddleware, createProbot } from 'probot';

const { PORT, JOB_URL, WEBHOOK_SECRET } = process.env;
const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
const probot = createProbot({ overrides: { appId: 1, privateKey, secret: WEBHOOK_SECRET } });
const middleware = await createNodeMiddleware(
  (app) => {
    app.on('repository_dispatch', async ({ payload }) => {
      if (JOB_URL === undefined) return;
      const response = await fetch(JOB_URL, { method: 'POST', body: JSON.stringify({ id: payload.client_payload.id }) });
      if (!response.ok) throw new Error(`the target answered with ${response.status}`);
    });
  },
  { probot, webhooksPath: '/webhooks/github' },
);
createServer((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
}).listen(Number(PORT), '127.0.0.1');
