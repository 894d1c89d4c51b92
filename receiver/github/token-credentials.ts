import type { GitHubCredentials } from './credentials.ts';

/** One personal access token for everything. */
export function tokenCredentials(token: string): GitHubCredentials {
  return { kind: 'token', credentialFor: () => 'github', token: async () => ({ token, createdAt: undefined }) };
}
