import { createHash } from 'node:crypto';
import type { GitHubCredentials } from './credentials.ts';

/** One personal access token for everything. */
export function tokenCredentials(token: string): GitHubCredentials {
  // A new token has an allowance of its own: what comes after it is not held back by what the old one used up.
  const credential = `github:${createHash('sha256').update(token).digest('hex').slice(0, 8)}`;
  return { kind: 'token', credentialFor: () => credential, token: async () => ({ token, createdAt: undefined }) };
}
