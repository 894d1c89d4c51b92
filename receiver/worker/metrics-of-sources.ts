import type { ObjectStub } from 'cloudflare:workers';
import { SOURCE_UP } from '../metrics/definitions.ts';
import { expositionText, type Family, mergeFamilies, TEXT_TYPE } from '../metrics/families.ts';
import { callMethod } from './call-object.ts';
import { unavailable } from './unavailable.ts';
import { noSuchSource } from './unused-source.ts';

/** The metrics of all sources, each value with its source. A source whose object does not answer is missing, and says so. */
export async function metricsOfSources(sources: readonly string[], objectOf: (source: string) => ObjectStub): Promise<Response> {
  const found = await Promise.all(
    sources.map(async (source): Promise<[string, readonly Family[] | undefined]> => {
      const families = await familiesOf(() => objectOf(source));
      return [source, families === 'unused' ? undefined : families];
    }),
  );
  const answered = found.filter((entry): entry is [string, readonly Family[]] => entry[1] !== undefined);
  const up: Family = {
    ...SOURCE_UP,
    type: 'gauge',
    samples: found.map(([source, families]) => ({ labels: { source }, value: families === undefined ? 0 : 1 })),
  };
  return answer([up, ...mergeFamilies('source', new Map(answered))]);
}

/** Those of one source, without a label for it. */
export async function metricsOfSource(object: () => ObjectStub): Promise<Response> {
  const families = await familiesOf(object);
  if (families === 'unused') return noSuchSource();
  return families === undefined ? unavailable() : answer(families);
}

async function familiesOf(object: () => ObjectStub): ReturnType<ObjectStub['metrics']> {
  const result = await callMethod(object, (one) => one.metrics());
  return result.ok ? result.value : undefined;
}

function answer(families: readonly Family[]): Response {
  return new Response(expositionText(families), { headers: { 'content-type': TEXT_TYPE, 'cache-control': 'no-store' } });
}
