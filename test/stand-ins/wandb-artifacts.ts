import type { Misbehaviour } from './wandb-misbehaviour.ts';
import { runLists, runView, userView } from './wandb-run-answers.ts';
import {
  type WandbWorld,
  type WorldArtifact,
  type WorldCollection,
  type WorldProject,
  type WorldRun,
  type WorldUser,
  worldId,
} from './wandb-world.ts';

/** Runs and artifact versions at the W&B stand-in, and how GraphQL sees them. */

export const ADA: WorldUser = { username: 'ada', name: 'Ada Lovelace' };

/** A run put there as if it had always been. */
export function addRun(world: WandbWorld, project: WorldProject, name: string, fields: Partial<WorldRun> = {}): WorldRun {
  const run: WorldRun = {
    project,
    name,
    displayName: name,
    state: 'finished',
    createdAt: '2026-02-01T10:00:00Z',
    heartbeatAt: '2026-02-01T11:00:00Z',
    tags: [],
    commit: null,
    summaryMetrics: '{}',
    config: '{}',
    user: ADA,
    history: [],
    events: [],
    ...fields,
  };
  world.runs.push(run);
  return run;
}

/** The next version of a sequence. */
export function addArtifact(world: WandbWorld, sequence: WorldCollection, fields: Partial<WorldArtifact> = {}): WorldArtifact {
  const artifact: WorldArtifact = {
    id: worldId('Artifact', 801 + world.artifacts.length),
    sequence,
    versionIndex: world.artifacts.filter((known) => known.sequence === sequence).length,
    type: 'model',
    metadata: '{}',
    size: 1024,
    digest: '0123456789abcdef0123456789abcdef',
    createdAt: '2026-02-01T11:00:05Z',
    tags: [],
    createdBy: null,
    links: new Map(),
    aliases: [],
    ...fields,
  };
  world.artifacts.push(artifact);
  return artifact;
}

type View<T> = (one: T) => object | null;

export interface Neighbours {
  readonly project: View<WorldProject>;
  readonly collection: View<WorldCollection>;
}

/** The fields of a project that hold runs and artifacts. */
export function projectContents(world: WandbWorld, project: WorldProject, neighbours: Neighbours, misbehaviour: Misbehaviour) {
  const own = () => world.runs.filter((run) => run.project === project);
  return {
    run: ({ name }: { name: string }) =>
      optional(
        own().find((run) => run.name === name),
        (run) => runView(run, neighbours, misbehaviour),
      ),
    ...runLists(own, neighbours, misbehaviour),
    artifact: ({ name }: { name: string }) =>
      optional(artifactByName(world, project, name), (found) => artifactView(found, neighbours, misbehaviour)),
    artifactCollectionMembership: ({ name }: { name: string }) => {
      const found = artifactByName(world, project, name);
      const collection = world.collections.find(
        (known) => known.project === project && known.name === name.slice(0, name.lastIndexOf(':')),
      );
      if (found === undefined || collection === undefined) return null;
      return {
        id: worldId('ArtifactCollectionMembership', 1),
        versionIndex: found.sequence === collection ? found.versionIndex : found.links.get(collection),
        artifactCollection: () => neighbours.collection(collection),
        artifact: () => artifactView(found, neighbours, misbehaviour),
      };
    },
  };
}

/** `collection:vN` or `collection:alias`; where versions are linked to, their numbers there count. */
function artifactByName(world: WandbWorld, project: WorldProject, name: string): WorldArtifact | undefined {
  const colon = name.lastIndexOf(':');
  const collection = world.collections.find((known) => known.project === project && known.name === name.slice(0, colon));
  const version = name.slice(colon + 1);
  const numberIn = (artifact: WorldArtifact) =>
    artifact.sequence === collection ? artifact.versionIndex : collection && artifact.links.get(collection);
  return world.artifacts.find(
    (artifact) =>
      `v${numberIn(artifact)}` === version || artifact.aliases.some((given) => given.collection === collection && given.alias === version),
  );
}

export function artifactView(artifact: WorldArtifact, neighbours: Neighbours, misbehaviour: Misbehaviour): object {
  const { sequence, type, createdBy } = artifact;
  return {
    ...artifact,
    artifactSequence: () => neighbours.collection(sequence),
    artifactType: { name: type },
    state: 'COMMITTED',
    tags: artifact.tags.map((name) => ({ id: worldId('Tag', 1), name })),
    aliases: artifact.aliases.map(({ alias, collection }) => ({
      id: worldId('ArtifactAlias', 1),
      alias,
      artifactCollection: () => neighbours.collection(collection),
    })),
    createdBy: () =>
      optional(createdBy ?? undefined, (creator) =>
        'project' in creator ? runView(creator, neighbours, misbehaviour) : userView(creator),
      ),
  };
}

function optional<T>(one: T | undefined, view: (one: T) => object | null): object | null {
  return one === undefined ? null : view(one);
}
