/** Sixteen hexadecimal digits, and where Cloudflare took the request (Cloudflare documentation, "Cloudflare Ray ID"). */
const RAY = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/i;

/** Cloudflare's id of a request, by which its own logs know it. Whatever else is in the header is left out. */
export function rayOf(request: Pick<Request, 'headers'>): { readonly ray?: string } {
  const ray = request.headers.get('cf-ray');
  return ray !== null && RAY.test(ray) ? { ray } : {};
}
