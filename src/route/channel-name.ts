import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { compileTemplate, isTemplate, type TemplateContext } from './template.ts';

/**
 * Slack channels whose name depends on the event: `"#ml-{{ event.project }}"`. Pure.
 *
 * The text before the first template is literal, so that the config says among which channels an event may choose.
 */

/** Slack's limit for the name of a channel, in characters (Slack, "conversations.create"). */
const MAX_NAME = 80;
/** What is known only after the channel was chosen. */
const TOO_LATE = /\bevent\s*(?:\.\s*|\[\s*["'])(?:wandb|replaces|approval)\b/;

/** What is wrong with a channel that is a template; `undefined` when it is good, or none. */
export function channelProblem(channel: string): string | undefined {
  if (!isTemplate(channel)) return undefined;
  const compiled = compileTemplate(channel);
  if (!compiled.ok) return compiled.error;
  if (!/[\p{L}\p{N}]/u.test(prefixOf(channel)))
    return 'a channel that is a template must begin with literal text, such as "#ml-{{ event.project }}"';
  if (compiled.value.readsWandb || TOO_LATE.test(channel)) {
    return 'a channel cannot depend on event.wandb, event.replaces or event.approval: it is chosen when the event arrives';
  }
  return undefined;
}

/**
 * The channel for one event: lower-cased, other characters than letters, digits, `-` and `_` become `-`, at most 80 of them.
 *
 * @returns an error when nothing comes after the literal text: that would be another channel
 */
export function channelOf(template: string, context: TemplateContext): Result<string, string> {
  const compiled = compileTemplate(template);
  if (!compiled.ok) return compiled;
  let rendered: string;
  try {
    rendered = String(compiled.value.render(context) ?? '');
  } catch (error) {
    return err(`the channel ${template} could not be rendered: ${messageOf(error)}`);
  }
  const prefix = plainName(prefixOf(template));
  const name = plainName(rendered);
  if (!/[\p{L}\p{N}]/u.test(name.slice(prefix.length))) {
    return err(`the channel ${template} has no name for this event: what the template reads is missing`);
  }
  return ok(`#${[...name].slice(0, MAX_NAME).join('')}`);
}

function prefixOf(template: string): string {
  return template.slice(0, template.search(/\{\{|\{%/));
}

/** As Slack writes the names of channels. Letters of every script are letters there. */
function plainName(text: string): string {
  return text
    .replace(/^#/, '')
    .toWellFormed()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}_-]/gu, '-');
}
