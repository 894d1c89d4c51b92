/** `viewer` reads; `admin` also changes. */
export type Role = 'admin' | 'viewer';

/** Who sent a request. */
export interface Identity {
  /** As it is shown, and recorded with every change. */
  readonly name: string;
  readonly role: Role;
  /** `open`: nobody had to prove anything, because only this machine can reach the receiver. */
  readonly via: 'token' | 'session' | 'proxy' | 'open';
  /** Several people may have this token: it says nothing of who decided. */
  readonly isShared?: true;
}
