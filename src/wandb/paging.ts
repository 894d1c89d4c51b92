import * as z from 'zod';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbError } from './wandb-error.ts';

/** One page of a Relay connection. Edges may be empty: W&B leaves out nodes that the key may not see. */
export interface Page<Node> {
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null | undefined };
  readonly edges: readonly ({ readonly node?: Node | null | undefined } | null)[];
}

/** The shape of a connection over nodes of one shape. */
export function pageOf<Node>(node: z.ZodType<Node>): z.ZodType<Page<Node>> {
  return z.object({
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
    edges: z.array(z.object({ node: node.nullish() }).nullable()),
  });
}

/** The nodes of one page. */
export function nodesOf<Node>(page: Page<Node>): Node[] {
  return page.edges.map((edge) => edge?.node).filter((node) => node !== undefined && node !== null);
}

/**
 * Reads all pages of a connection.
 *
 * @param read fetches the page after a cursor (`null` for the first)
 * @returns all nodes, or the first error; a server whose cursor does not move is `unavailable`, not an endless loop
 */
export async function allPages<Node>(
  read: (after: string | null) => Promise<Result<Page<Node>, WandbError>>,
): Promise<Result<Node[], WandbError>> {
  const nodes: Node[] = [];
  const seen = new Set<string>();
  for (let after: string | null = null; ; ) {
    const page: Result<Page<Node>, WandbError> = await read(after);
    if (!page.ok) return page;
    nodes.push(...nodesOf(page.value));
    if (!page.value.pageInfo.hasNextPage) return ok(nodes);
    after = page.value.pageInfo.endCursor ?? '';
    if (after === '' || seen.has(after)) {
      return err({
        kind: 'unavailable',
        status: 200,
        message: 'W&B has more pages of a list, but no valid cursor: the list cannot be read to its end',
      });
    }
    seen.add(after);
  }
}
