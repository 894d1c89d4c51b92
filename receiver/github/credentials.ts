/** What one request needs, no more. Dispatching to a repository is a write to its contents (GitHub's documentation). */
export type Permission =
  | { readonly contents: 'write' }
  | { readonly actions: 'write' }
  | { readonly actions: 'read' }
  | { readonly statuses: 'write' };

export interface Token {
  readonly token: string;
  /** Milliseconds since 1970; a token that is seconds old may not be known everywhere at GitHub. */
  readonly createdAt: number | undefined;
}

/** Where tokens for GitHub come from. */
export interface GitHubCredentials {
  readonly kind: 'token' | 'app';
  /** Which credential a repository's requests count against: its rate limit and pace are shared. */
  credentialFor(repository: string): string;
  /** Rejects with the request error of GitHub when it gives none. */
  token(repository: string, permission: Permission): Promise<Token>;
}
