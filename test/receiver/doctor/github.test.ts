import { expect, it } from 'vitest';
import { checkGitHub } from '../../../receiver/doctor/github.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import { readConfig } from '../../../src/config/config.ts';
import { redactorOf } from '../../../src/lib/redact.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');
const TOKEN = 'ghp_a_token_for_tests_only';
const CONFIG = readConfig(
  'version: 1\nroutes: [{ name: a, on: { event: link_artifact }, to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }] }]\n',
  'wandb-relay.yaml',
);

/** What is said about a repository that GitHub answers about in this way; it has one workflow that is right. */
async function saidOf(repository: object, headers: Record<string, string> = {}, contents = 200): Promise<string> {
  if (!CONFIG.ok) throw new Error('the config is wrong');
  const workflow =
    'run-name: "${{ github.event.client_payload.delivery_id }}"\non: repository_dispatch\nconcurrency: { group: a, queue: max }\n';
  const fetch: typeof globalThis.fetch = async (input) => {
    const { pathname } = new URL(String(input instanceof Request ? input.url : input));
    if (!pathname.includes('/contents/')) return Response.json(repository, { headers });
    if (contents !== 200) return Response.json({ message: 'Resource not accessible' }, { status: contents });
    if (pathname.endsWith('.yml'))
      return new Response(workflow, { headers: { 'content-type': 'application/vnd.github.raw; charset=utf-8' } });
    return Response.json([{ name: 'go.yml' }, { name: 'README.md' }]);
  };
  const checks = await checkGitHub({
    config: CONFIG.value,
    environment: { githubApiUrl: 'https://api.github.com' },
    credentials: tokenCredentials(TOKEN),
    fetch,
    now: () => NOW,
    redactor: redactorOf([TOKEN]),
    signal: AbortSignal.timeout(10_000),
    isEnterpriseServer: false,
  });
  return checks.map(({ area, state, detail }) => `${area} ${state} ${detail}`).join('\n');
}

const WRITES = { permissions: { push: true }, private: true };
const WORKFLOW_OK = 'workflow ok listens; its runs can be followed, and none is cancelled';

it.each([
  ['an archived repository', { ...WRITES, archived: true }, {}, 'github problem is archived, and starts no workflow: unarchive it'],
  ['a reader', { permissions: { push: false } }, {}, 'github problem GITHUB_TOKEN may only read it: its user needs write access'],
  [
    'a classic token without the scope',
    WRITES,
    { 'x-oauth-scopes': 'read:org, public_repo' },
    'github problem GITHUB_TOKEN lacks the scope "repo"',
  ],
  [
    'a classic token for a public repository',
    { ...WRITES, private: false },
    { 'x-oauth-scopes': 'public_repo' },
    'github ok GITHUB_TOKEN may write there',
  ],
  [
    'a token that expires soon',
    WRITES,
    { 'github-authentication-token-expiration': '2026-12-02 12:00:00 UTC' },
    'github warning GITHUB_TOKEN expires in 5 days: make a new one',
  ],
  [
    'a token that does not',
    WRITES,
    { 'github-authentication-token-expiration': '2027-12-02 12:00:00 UTC' },
    'github ok GITHUB_TOKEN sees it, and its user may write there (a fine-grained token does not say more)',
  ],
])('%s', async (_, repository, headers, expected) => {
  const said = await saidOf(repository, headers);
  expect(said).toContain(expected);
  expect(said).toContain(WORKFLOW_OK);
});

it('workflows that may not be read are not said to be wrong', async () => {
  expect(await saidOf(WRITES, {}, 403)).toMatch(/\nworkflow unknown its workflows were not checked: GitHub answered 403/);
});
