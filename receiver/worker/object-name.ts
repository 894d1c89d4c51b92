import type { ObjectNamespace, ObjectStub } from 'cloudflare:workers';
import type { Environment } from '../environment.ts';

/** What decides, beside its name, which object a source has. */
export interface ObjectChoice {
  /** A sandbox has objects of its own, so that trying something never touches what is real. */
  readonly sandbox: boolean;
  readonly environment: Pick<Environment, 'jurisdiction'>;
}

/** The name of a source's object. It holds the source's data: it must never change. No source has a colon in its name. */
export function objectName(source: string, { sandbox }: Pick<ObjectChoice, 'sandbox'>): string {
  return sandbox ? `sandbox:${source}` : source;
}

/**
 * The object of a source: of that name, in the jurisdiction that is configured. The same name is another object in another
 * jurisdiction (Cloudflare documentation, "Data location").
 *
 * @throws where the runtime has no jurisdictions: workerd on a developer's machine
 */
export function objectOf(objects: ObjectNamespace, source: string, choice: ObjectChoice): ObjectStub {
  const { jurisdiction } = choice.environment;
  return (jurisdiction === undefined ? objects : objects.jurisdiction(jurisdiction)).getByName(objectName(source, choice));
}
