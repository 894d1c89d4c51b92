import { DEFAULT_SOURCE, type RelayEvent } from '../../src/event/event.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { type AliasHolder, type AliasName, type CollectionPath, findAliasHolders, listAliases } from '../../src/wandb/aliases.ts';
import type { WandbClient } from '../../src/wandb/client.ts';
import { readFeatures } from '../../src/wandb/feature-lookup.ts';
import type { ServerFeatures } from '../../src/wandb/features.ts';
import { REGISTRY_PREFIX } from '../../src/wandb/projects.ts';
import type { AliasFilter, AliasView } from '../store/ledger.ts';
import type { Store } from '../store/store.ts';
import type { AdminTarget } from './admin-access.ts';
import { ALIAS_COLUMNS, aliasCells, byName } from './alias-table.ts';
import { withStore } from './open-store.ts';
import { type CommandIo, type ExitCode, renderTable } from './output.ts';
import { connectOrComplain } from './wandb-access.ts';

export interface VerifyOptions extends AdminTarget {
  /** Only this alias. */
  readonly alias: string | undefined;
  readonly json: boolean;
}

/** What asking W&B about an alias came to. */
type Check =
  | { readonly result: 'agrees' | 'added' }
  /** The ledger said something else; `null`: that no version has it. */
  | { readonly result: 'corrected'; readonly was: string | null }
  | { readonly result: 'unknown'; readonly why: string };

/** An alias to ask about. */
interface Asked {
  readonly source: string;
  readonly registry: string | null;
  readonly name: AliasName;
  /** What the ledger has; `undefined`: nothing yet. */
  readonly known: AliasView | undefined;
  /** Its version by the list of all aliases, where there is one. */
  readonly listed: string | undefined;
}

const PER_PAGE = 500;
/** W&B moves it with every new version and sends nothing for that: written down it would soon be wrong. */
const MOVES_ALONE = 'latest';

/**
 * `wandb-relay where --verify`: asks W&B which version has each alias that is known and, of a collection that is named as
 * entity/project/collection, all its aliases. What the ledger has wrong is corrected, what it lacks is added.
 *
 * Exit code 0: all is as W&B says now; 4: some could not be checked; 1: none could.
 */
export async function verifyAliases(io: CommandIo, collection: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  if (options.url !== undefined || options.source !== undefined) {
    io.complain(
      '--verify: works on the database here, with the WANDB_API_KEY here: leave out --url and --source, and run it where the receiver runs',
    );
    return 1;
  }
  const access = connectOrComplain(io);
  if (access === undefined) return 1;
  const { client } = access;
  return await withStore(io, async (store) => {
    const features = await readFeatures(client);
    if (!features.ok) return complain(io, features.error.message);
    const known = await allAliases(store, collection, options.alias);
    const path = pathIn(collection);
    const found =
      path === undefined ? ok([]) : await unknownAliases(io, { client, features: features.value, path, known, only: options.alias });
    if (!found.ok) return complain(io, found.error);
    const checked = await check(io, store, { client, features: features.value, known, found: found.value });
    if (!checked.ok) return complain(io, checked.error);
    const aliases = (await allAliases(store, collection, options.alias)).toSorted(byName);
    return report(io, aliases, checked.value, { collection, json: options.json });
  });
}

async function allAliases(store: Store, collection: string | undefined, alias: string | undefined): Promise<AliasView[]> {
  const filter = { limit: PER_PAGE, ...(collection === undefined ? {} : { collection }), ...(alias === undefined ? {} : { alias }) };
  const all: AliasView[] = [];
  for (let next: AliasFilter | undefined = filter; next !== undefined; ) {
    const page: AliasView[] = await store.aliases(next);
    all.push(...page);
    const last = page.at(-1);
    next = page.length < PER_PAGE || last === undefined ? undefined : { ...filter, after: last.key };
  }
  return all;
}

function pathIn(collection: string | undefined): CollectionPath | undefined {
  const [, entity, project, name] = /^([^/]+)\/([^/]+)\/([^/]+)$/.exec(collection ?? '') ?? [];
  return entity === undefined || project === undefined || name === undefined ? undefined : { entity, project, collection: name };
}

interface Listing {
  readonly client: WandbClient;
  readonly features: ServerFeatures;
  readonly path: CollectionPath;
  readonly known: readonly AliasView[];
  readonly only: string | undefined;
}

/** The aliases of the collection, for every source that has told of it. */
async function unknownAliases(io: CommandIo, { client, features, path, known, only }: Listing): Promise<Result<Asked[], string>> {
  const listed = await listAliases(client, features, path);
  if (!listed.ok) return err(listed.error.message);
  if (listed.value.isCut) io.complain('The collection has very many versions: aliases of the oldest ones were not looked for.');
  const { entity, project, collection } = path;
  const registry = project.startsWith(REGISTRY_PREFIX) ? project.slice(REGISTRY_PREFIX.length) : null;
  const sources = new Set(known.map(({ source }) => source));
  if (sources.size === 0) sources.add(DEFAULT_SOURCE);
  const aliases = [...listed.value.holders].filter(([alias]) => (only === undefined ? alias !== MOVES_ALONE : alias === only));
  if (only === undefined && listed.value.holders.has(MOVES_ALONE))
    io.complain(`${MOVES_ALONE} is left out: W&B moves it with every version and sends no event for that. --alias ${MOVES_ALONE} adds it.`);
  return ok(
    [...sources].flatMap((source) =>
      aliases.map(([alias, version]) => ({
        source,
        registry,
        name: { entity, project, collection, alias },
        known: known.find((view) => view.source === source && view.alias === alias),
        listed: version,
      })),
    ),
  );
}

interface Checking {
  readonly client: WandbClient;
  readonly features: ServerFeatures;
  readonly known: readonly AliasView[];
  readonly found: readonly Asked[];
}

/** Asks about all aliases and corrects the ledger. Returns what came of each, by the alias's key or, of an added one, its place. */
async function check(
  io: CommandIo,
  store: Store,
  { client, features, known, found }: Checking,
): Promise<Result<Map<string, Check>, string>> {
  const checks = new Map<string, Check>();
  const listed = new Set(found.map((asked) => asked.known?.key));
  const asked = [...found];
  for (const view of known.filter(({ key }) => !listed.has(key))) {
    const { entity, project, collection, alias, source, registry } = view;
    if (entity === null || project === null)
      checks.set(placeOf(view), { result: 'unknown', why: 'its events do not say the entity and project' });
    else asked.push({ source, registry, name: { entity, project, collection, alias }, known: view, listed: undefined });
  }
  const holders = await findAliasHolders(
    client,
    features,
    asked.map(({ name }) => name),
  );
  if (!holders.ok) return err(holders.error.message);
  for (const [i, one] of asked.entries()) {
    const { source, name } = one;
    checks.set(placeOf({ source, ...name }), await compare(store, one, heldBy(holders.value[i], one.listed), io.now()));
  }
  return ok(checks);
}

/** Where W&B's server does not say the number itself, the list has it. */
function heldBy(holder: AliasHolder | undefined, listed: string | undefined): AliasHolder {
  if (holder?.ok === true) return holder;
  return listed === undefined ? (holder ?? err('W&B did not answer')) : ok(listed);
}

async function compare(store: Store, { source, registry, name, known }: Asked, holder: AliasHolder, at: number): Promise<Check> {
  if (!holder.ok) return { result: 'unknown', why: holder.error };
  const version = holder.value;
  const was = known?.holder.version ?? null;
  if (version === was) return { result: 'agrees' };
  const { entity, project, collection, alias } = name;
  const event: RelayEvent = {
    type: 'add_artifact_alias',
    source,
    entity,
    project,
    ...(registry === null ? {} : { registry }),
    collection,
    alias,
    ...(version === null ? {} : { version, artifact: `${entity}/${project}/${collection}:${version}` }),
  };
  const isCorrected = await store.correctAlias({ event, at, ledgerHad: known?.holder ?? null });
  if (!isCorrected) return { result: 'unknown', why: 'an event about it came while W&B was asked: run it again' };
  return known === undefined ? { result: 'added' } : { result: 'corrected', was };
}

function placeOf({
  source,
  entity,
  project,
  collection,
  alias,
}: Pick<AliasView, 'source' | 'entity' | 'project' | 'collection' | 'alias'>) {
  return JSON.stringify([source, entity, project, collection, alias]);
}

const NOT_ASKED: Check = { result: 'unknown', why: 'it came while W&B was asked' };

function report(
  io: CommandIo,
  aliases: readonly AliasView[],
  checks: ReadonlyMap<string, Check>,
  { collection, json }: { collection: string | undefined; json: boolean },
): ExitCode {
  const checked = aliases.map((view) => ({ view, check: checks.get(placeOf(view)) ?? NOT_ASKED }));
  const failed = checked.filter(({ check }) => check.result === 'unknown').length;
  if (json)
    io.printDocument(
      JSON.stringify(
        checked.map(({ view, check }) => ({ ...view, check })),
        null,
        2,
      ),
    );
  else if (aliases.length === 0) {
    io.print(
      collection === undefined || pathIn(collection) === undefined
        ? `Nothing is known${collection === undefined ? '' : ` of ${collection}`}, so there is nothing to verify: name a collection as entity/project/collection to ask W&B for its aliases.`
        : `W&B shows no alias of ${collection}.`,
    );
  } else {
    const rows = checked.map(({ view, check }) => [
      ...aliasCells(view),
      view.holder.origin === 'api' ? "W&B's API" : 'event',
      checkWords(check),
    ]);
    io.print(...renderTable([...ALIAS_COLUMNS, 'KNOWN FROM', 'W&B NOW'], rows));
  }
  if (failed === 0) return 0;
  io.complain(`${failed} of ${aliases.length} could not be verified.`);
  return failed === aliases.length ? 1 : 4;
}

function checkWords(check: Check): string {
  switch (check.result) {
    case 'agrees':
      return 'agrees';
    case 'added':
      return 'added';
    case 'corrected':
      return `corrected, was ${check.was ?? 'none'}`;
    case 'unknown':
      return `not verified: ${check.why}`;
  }
}

function complain(io: CommandIo, message: string): ExitCode {
  io.complain(message);
  return 1;
}
