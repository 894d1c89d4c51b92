/** Lets so many bytes be worked on at once; who comes later waits its turn. */
export interface ByteSemaphore {
  /** Resolves with what gives the bytes back. More than the limit is allowed alone. */
  acquire(bytes: number): Promise<() => void>;
}

export function byteSemaphore(limit: number): ByteSemaphore {
  let taken = 0;
  let waiting: { readonly bytes: number; readonly enter: (release: () => void) => void }[] = [];
  const fits = (bytes: number) => taken === 0 || taken + bytes <= limit;
  const take = (bytes: number): (() => void) => {
    taken += bytes;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      taken -= bytes;
      let count = 0;
      for (const { bytes: wanted, enter } of waiting) {
        if (!fits(wanted)) break;
        enter(take(wanted));
        count++;
      }
      if (count > 0) waiting = waiting.slice(count);
    };
  };
  return {
    acquire: (bytes) => {
      if (waiting.length === 0 && fits(bytes)) return Promise.resolve(take(bytes));
      return new Promise((enter) => waiting.push({ bytes, enter }));
    },
  };
}
