import { isDispatch, requestProblem, type TargetRequest } from '../../src/route/target.ts';

const KEY = 'traceparent';

/**
 * The request with a `traceparent`, where there is room for it: in `client_payload` when nothing else has that name and a key is
 * free; of a workflow's inputs only in one of that name that the config leaves blank, because GitHub refuses inputs that the
 * workflow does not declare. Anything else is returned as it is.
 */
export function withTraceparent(request: TargetRequest, traceparent: string): TargetRequest {
  if (!isDispatch(request)) return request;
  const traced =
    request.kind === 'workflow_dispatch'
      ? request.inputs[KEY] === '' && { ...request, inputs: { ...request.inputs, [KEY]: traceparent } }
      : !Object.hasOwn(request.client_payload, KEY) && { ...request, client_payload: { ...request.client_payload, [KEY]: traceparent } };
  return traced !== false && requestProblem(traced) === undefined ? traced : request;
}
