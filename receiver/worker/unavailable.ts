/** Says nothing of why: that may hold what was set, and is in the log. */
export function unavailable(): Response {
  return serviceUnavailable('The receiver is not available; its log (npx wrangler tail) says why. Try again.');
}

/** Not ready, with the names of what is to be set or corrected. */
export function notReady(names: readonly string[]): Response {
  const which = names.length === 0 ? 'something' : names.join(', ');
  return serviceUnavailable(
    `The receiver cannot start: ${which} ${names.length > 1 ? 'are' : 'is'} missing or not valid. Its log (npx wrangler tail) says what to do.`,
  );
}

function serviceUnavailable(detail: string): Response {
  const body = { type: 'about:blank', title: 'Service Unavailable', status: 503, detail };
  return new Response(JSON.stringify(body), { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '5' } });
}
