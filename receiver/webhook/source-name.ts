/** In one spelling only, so that one source is not several to deduplication and order. */
const SOURCE_NAME = /^[a-z0-9-]{1,64}$/;

/** Whether a source may have this name. */
export function isSourceName(name: string): boolean {
  return SOURCE_NAME.test(name);
}
