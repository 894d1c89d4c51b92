import type { JsonValue } from '../../src/lib/json.ts';
import type { DispatchRequest } from '../../src/route/target.ts';

/** A request as it goes over the wire, without its credentials. */
export interface WireRequest {
  readonly method: 'POST';
  readonly url: string;
  readonly body: JsonValue;
}

/** What a dispatch looks like on the wire (GitHub REST API, "Create a repository dispatch event", "Create a workflow dispatch event"). */
export function describeRequest(request: DispatchRequest, apiUrl: string): WireRequest {
  const base = `${apiUrl.replace(/\/$/, '')}/repos/${request.repository}`;
  if (request.kind === 'repository_dispatch') {
    return { method: 'POST', url: `${base}/dispatches`, body: { event_type: request.event_type, client_payload: request.client_payload } };
  }
  return {
    method: 'POST',
    url: `${base}/actions/workflows/${request.workflow}/dispatches`,
    body: { ref: request.ref, inputs: { ...request.inputs }, return_run_details: true },
  };
}
