import type { EngineStore, ProjectLease } from '../store/engine.ts';

export interface HoldLeaseOptions {
  readonly store: Pick<EngineStore, 'leaseProject'>;
  readonly lease: ProjectLease;
  readonly now: () => number;
  readonly leaseMs: number;
}

export interface HeldLease {
  /** Aborted when another receiver has the project. */
  readonly lost: AbortSignal;
  /** Renews no more. The lease runs out by itself, or is taken again by the next round. */
  end(): void;
}

/** Takes a lease and renews it again and again; `undefined`: another receiver has it. */
export async function holdLease({ store, lease, now, leaseMs }: HoldLeaseOptions): Promise<HeldLease | undefined> {
  if (!(await store.leaseProject(lease, now(), leaseMs))) return undefined;
  const lost = new AbortController();
  const timer = setInterval(() => {
    // A store that does not answer says nothing about the lease; what is stored under a lost one is refused anyway.
    store.leaseProject(lease, now(), leaseMs, { renew: true }).then(
      (isHeld) => {
        if (!isHeld) lost.abort(new Error('another receiver reads this project by now'));
      },
      () => undefined,
    );
  }, leaseMs / 4);
  // What keeps a process alive is the round, not its lease. Workers have no such timers.
  timer.unref?.();
  return { lost: lost.signal, end: () => clearInterval(timer) };
}
