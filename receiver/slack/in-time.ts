/** A slash command has to be answered within three seconds, so what is asked of Slack for it gets half of that. Milliseconds. */
const ASK_TIMEOUT_MS = 1_500;

/** The result of a call to Slack; rejects when it takes longer than a person who waits may be kept waiting. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ASK_TIMEOUT_MS} ms`)), ASK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
