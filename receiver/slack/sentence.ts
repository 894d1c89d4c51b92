import type { RelayEvent } from '../../src/event/event.ts';
import { bold, mrkdwnName } from './mrkdwn.ts';
import { metricPredicate, runLabel, runPredicate } from './run-words.ts';

/** How a name is put into a sentence; the result is mrkdwn. */
export type SayName = (name: string) => string;

/** For blocks. */
export const sayBold: SayName = (name) => bold(name);
/** For a message's `text`, which notifications and screen readers show without formatting. */
export const sayPlainly: SayName = (name) => mrkdwnName(name, 80);

/** What happened, as a sentence without a full stop. */
export function sentenceOf(event: RelayEvent, say: SayName): string {
  const by = event.author === undefined ? undefined : say(event.author);
  const version = thing(event, say);
  const collection = event.collection === undefined ? 'a collection' : `the collection ${say(event.collection)}`;
  const alias = event.alias === undefined ? 'an alias' : `the alias ${say(event.alias)}`;
  const tag = event.tag === undefined ? 'a tag' : `the tag ${say(event.tag)}`;
  const said = (active: string, passive: string): string => (by === undefined ? passive : `${by} ${active}`);
  if (event.rollback === true) return said(`rolled ${alias} back to ${version}`, `${version} is deployed again for ${alias}`);
  switch (event.type) {
    case 'create_artifact':
      return said(`created ${version}`, `${version} was created`);
    case 'link_artifact':
      return said(`linked ${version}${place('to', event, say)}`, `${version} was linked${place('to', event, say)}`);
    case 'unlink_artifact':
      return said(`unlinked ${version}${place('from', event, say)}`, `${version} was unlinked${place('from', event, say)}`);
    case 'add_artifact_alias':
      return said(`gave ${version} ${alias}`, `${version} got ${alias}`);
    case 'add_artifact_tag':
      return said(`gave ${version} ${tag}`, `${version} got ${tag}`);
    case 'remove_artifact_tag':
      return said(`took ${tag} from ${version}`, `${version} lost ${tag}`);
    case 'add_collection_tag':
      return said(`gave ${collection} ${tag}`, `${capital(collection)} got ${tag}`);
    case 'remove_collection_tag':
      return said(`took ${tag} from ${collection}`, `${capital(collection)} lost ${tag}`);
    case 'run_metric':
    case 'run_metric_change':
    case 'run_metric_zscore':
    case 'run_metric_nonfinite':
    case 'run_metric_stall':
      return resolvedOr(event, `${metricOf(event, by, say)} ${metricPredicate(event)}`);
    case 'run_silent':
    case 'run_state':
      return resolvedOr(event, `${capital(runOf(event, by, say))} ${runPredicate(event, say)}`);
    case 'weave_metric': {
      const alert = event.automation === undefined ? 'A Weave alert' : `The Weave alert ${say(event.automation)}`;
      return event.metric === undefined ? `${alert} fired` : `${alert} fired for the metric ${say(event.metric)}`;
    }
    case 'relay_alert':
      return `The alert ${say(event.automation ?? '')} was told`;
    case 'digest':
      return `The digest ${say(event.automation ?? '')} was due`;
    case 'unknown':
      return `W&amp;B sent an event that this relay does not know${about(event, say)}`;
  }
}

/** What the event is about, in a few words: `resnet50 v12`, `run abc`. */
export function subjectWords(event: RelayEvent, say: SayName): string {
  const label = runLabel(event);
  return label === undefined ? thing(event, say) : `run ${say(label)}`;
}

/** Where the event's artifact or run lives; `undefined` when the event does not tell. */
export function placeOf(event: RelayEvent): string | undefined {
  if (event.registry !== undefined) return `registry ${mrkdwnName(event.registry)}`;
  const path = [event.entity, event.project].filter((part) => part !== undefined);
  return path.length === 0 ? undefined : path.map((part) => mrkdwnName(part)).join('/');
}

function thing({ collection, version, artifact }: RelayEvent, say: SayName): string {
  if (collection !== undefined) return version === undefined ? say(collection) : `${say(collection)} ${say(version)}`;
  return artifact === undefined ? 'an artifact' : say(artifact);
}

function place(preposition: string, { registry }: RelayEvent, say: SayName): string {
  return registry === undefined ? '' : ` ${preposition} the registry ${say(registry)}`;
}

function runOf(event: RelayEvent, by: string | undefined, say: SayName): string {
  const label = runLabel(event);
  const name = label === undefined ? 'a run' : `run ${say(label)}`;
  return by === undefined ? name : `${name} by ${by}`;
}

function metricOf(event: RelayEvent, by: string | undefined, say: SayName): string {
  const metric = event.metric === undefined ? 'A metric' : `The metric ${say(event.metric)}`;
  return `${metric} of ${runOf(event, by, say)}`;
}

/** `Resolved: the metric loss …`, when the condition has ended. */
function resolvedOr({ resolved }: RelayEvent, words: string): string {
  return resolved === true ? `Resolved: ${words.charAt(0).toLowerCase()}${words.slice(1)}` : words;
}

/** For what begins with a word of ours, not with a name. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function about(event: RelayEvent, say: SayName): string {
  if (event.run === undefined && event.collection === undefined && event.artifact === undefined) return '';
  return `, about ${subjectWords(event, say)}`;
}
