import type { RelayEvent } from '../../src/event/event.ts';
import { metricWords } from '../../src/event/metric-words.ts';
import { bold, mrkdwnName } from './mrkdwn.ts';

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
      return `${metricOf(event, by, say)} ${metricWords(event) ?? "met the automation's threshold"}`;
    case 'run_metric_change':
      return `${metricOf(event, by, say)} ${metricWords(event) ?? 'changed as much as the automation watches for'}`;
    case 'run_metric_zscore':
      return `${metricOf(event, by, say)} ${metricWords(event) ?? 'is far from its mean (z-score)'}`;
    case 'run_metric_nonfinite':
      return `${metricOf(event, by, say)} ${metricWords(event) ?? 'is not a finite number'}`;
    case 'run_metric_stall':
      return `${metricOf(event, by, say)} ${metricWords(event) ?? 'has stopped changing'}`;
    case 'run_silent':
      return `${capital(runOf(event, by, say))} logs nothing`;
    case 'run_state':
      return `${capital(runOf(event, by, say))} ${runStateWords(event.status, say)}`;
    case 'weave_metric': {
      const alert = event.automation === undefined ? 'A Weave alert' : `The Weave alert ${say(event.automation)}`;
      return event.metric === undefined ? `${alert} fired` : `${alert} fired for the metric ${say(event.metric)}`;
    }
    case 'unknown':
      return `W&amp;B sent an event that this relay does not know${about(event, say)}`;
  }
}

/** What the event is about, in a few words: `resnet50 v12`, `run abc`. */
export function subjectWords(event: RelayEvent, say: SayName): string {
  return event.run === undefined ? thing(event, say) : `run ${say(event.run)}`;
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

function runOf({ run }: RelayEvent, by: string | undefined, say: SayName): string {
  const name = run === undefined ? 'a run' : `run ${say(run)}`;
  return by === undefined ? name : `${name} by ${by}`;
}

function metricOf(event: RelayEvent, by: string | undefined, say: SayName): string {
  const metric = event.metric === undefined ? 'A metric' : `The metric ${say(event.metric)}`;
  return `${metric} of ${runOf(event, by, say)}`;
}

/** For what begins with a word of ours, not with a name. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** W&B's run states (W&B, "Run states"); an unknown one is named. */
const RUN_STATES: Readonly<Record<string, string>> = {
  running: 'is running',
  finished: 'finished',
  failed: 'failed',
  crashed: 'crashed',
  killed: 'was killed',
  pending: 'is pending',
  preempting: 'is being preempted',
  preempted: 'was preempted',
};

/** `failed`, `is running`. */
export function runStateWords(status: string | undefined, say: SayName): string {
  if (status === undefined) return 'changed its state';
  return (Object.hasOwn(RUN_STATES, status) ? RUN_STATES[status] : undefined) ?? `is now ${say(status)}`;
}

function about(event: RelayEvent, say: SayName): string {
  if (event.run === undefined && event.collection === undefined && event.artifact === undefined) return '';
  return `, about ${subjectWords(event, say)}`;
}
