/** Everything that only those may see who are known: what the pages guard, and what the Worker hands to the object of a source. */
export const PAGE_PATHS = [
  '/',
  '/live',
  '/events/*',
  '/deliveries/*',
  '/models/*',
  '/routes/*',
  '/automations/*',
  '/simulate/*',
  '/pauses/*',
] as const;
