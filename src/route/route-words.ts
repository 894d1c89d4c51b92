import type { Matcher } from './match.ts';
import type { Route } from './route.ts';
import type { TargetDefinition } from './target-schema.ts';

/** What a route asks for, a line for each condition: `alias is "production"`. Plain text with words of the config. */
export function routeWords({ conditions }: Pick<Route, 'conditions'>): string[] {
  return conditions.map(({ name, anyOf }) =>
    name === 'engine' ? `evaluated by ${anyOf.some((one) => one.matches('relay')) ? 'the relay' : 'W&B'}` : `${name} is ${wanted(anyOf)}`,
  );
}

function wanted(anyOf: readonly Matcher[]): string {
  const texts = anyOf.map((one) => one.wanted);
  return texts.length < 3 ? texts.join(' or ') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1) ?? ''}`;
}

/** Where a target sends to, in words: `workflow deploy.yml of acme/deploy at main`. */
export function targetWords({ repository_dispatch: dispatch, workflow_dispatch: workflow, slack }: TargetDefinition): string {
  if (dispatch !== undefined) {
    const type = dispatch.passthrough === true ? 'as the body says' : (dispatch.event_type ?? '');
    return `repository_dispatch ${type} to ${dispatch.repository}`;
  }
  if (workflow !== undefined) return `workflow ${workflow.workflow} of ${workflow.repository} at ${workflow.ref}`;
  return slack === undefined ? 'stops the run at W&B' : `Slack ${slack.channel}`;
}

/** Values that have little in common: what matches all of them leaves hardly anything out. */
const ODD_VALUES = ['q7~x', 'Zeppelin-42', '0', 'a/b.c_d', 'ünï'];

/** Whether a condition is met by nearly every value: `.*`, `contains: ""`, `not: "latest"`. */
export function isMetByAnything(anyOf: readonly Pick<Matcher, 'matches'>[]): boolean {
  return ODD_VALUES.every((value) => anyOf.some((one) => one.matches(value)));
}

/** Why a route takes more than people usually mean, as a sentence; `undefined`: it does not. */
export function broadRoute({ conditions }: Pick<Route, 'conditions'>): string | undefined {
  const rest = conditions.filter(({ name }) => !['event', 'source', 'engine'].includes(name));
  if (!rest.every(({ anyOf }) => isMetByAnything(anyOf))) return undefined;
  const types = conditions.find(({ name, anyOf }) => name === 'event' && !isMetByAnything(anyOf));
  const source = conditions.find(({ name, anyOf }) => name === 'source' && !isMetByAnything(anyOf));
  const every = rest.length === 0 ? 'every' : 'nearly every';
  const what = types === undefined ? `${every} event` : `${every} event whose type is ${wanted(types.anyOf)}`;
  const where = source === undefined ? ', of every project and registry' : ` from the source ${wanted(source.anyOf)}`;
  return `It takes ${what}${where}. Add a condition, such as collection, alias or project.`;
}
