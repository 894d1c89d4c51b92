import type { Context } from 'hono';
import type { RequestVariables } from '../http/request-log.ts';

/** `viewer` reads; `admin` also changes. */
export type Role = 'admin' | 'viewer';

/** Who sent a request. */
export interface Identity {
  /** As it is shown, and recorded with every change. */
  readonly name: string;
  readonly role: Role;
  /** `open`: nobody had to prove anything, because only this machine can reach the receiver. */
  readonly via: 'token' | 'session' | 'proxy' | 'open';
}

/** What handlers behind `Access` find in the context. */
export interface AdminVariables extends RequestVariables {
  Variables: RequestVariables['Variables'] & { identity: Identity };
}

export type AdminContext = Context<AdminVariables>;

/** Who may see pages and use the API. */
export interface Access {
  /** Whether there are pages at all for whoever sent this request; else they get 404. */
  hasPages(c: Context<RequestVariables>): boolean;
  /** `undefined`: nobody that is known. */
  identify(c: Context<RequestVariables>): Identity | undefined;
}
