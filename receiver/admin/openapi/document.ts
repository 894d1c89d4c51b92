import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { API_PATHS } from './paths.ts';

/** The version of what the API promises; fields are only added. */
const API_VERSION = '1.0.0';

const DESCRIPTION = `What the pages show and the commands do, as JSON.

Sign in with \`Authorization: Bearer TOKEN\`: a token of RELAY_ADMIN_TOKENS or RELAY_ADMIN_TOKEN, or RELAY_VIEWER_TOKEN to read only.
Lists come in pages: \`next\` is the \`cursor\` of the next one. Errors are problem details (RFC 9457).`;

export type ApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

/**
 * The OpenAPI document of the admin API, made from the schemas that requests are read by.
 *
 * @param path of the API on this receiver: `/api`, or `/relay/api`
 */
export function apiDocument(path: string): ApiDocument {
  const registry = new OpenAPIRegistry();
  const security = [{ token: [] }];
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  for (const one of API_PATHS) registry.registerPath({ ...one, operationId: operationOf(one) });
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'wandb-relay', version: API_VERSION, description: DESCRIPTION, license: { name: 'MIT' } },
    servers: [{ url: path }],
    security,
  });
}

/** `postDeliveriesIdReplay` */
function operationOf({ method, path }: (typeof API_PATHS)[number]): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== '');
  return [method, ...words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)].join('');
}
