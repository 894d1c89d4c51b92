/** Lines that are written together a moment after the first of them came. */
export interface LineBuffer {
  add(line: string): void;
  /** Writes now what has been collected. To be called before the process ends, and before something else is written to the same place. */
  flush(): void;
}

/** A line waits no longer. Milliseconds. */
const DELAY_MS = 5;
/** More than this is not collected. Characters. */
const LARGEST_CHARS = 64 * 1024;

/**
 * Collects lines, because a system call for each of them is a large part of what a line costs. The lines have been
 * redacted before: a secret may be forgotten by the time they are written.
 *
 * The timer does not keep the process alive, so whoever ends it has to flush.
 */
export function bufferLines(write: (text: string) => void): LineBuffer {
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (lines === '') return;
    const text = lines;
    lines = '';
    write(text);
  };
  return {
    add: (line) => {
      lines += `${line}\n`;
      if (lines.length >= LARGEST_CHARS) return flush();
      timer ??= setTimeout(flush, DELAY_MS).unref();
    },
    flush,
  };
}
