/** Says nothing of why: that may hold what was set, and is in the log. */
export function unavailable(): Response {
  const detail = 'The receiver is not available; its log (npx wrangler tail) says why. Try again.';
  const body = { type: 'about:blank', title: 'Service Unavailable', status: 503, detail };
  return new Response(JSON.stringify(body), { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '5' } });
}
