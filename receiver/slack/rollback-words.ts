import type { RelayEvent } from '../../src/event/event.ts';
import { link, mrkdwnName } from './mrkdwn.ts';

/** A rollback deploys a version again, and leaves W&B's alias alone. In mrkdwn, with a link to where people can move it. */
export function aliasStays({ alias, version, replaces }: RelayEvent, url: string | undefined): string {
  const name = alias === undefined ? 'The alias' : `The alias ${mrkdwnName(alias)}`;
  if (replaces === undefined) return `${name} stays where it is in W&amp;B.`;
  const on = `on ${mrkdwnName(replaces.version)}`;
  const move = `move it to ${mrkdwnName(version ?? 'this version')} in W&B`;
  return `${name} stays ${on} in W&amp;B${url === undefined ? '.' : `: ${link(url, move)}.`}`;
}
