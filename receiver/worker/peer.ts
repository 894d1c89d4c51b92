import { isIP } from 'node:net';

/** Who sent a request: Cloudflare writes it, and overwrites what a sender wrote (Cloudflare documentation, "HTTP headers", CF-Connecting-IP). */
export function peerOf(request: Pick<Request, 'headers'>): { readonly peer?: string } {
  const peer = request.headers.get('cf-connecting-ip') ?? '';
  return isIP(peer) === 0 ? {} : { peer };
}
