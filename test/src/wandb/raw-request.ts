import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';

interface Body {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string }[];
}

/** Sends a document to the stand-in as it is. */
export async function post(server: WandbStandIn, query: string, variables: object = {}): Promise<{ status: number; body: Body }> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`api:${server.apiKey}`).toString('base64')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

export const CREATE =
  'mutation Create($input: CreateFilterTriggerInput!) { result: createFilterTrigger(input: $input) { trigger { id } } }';
export const UPDATE =
  'mutation Update($input: UpdateFilterTriggerInput!) { result: updateFilterTrigger(input: $input) { trigger { id } } }';
export const DELETE = 'mutation Delete($id: ID!) { result: deleteTrigger(input: { triggerID: $id }) { success } }';
