import type { EventType } from '../../src/event/event.ts';
import { relayPayload, substituteVariables } from '../../src/event/relay-payload.ts';
import { SAMPLE_VALUES } from '../../src/event/sample-values.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { signBody } from '../../src/lib/signature.ts';

/** The body that an automation with the relay payload sends. */
export function relayBody(type: EventType, values: Readonly<Record<string, string>> = {}, automation = 'deploy-production'): JsonObject {
  return substituteVariables(relayPayload(type, automation, 'accuracy'), { ...SAMPLE_VALUES, ...values });
}

/** An alias put on a version of a collection. */
export function aliasBody(version: string, collection = 'resnet50', alias = 'production'): JsonObject {
  return relayBody('add_artifact_alias', {
    alias,
    artifact_collection_name: collection,
    artifact_version_string: `acme/wandb-registry-model/${collection}:${version}`,
  });
}

export type SignatureForm = 'hex' | 'base64' | 'sha256=hex';

/** The headers of a signed request. */
export function signedHeaders(body: string, secret: string, form: SignatureForm = 'base64'): Record<string, string> {
  const signature =
    form === 'base64' ? signBody(body, secret, 'base64') : `${form === 'hex' ? '' : 'sha256='}${signBody(body, secret, 'hex')}`;
  return { 'content-type': 'application/json', 'x-wandb-signature': signature };
}

export interface Answer {
  readonly status: number;
  readonly body: {
    readonly id?: string;
    readonly status?: string | number;
    readonly detail?: string;
    readonly deliveries?: readonly { readonly id: string; readonly route: string; readonly target: string }[];
  };
}

/** Posts a body, signed. */
export async function post(url: string, body: JsonObject | string, secret: string, form?: SignatureForm): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', headers: signedHeaders(text, secret, form), body: text });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}
