import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { checkBearer, checkSignatures, readSignatures, type SignatureFailure } from '../../src/lib/signature.ts';

/** What a sender has to prove. Several values of a kind are valid at once while one is being rotated. */
export interface SourceSecrets {
  readonly secrets: readonly string[];
  readonly tokens: readonly string[];
}

export interface Authentication {
  /** By the ending of the source's environment variables (`PROD_EU`); blank for `/webhooks/wandb` itself. */
  readonly sources: ReadonlyMap<string, SourceSecrets>;
}

export type AuthenticationFailure =
  | { readonly check: 'signature'; readonly why: SignatureFailure }
  | { readonly check: 'token'; readonly why: 'missing' | 'mismatch' }
  | { readonly check: 'source'; readonly why: 'not configured' };

/** The headers by which a sender proves who it is. */
export interface AuthenticationHeaders {
  /** `X-Wandb-Signature`. */
  readonly signature: string | undefined;
  readonly authorization: string | undefined;
}

/** True when nothing at all is configured: then everything is let in, and the receiver listens on loopback only. */
export function isOpen(authentication: Authentication): boolean {
  return authentication.sources.size === 0;
}

/** What the headers alone say, before the body is read. */
export interface HeaderCheck {
  /** Why the request is refused whatever its body is. */
  readonly failure: AuthenticationFailure | undefined;
  /** True when the sender has proved who it is without a signature of the body: by its token. */
  readonly isProved: boolean;
  /** Checks the signature over the raw bytes. Returns why the body is refused, for the log and nobody else. */
  readonly checkBody: (body: Uint8Array) => AuthenticationFailure | undefined;
}

/**
 * Checks all that can be checked before the body is read: that the source is known, the token, and that there is a signature.
 * Where a secret is configured the signature must be valid, where a token is configured the token must be; a source without
 * either is refused as soon as any source has one.
 */
export function authenticateHeaders(authentication: Authentication, source: string, headers: AuthenticationHeaders): HeaderCheck {
  const refused = (failure: AuthenticationFailure): HeaderCheck => ({ failure, isProved: false, checkBody: () => failure });
  if (isOpen(authentication)) return { failure: undefined, isProved: false, checkBody: () => undefined };
  const wanted = authentication.sources.get(source === DEFAULT_SOURCE ? '' : sourceVariable(source));
  if (wanted === undefined) return refused({ check: 'source', why: 'not configured' });
  const { secrets, tokens } = wanted;
  const signatures = secrets.length > 0 ? readSignatures(headers.signature) : undefined;
  if (typeof signatures === 'string') return refused({ check: 'signature', why: signatures });
  if (tokens.length > 0) {
    const why = checkBearer(headers.authorization, tokens);
    if (why !== undefined) return refused({ check: 'token', why });
  }
  const checkBody = (body: Uint8Array): AuthenticationFailure | undefined => {
    const why = signatures && checkSignatures(signatures, body, secrets);
    return why && { check: 'signature', why };
  };
  return { failure: undefined, isProved: tokens.length > 0, checkBody };
}

/** A sentence for the log. */
export function explainFailure(failure: AuthenticationFailure, source: string): string {
  if (failure.check === 'source') {
    return `refused: no secret or token is configured for the source "${source}": set ${source === DEFAULT_SOURCE ? 'WANDB_WEBHOOK_SECRET' : `WANDB_WEBHOOK_SECRET_${sourceVariable(source)}`}`;
  }
  if (failure.check === 'token') {
    return failure.why === 'missing'
      ? 'refused: no "Authorization: Bearer" header'
      : 'refused: the access token is not one of those configured';
  }
  switch (failure.why) {
    case 'missing':
      return 'refused: no X-Wandb-Signature header: does the W&B webhook have a secret?';
    case 'malformed':
      return 'refused: X-Wandb-Signature is no HMAC-SHA256 in hex or base64';
    case 'mismatch':
      return 'refused: the signature does not match the body: another secret, or a body changed on its way';
    case 'signature-of-empty-object':
      return 'refused: the signature is that of the literal {}, not of the body: a known fault of some senders';
  }
}

/** The ending of a source's environment variables: `prod-eu` → `PROD_EU`. */
export function sourceVariable(source: string): string {
  return source.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
