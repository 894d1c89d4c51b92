/**
 * Connects what stores deliveries with what sends them: a part calls `wake` after it stored something that may have to be
 * sent, and every registered sender looks at the queue. It is made before either side exists.
 */
export interface Wake {
  wake(): void;
  /** Adds a sender. Senders stay registered for as long as the receiver lives. */
  register(sender: () => void): void;
}

export function createWake(): Wake {
  const senders: (() => void)[] = [];
  return {
    wake: () => {
      for (const sender of senders) sender();
    },
    register: (sender) => {
      senders.push(sender);
    },
  };
}
