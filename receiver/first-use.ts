import { messageOf } from '../src/lib/error-message.ts';

/** A part of this program could not be loaded when it was first needed: its files are gone, or are another version's by now. */
export class NotLoadedError extends Error {}

/**
 * Loads a part when it is first asked for, and once. What fails is tried again the next time: files may be back.
 *
 * @param what names the part in messages: `the pages`
 * @throws NotLoadedError
 */
export function atFirstUse<Part>(what: string, load: () => Promise<Part>): () => Promise<Part> {
  let loading: Promise<Part> | undefined;
  return () => {
    loading ??= load().catch((cause: unknown) => {
      loading = undefined;
      throw new NotLoadedError(`${what} cannot be loaded: ${messageOf(cause)} (were the program's files replaced? Restart it)`, { cause });
    });
    return loading;
  };
}
