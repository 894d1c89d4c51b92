import type * as z from 'zod';
import { type DispatchContent, dispatchInBody, dispatchProblem } from '../event/repository-dispatch.ts';
import { messageOf } from '../lib/error-message.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Alert } from './alert.ts';
import {
  type repositoryDispatchSchema,
  type slackSchema,
  type TargetDefinition,
  type TargetKind,
  WORKFLOW_LIMITS,
  type workflowDispatchSchema,
} from './target-schema.ts';
import { type CompiledTemplate, compileTemplate, compileTemplatesIn, type TemplateContext } from './template.ts';

/** The complete request of a delivery. It is stored with the delivery, so that a replay sends the same. */
export type TargetRequest =
  | { readonly kind: 'repository_dispatch'; readonly repository: string; readonly event_type: string; readonly client_payload: JsonObject }
  | {
      readonly kind: 'workflow_dispatch';
      readonly repository: string;
      readonly workflow: string;
      readonly ref: string;
      readonly inputs: Readonly<Record<string, string>>;
    }
  | SlackRequest
  | {
      readonly kind: 'commit_status';
      readonly repository: string;
      readonly sha: string;
      readonly state: 'success' | 'failure';
      readonly context: string;
      readonly description: string;
      readonly target_url: string | null;
    }
  | StopRequest;

/** Stops a run at W&B. */
export interface StopRequest {
  readonly kind: 'wandb_stop';
  readonly entity: string;
  readonly project: string;
  readonly run: string;
  /** `run` is the run's id: the relay's own engine found it. W&B's webhooks may as well have its display name. */
  readonly is_id: boolean;
}

/** Requests to Slack. A conversation is one message in one channel about one subject, with its thread. */
export type SlackRequest =
  /** Posts the delivery's event: as the conversation's message, or in its thread. */
  | { readonly kind: 'slack'; readonly channel: string; readonly text: string | null; readonly thread: boolean }
  /** Updates the conversation's message to the current state. */
  | { readonly kind: 'slack_update'; readonly conversation: string }
  | SlackReply;

/** Posts a reply in the conversation's thread: an alert, or a text, which is escaped mrkdwn. */
export type SlackReply =
  | { readonly kind: 'slack_reply'; readonly conversation: string; readonly alert: Alert }
  | { readonly kind: 'slack_reply'; readonly conversation: string; readonly text: string };

/** The requests that start a workflow. */
export type DispatchRequest = Extract<TargetRequest, { kind: 'repository_dispatch' | 'workflow_dispatch' }>;

export type RequestKind = TargetRequest['kind'];

export function isDispatch(request: TargetRequest): request is DispatchRequest {
  return request.kind === 'repository_dispatch' || request.kind === 'workflow_dispatch';
}

/** A request that does something, which a message does not: it is held for an approval, and people see what became of it. */
export function isAction(request: TargetRequest): request is DispatchRequest | StopRequest {
  return isDispatch(request) || request.kind === 'wandb_stop';
}

export interface CompiledTarget {
  readonly kind: TargetKind;
  /** Identifies the target: `repository_dispatch:acme/deploy`. Deliveries of one subject keep their order per target. */
  readonly name: string;
  /** For GitHub's kinds. */
  readonly repository: string | undefined;
  /** For Slack's kind. */
  readonly channel: string | undefined;
  /** What it was compiled from. A request is built again from it when the event is enriched. */
  readonly definition: TargetDefinition;
  /**
   * The request for one event. The error names the template or the limit of the target that it fails.
   *
   * @param unchecked skips the limits, for a request that is built again after enrichment and checked then
   */
  build(context: TemplateContext, unchecked?: 'unchecked'): Result<TargetRequest, string>;
}

/** Compiles a target that the schema accepted. */
export function compileTarget(definition: TargetDefinition): CompiledTarget {
  const { repository_dispatch: repositoryDispatch, workflow_dispatch: workflowDispatch, slack, wandb_stop: stop } = definition;
  if (repositoryDispatch !== undefined) return compileRepositoryDispatch(repositoryDispatch);
  if (workflowDispatch !== undefined) return compileWorkflowDispatch(workflowDispatch);
  if (slack !== undefined) return compileSlack(slack);
  if (stop !== undefined) return STOP;
  throw new Error('a target without a kind passed the schema');
}

/** Whether the request depends on `event.wandb`: through the default payload, or through a template. */
export function usesEnrichment(definition: TargetDefinition): boolean {
  return dependsOn(definition, ({ readsWandb }) => readsWandb);
}

/** Whether the request of a dispatch depends on `event.approval`, in the same way. Messages are sent before anybody approves. */
export function usesApproval(definition: TargetDefinition): boolean {
  return definition.slack === undefined && dependsOn(definition, ({ readsApproval }) => readsApproval);
}

function dependsOn(definition: TargetDefinition, reads: (template: CompiledTemplate) => boolean): boolean {
  const { repository_dispatch: repositoryDispatch, workflow_dispatch: workflowDispatch, slack } = definition;
  if (repositoryDispatch !== undefined) {
    if (repositoryDispatch.passthrough === true) return false;
    if (repositoryDispatch.client_payload === undefined) return true;
    return reads(compiled(compileTemplatesIn([repositoryDispatch.event_type ?? '', repositoryDispatch.client_payload])));
  }
  if (workflowDispatch !== undefined) return reads(compiled(compileTemplatesIn([workflowDispatch.ref, workflowDispatch.inputs ?? {}])));
  return slack?.text !== undefined && reads(compiled(compileTemplate(slack.text, 'slack')));
}

function compileRepositoryDispatch(definition: z.infer<typeof repositoryDispatchSchema>): CompiledTarget {
  const contentOf = definition.passthrough === true ? contentOfBody : templatedContent(definition);
  return {
    kind: 'repository_dispatch',
    name: `repository_dispatch:${definition.repository}`,
    repository: definition.repository,
    channel: undefined,
    definition: { repository_dispatch: definition },
    build: (context, unchecked) =>
      rendering(() => {
        const content = contentOf(context);
        if (!content.ok) return content;
        const request = { kind: 'repository_dispatch', repository: definition.repository, ...content.value } as const;
        const problem = unchecked ? undefined : dispatchProblem(request);
        return problem === undefined ? ok(request) : err(problem);
      }),
  };
}

function contentOfBody({ event, delivery_id }: TemplateContext): Result<DispatchContent, string> {
  return dispatchInBody(event.payload, delivery_id);
}

function templatedContent(definition: z.infer<typeof repositoryDispatchSchema>) {
  const eventType = compiled(compileTemplate(definition.event_type ?? ''));
  const payload = definition.client_payload === undefined ? undefined : compiled(compileTemplatesIn(definition.client_payload));
  return (context: TemplateContext): Result<DispatchContent, string> =>
    ok({
      event_type: asText(eventType.render(context)),
      client_payload: payload === undefined ? defaultPayload(context) : asObject(payload.render(context)),
    });
}

function compileWorkflowDispatch(definition: z.infer<typeof workflowDispatchSchema>): CompiledTarget {
  const ref = compiled(compileTemplate(definition.ref));
  const inputs = compiled(compileTemplatesIn(definition.inputs ?? {}));
  return {
    kind: 'workflow_dispatch',
    name: `workflow_dispatch:${definition.repository}/${definition.workflow}`,
    repository: definition.repository,
    channel: undefined,
    definition: { workflow_dispatch: definition },
    build: (context, unchecked) =>
      rendering(() => {
        const values = Object.entries(asObject(inputs.render(context)));
        const request = {
          kind: 'workflow_dispatch',
          repository: definition.repository,
          workflow: definition.workflow,
          ref: asText(ref.render(context)),
          inputs: Object.fromEntries(values.map(([name, value]) => [name, asText(value)])),
        } as const;
        const problem = unchecked ? undefined : workflowDispatchProblem(request);
        return problem === undefined ? ok(request) : err(problem);
      }),
  };
}

function compileSlack(definition: z.infer<typeof slackSchema>): CompiledTarget {
  const text = definition.text === undefined ? undefined : compiled(compileTemplate(definition.text, 'slack'));
  return {
    kind: 'slack',
    name: `slack:${definition.channel}`,
    repository: undefined,
    channel: definition.channel,
    definition: { slack: definition },
    build: (context) =>
      rendering(() =>
        ok({
          kind: 'slack',
          channel: definition.channel,
          text: text === undefined ? null : asText(text.render(context)),
          thread: definition.thread ?? true,
        }),
      ),
  };
}

const STOP: CompiledTarget = {
  kind: 'wandb_stop',
  name: 'wandb_stop',
  repository: undefined,
  channel: undefined,
  definition: { wandb_stop: {} },
  build: ({ event }) => {
    const { entity, project, run } = event;
    if (event.resolved === true) return err('the condition has ended: a run is stopped when it begins, never when it ends');
    const missing = Object.entries({ entity, project, run }).flatMap(([name, value]) => (value === undefined ? [name] : []));
    if (entity === undefined || project === undefined || run === undefined)
      return err(`the event does not say which run to stop: it has no ${missing.join(' and no ')}`);
    return ok({ kind: 'wandb_stop', entity, project, run, is_id: event.engine === 'relay' });
  },
};

/**
 * The default payload of a workflow: the delivery, the route and the event, with its enrichment if there is one.
 */
function defaultPayload(context: TemplateContext): JsonObject {
  const { payload: _payload, ...event } = context.event;
  return { delivery_id: context.delivery_id, route: context.route, event };
}

/** Which of GitHub's limits the request breaks, or `undefined`. Checked before every send as well. */
export function requestProblem(request: TargetRequest): string | undefined {
  switch (request.kind) {
    case 'repository_dispatch':
      return dispatchProblem(request);
    case 'workflow_dispatch':
      return workflowDispatchProblem(request);
    case 'slack':
    case 'slack_update':
    case 'slack_reply':
    case 'commit_status':
    case 'wandb_stop':
      return undefined;
  }
}

function workflowDispatchProblem(request: Extract<TargetRequest, { kind: 'workflow_dispatch' }>): string | undefined {
  if (request.ref.trim() === '') return 'ref is empty for this event: give the template a default';
  const inputs = Object.keys(request.inputs).length;
  if (inputs > WORKFLOW_LIMITS.inputs) return `there are ${inputs} inputs; GitHub allows ${WORKFLOW_LIMITS.inputs}`;
  const characters = JSON.stringify(request.inputs).length;
  if (characters > WORKFLOW_LIMITS.inputCharacters) {
    return `the inputs have ${characters} characters; GitHub allows ${WORKFLOW_LIMITS.inputCharacters}`;
  }
  return undefined;
}

/** The schema has already compiled every template. A failure here is a bug. */
function compiled(result: Result<CompiledTemplate, string>): CompiledTemplate {
  if (!result.ok) throw new Error(`a template that does not compile passed the schema: ${result.error}`);
  return result.value;
}

/** Liquid throws if a template exceeds a limit or a filter refuses a value. Only this request fails, not the event. */
function rendering(build: () => Result<TargetRequest, string>): Result<TargetRequest, string> {
  try {
    return build();
  } catch (error) {
    return err(`a template could not be rendered: ${messageOf(error)}`);
  }
}

function asText(value: JsonValue): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asObject(value: JsonValue): JsonObject {
  return isJsonObject(value) ? value : {};
}
