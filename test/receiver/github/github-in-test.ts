import { type DispatchOptions, dispatchTarget } from '../../../receiver/github/dispatch-target.ts';
import { renamedRepositories } from '../../../receiver/github/renamed-repositories.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import type { DispatchRequest } from '../../../src/route/target.ts';

export const NOW = 1_800_000_000_000;

export const dispatch: DispatchRequest = {
  kind: 'repository_dispatch',
  repository: 'acme/deploy',
  event_type: 'go',
  client_payload: { delivery_id: 'd-1' },
};

export const context = { deliveryId: 'd-1', eventId: 'e1', conversation: null, attempts: 0, signal: new AbortController().signal };

/** A target at an address, with what it logs and stores. */
export function targetAt(apiUrl: string, changes: Partial<DispatchOptions> = {}) {
  const log: { level: string; message: string; fields: object }[] = [];
  const line = (level: string) => (fields: object, message: string) => void log.push({ level, message, fields });
  const repositories: [string, string][] = [];
  const renamed = renamedRepositories({
    store: { keepRepositoryId: async (repository, id) => void repositories.push([repository, id]) },
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    redactor: redactorOf([]),
  });
  const options = { credentials: tokenCredentials('ghp_x'), apiUrl, fetch, now: () => NOW, renamed, ...changes };
  const target = dispatchTarget(options);
  return { target, options, log, repositories, send: (request = dispatch) => target.send(request, context) };
}
