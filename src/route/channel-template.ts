import type { RelayEvent } from '../event/event.ts';
import type { JsonValue } from '../lib/json.ts';
import { err, ok } from '../lib/result.ts';
import { channelOf } from './channel-name.ts';
import type { Route } from './route.ts';
import type { CompiledTarget } from './target.ts';
import { isTemplate, type TemplateContext } from './template.ts';

/** The route as it is for one event: every channel is a name. A channel that the event makes none of fails with the reason. */
export function withChannels(route: Route, event: RelayEvent, payload: JsonValue): Route {
  if (!route.targets.some(isTemplated)) return route;
  const context = { delivery_id: '', route: route.name, event: { ...event, payload } };
  return { ...route, targets: route.targets.map((target) => (isTemplated(target) ? withChannel(target, context) : target)) };
}

function isTemplated({ channel }: CompiledTarget): boolean {
  return channel !== undefined && isTemplate(channel);
}

function withChannel(target: CompiledTarget, context: TemplateContext): CompiledTarget {
  const template = target.channel ?? '';
  const channel = channelOf(template, context);
  if (!channel.ok) return { ...target, build: () => err(channel.error) };
  const name = channel.value;
  return {
    ...target,
    name: `slack:${name}`,
    channel: name,
    definition: { slack: { ...target.definition.slack, channel: name } },
    build: (given, unchecked) => {
      const built = target.build(given, unchecked);
      return built.ok && built.value.kind === 'slack' ? ok({ ...built.value, channel: name }) : built;
    },
  };
}
