import { checkUsable, type SchemaStep, type StoredVersion, statementsOf, storedVersion, versionAfter } from '../schema-version.ts';
import { firstRow, type SqlDriver } from './driver.ts';

/**
 * The schema, as the steps that lead to it. A step that has been released is never changed; a new one is added.
 *
 * `ready` marks the first pending delivery of an order key, so that finding what is due never looks at those that wait
 * behind it; `position` is the place in that line. The indexes cover only what is not finished: a million delivered rows
 * cost the queue nothing.
 */
const MIGRATIONS: readonly SchemaStep[] = [
  `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    received_at INTEGER NOT NULL,
    type TEXT NOT NULL,
    subject_key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    outcome TEXT NOT NULL,
    duplicate_of TEXT,
    event TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_latest_of_subject ON events (subject_key, seq) WHERE outcome <> 'duplicate';
  CREATE INDEX events_not_routed ON events (outcome, seq) WHERE outcome <> 'routed';
  CREATE INDEX events_not_understood ON events (seq) WHERE type = 'unknown';

  CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    event_id TEXT NOT NULL REFERENCES events (id),
    route TEXT NOT NULL,
    target TEXT NOT NULL,
    credential TEXT NOT NULL,
    order_key TEXT NOT NULL,
    replaces_older INTEGER NOT NULL,
    cooldown_key TEXT,
    state TEXT NOT NULL,
    approved INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    position INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    runs_since INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    ambiguous INTEGER NOT NULL DEFAULT 0,
    lease_token TEXT,
    lease_until INTEGER,
    reason TEXT,
    run_id TEXT,
    run_url TEXT,
    request TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX deliveries_of_event ON deliveries (event_id);
  CREATE INDEX deliveries_due ON deliveries (credential, due_at) WHERE state = 'pending' AND ready = 1;
  CREATE INDEX deliveries_in_order ON deliveries (order_key, position) WHERE state IN ('pending', 'in_flight');
  CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'in_flight';
  CREATE INDEX deliveries_held ON deliveries (order_key) WHERE state = 'held';
  CREATE INDEX deliveries_not_delivered ON deliveries (state, seq) WHERE state <> 'delivered';
  CREATE INDEX deliveries_cooldown ON deliveries (cooldown_key, created_at) WHERE cooldown_key IS NOT NULL;

  CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY,
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX attempts_of_delivery ON attempts (delivery_id);

  CREATE TABLE credentials (
    credential TEXT PRIMARY KEY,
    hold_until INTEGER NOT NULL DEFAULT 0,
    hold_reason TEXT,
    next_slot_at INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE rejected (
    seq INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;

  CREATE TABLE purpose (name TEXT NOT NULL) STRICT;

  CREATE TABLE health (id INTEGER PRIMARY KEY, checks INTEGER NOT NULL, room BLOB NOT NULL) STRICT;
  INSERT INTO health VALUES (1, 0, x'');
  `,
  // Conversations, approvals, runs, mutes. `transient`: leaves no trace once it is delivered.
  `
  ALTER TABLE deliveries ADD COLUMN template TEXT;
  ALTER TABLE deliveries ADD COLUMN conversation TEXT;
  ALTER TABLE deliveries ADD COLUMN transient INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE deliveries ADD COLUMN message_channel TEXT;
  ALTER TABLE deliveries ADD COLUMN message_ts TEXT;
  CREATE INDEX deliveries_of_conversation ON deliveries (conversation, seq) WHERE conversation IS NOT NULL;

  ALTER TABLE events ADD COLUMN wandb TEXT;

  CREATE TABLE conversations (
    key TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    credential TEXT NOT NULL,
    message_channel TEXT,
    message_ts TEXT,
    revision INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX conversations_of_channel ON conversations (channel) WHERE message_channel IS NOT NULL;

  CREATE TABLE approvals (
    event_id TEXT NOT NULL REFERENCES events (id),
    route TEXT NOT NULL,
    channel TEXT NOT NULL,
    deciders TEXT,
    allow_self INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decision TEXT,
    decided_by TEXT,
    decided_at INTEGER,
    PRIMARY KEY (event_id, route)
  ) STRICT;
  CREATE INDEX approvals_open ON approvals (expires_at) WHERE decision IS NULL;

  CREATE TABLE runs (
    delivery_id TEXT PRIMARY KEY REFERENCES deliveries (id),
    event_id TEXT NOT NULL,
    route TEXT NOT NULL,
    repository TEXT NOT NULL,
    kind TEXT NOT NULL,
    workflow TEXT,
    run_id TEXT,
    url TEXT,
    status TEXT NOT NULL,
    conclusion TEXT,
    attempt INTEGER NOT NULL DEFAULT 1,
    dispatched_at INTEGER NOT NULL,
    runs_since INTEGER NOT NULL,
    run_created_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    look_at INTEGER,
    looks INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX runs_open ON runs (look_at) WHERE look_at IS NOT NULL;
  CREATE INDEX runs_by_id ON runs (run_id) WHERE run_id IS NOT NULL;

  CREATE TABLE notes (
    seq INTEGER PRIMARY KEY,
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    at INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX notes_of_delivery ON notes (delivery_id);

  CREATE TABLE mutes (
    route TEXT NOT NULL,
    subject_key TEXT NOT NULL,
    until INTEGER NOT NULL,
    muted_by TEXT NOT NULL,
    PRIMARY KEY (subject_key, route)
  ) STRICT;

  CREATE INDEX mutes_until ON mutes (until);

  CREATE TABLE seen (key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
  CREATE INDEX seen_at ON seen (at);
  `,
  // What is old goes, oldest first.
  `
  CREATE INDEX events_received ON events (received_at);
  `,
  // When times that lie ahead were written, see `../stored-times.ts`. Without it they are taken as they are.
  `
  ALTER TABLE credentials ADD COLUMN hold_set_at INTEGER;
  ALTER TABLE credentials ADD COLUMN slot_set_at INTEGER;
  ALTER TABLE mutes ADD COLUMN set_at INTEGER;
  ALTER TABLE runs ADD COLUMN look_set_at INTEGER;
  CREATE INDEX deliveries_written ON deliveries (updated_at) WHERE ready = 1;
  `,
  // Repositories by GitHub's id, which stays when the name changes. Names are in lower case.
  `
  CREATE TABLE repositories (name TEXT PRIMARY KEY, id TEXT NOT NULL) STRICT;
  CREATE INDEX repositories_by_id ON repositories (id);
  `,
  // Who holds a lease, where receivers share a store: the rules are the same for every database. Null here.
  `
  ALTER TABLE deliveries ADD COLUMN lease_owner INTEGER;
  `,
  // The field's words. Only names change, so the step takes no longer with many rows. An older program cannot use the file any more.
  `
  ALTER TABLE deliveries RENAME COLUMN ready TO is_head;
  ALTER TABLE deliveries RENAME COLUMN since TO retrying_since;
  ALTER TABLE deliveries RENAME COLUMN transient TO ephemeral;
  ALTER TABLE credentials RENAME COLUMN hold_until TO throttled_until;
  ALTER TABLE credentials RENAME COLUMN hold_reason TO throttle_reason;
  ALTER TABLE credentials RENAME COLUMN hold_set_at TO throttle_set_at;
  ALTER TABLE runs RENAME COLUMN look_at TO next_poll_at;
  ALTER TABLE runs RENAME COLUMN looks TO polls;
  ALTER TABLE runs RENAME COLUMN look_set_at TO poll_set_at;
  `,
  // Fewer index entries and rows for each event: Cloudflare counts every one. What is open has an index of heads by credential and
  // time, one of heads by order key, and one of those that wait, so that leasing changes none of them. An attempt that ends a delivery
  // is in its row. Tables with a text as their key need no second copy of it.
  {
    olderProgramsGoOn: `
  ALTER TABLE deliveries ADD COLUMN last_attempt TEXT;
  DROP INDEX deliveries_due;
  DROP INDEX deliveries_in_order;
  DROP INDEX deliveries_leased;
  DROP INDEX deliveries_not_delivered;
  DROP INDEX deliveries_written;
  DROP INDEX events_received;
  CREATE INDEX deliveries_head ON deliveries (credential, due_at) WHERE is_head = 1;
  CREATE INDEX deliveries_first ON deliveries (order_key) WHERE is_head = 1;
  CREATE INDEX deliveries_waiting ON deliveries (order_key, position) WHERE state = 'pending' AND is_head = 0;
  CREATE INDEX deliveries_not_open ON deliveries (state, seq) WHERE state NOT IN ('delivered', 'pending', 'in_flight');

  CREATE TABLE new_runs (
    delivery_id TEXT PRIMARY KEY REFERENCES deliveries (id),
    event_id TEXT NOT NULL,
    route TEXT NOT NULL,
    repository TEXT NOT NULL,
    kind TEXT NOT NULL,
    workflow TEXT,
    run_id TEXT,
    url TEXT,
    status TEXT NOT NULL,
    conclusion TEXT,
    attempt INTEGER NOT NULL DEFAULT 1,
    dispatched_at INTEGER NOT NULL,
    runs_since INTEGER NOT NULL,
    run_created_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    next_poll_at INTEGER,
    polls INTEGER NOT NULL DEFAULT 0,
    poll_set_at INTEGER
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_runs (delivery_id, event_id, route, repository, kind, workflow, run_id, url, status, conclusion, attempt, dispatched_at,
    runs_since, run_created_at, started_at, ended_at, next_poll_at, polls, poll_set_at)
    SELECT delivery_id, event_id, route, repository, kind, workflow, run_id, url, status, conclusion, attempt, dispatched_at,
      runs_since, run_created_at, started_at, ended_at, next_poll_at, polls, poll_set_at FROM runs;
  DROP TABLE runs;
  ALTER TABLE new_runs RENAME TO runs;
  CREATE INDEX runs_open ON runs (next_poll_at) WHERE next_poll_at IS NOT NULL;
  CREATE INDEX runs_by_id ON runs (run_id) WHERE run_id IS NOT NULL;

  CREATE TABLE new_conversations (
    key TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    credential TEXT NOT NULL,
    message_channel TEXT,
    message_ts TEXT,
    revision INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_conversations (key, channel, credential, message_channel, message_ts, revision)
    SELECT key, channel, credential, message_channel, message_ts, revision FROM conversations;
  DROP TABLE conversations;
  ALTER TABLE new_conversations RENAME TO conversations;
  CREATE INDEX conversations_of_channel ON conversations (channel) WHERE message_channel IS NOT NULL;
  `,
  },
  // The ledger: which version has an alias, and which one is deployed. It outlives events.
  {
    olderProgramsGoOn: `
  CREATE TABLE promotions (
    alias_key TEXT NOT NULL,
    n INTEGER NOT NULL,
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    alias TEXT NOT NULL,
    version TEXT,
    artifact TEXT,
    since INTEGER NOT NULL,
    origin TEXT NOT NULL,
    event_id TEXT,
    event TEXT NOT NULL,
    replaced_version TEXT,
    replaced_artifact TEXT,
    replaced_since INTEGER,
    deployed_at INTEGER,
    run_url TEXT,
    conclusion TEXT,
    ended_at INTEGER,
    PRIMARY KEY (alias_key, n)
  ) STRICT, WITHOUT ROWID;
  `,
  },
  // Conversations that join the latest one of their subject, and those of a kind that are counted together. Null: begun before.
  {
    olderProgramsGoOn: `
  ALTER TABLE conversations ADD COLUMN subject TEXT;
  ALTER TABLE conversations ADD COLUMN kind TEXT;
  ALTER TABLE conversations ADD COLUMN began_at INTEGER;
  ALTER TABLE conversations ADD COLUMN last_reply TEXT;
  CREATE INDEX conversations_of_subject ON conversations (subject, began_at) WHERE subject IS NOT NULL;
  CREATE INDEX conversations_of_kind ON conversations (kind, began_at) WHERE kind IS NOT NULL;
  `,
  },
  // Failures that a later success resolves, and questions that could not be asked.
  {
    olderProgramsGoOn: `
  CREATE TABLE failures (
    subject_key TEXT NOT NULL,
    route TEXT NOT NULL,
    target TEXT NOT NULL,
    conversation TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_seq INTEGER NOT NULL,
    broadcast INTEGER NOT NULL,
    problem TEXT NOT NULL,
    PRIMARY KEY (subject_key, route, target, conversation)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX failures_of_event ON failures (event_id);
  ALTER TABLE approvals ADD COLUMN not_asked TEXT;
  `,
  },
  // Approvals of several people, with reasons; reminders; what an approved request is built from; runs from before a replay, which go
  // with their delivery, also where an older program removes that.
  {
    olderProgramsGoOn: `
  ALTER TABLE approvals ADD COLUMN settings TEXT;
  ALTER TABLE approvals ADD COLUMN votes TEXT;
  ALTER TABLE approvals ADD COLUMN reason TEXT;
  ALTER TABLE approvals ADD COLUMN reminded_at INTEGER;
  ALTER TABLE approvals ADD COLUMN escalated_at INTEGER;
  ALTER TABLE deliveries ADD COLUMN approval_template TEXT;
  ALTER TABLE deliveries ADD COLUMN built_with TEXT;
  ALTER TABLE deliveries ADD COLUMN approval TEXT;

  CREATE TABLE earlier_runs (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    route TEXT NOT NULL,
    repository TEXT NOT NULL,
    kind TEXT NOT NULL,
    workflow TEXT,
    run_id TEXT,
    url TEXT,
    status TEXT NOT NULL,
    conclusion TEXT,
    attempt INTEGER NOT NULL,
    dispatched_at INTEGER NOT NULL,
    runs_since INTEGER NOT NULL,
    runs_until INTEGER NOT NULL,
    run_created_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    next_poll_at INTEGER,
    polls INTEGER NOT NULL,
    poll_set_at INTEGER,
    PRIMARY KEY (delivery_id, n)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX earlier_runs_open ON earlier_runs (next_poll_at) WHERE next_poll_at IS NOT NULL;
  CREATE INDEX earlier_runs_by_id ON earlier_runs (run_id) WHERE run_id IS NOT NULL;
  `,
  },
  // The relay's own engine: who evaluates a project, what is remembered of it and of its runs; occurrences of schedules. Leases have a
  // table of their own, because they are renewed far more often than the rest changes, which is long.
  {
    olderProgramsGoOn: `
  CREATE TABLE engine_leases (
    project TEXT PRIMARY KEY,
    owner TEXT,
    lease_until INTEGER NOT NULL,
    leased_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE engine_projects (
    project TEXT PRIMARY KEY,
    round TEXT NOT NULL,
    watermark INTEGER NOT NULL,
    read_at INTEGER,
    problem TEXT,
    rules TEXT NOT NULL
  ) STRICT;

  CREATE TABLE engine_runs (
    project TEXT NOT NULL,
    run TEXT NOT NULL,
    at INTEGER NOT NULL,
    ended_at INTEGER,
    state TEXT NOT NULL,
    PRIMARY KEY (project, run)
  ) STRICT;
  CREATE INDEX engine_runs_live ON engine_runs (project, run) WHERE ended_at IS NULL;
  CREATE INDEX engine_runs_ended ON engine_runs (ended_at) WHERE ended_at IS NOT NULL;

  CREATE TABLE occurrences (
    name TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (name, due_at)
  ) STRICT, WITHOUT ROWID;
  `,
  },
  // The ledger's rows one after another, with an index of their keys beside them. Sorted by key, each new row changes a page of its
  // own or splits it, which doubled what an acceptance writes. The index would be one more row to pay for on Cloudflare.
  {
    onlyInFiles: true,
    olderProgramsGoOn: `
  CREATE TABLE new_promotions (
    alias_key TEXT NOT NULL,
    n INTEGER NOT NULL,
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    alias TEXT NOT NULL,
    version TEXT,
    artifact TEXT,
    since INTEGER NOT NULL,
    origin TEXT NOT NULL,
    event_id TEXT,
    event TEXT NOT NULL,
    replaced_version TEXT,
    replaced_artifact TEXT,
    replaced_since INTEGER,
    deployed_at INTEGER,
    run_url TEXT,
    conclusion TEXT,
    ended_at INTEGER,
    PRIMARY KEY (alias_key, n)
  ) STRICT;
  INSERT INTO new_promotions (alias_key, n, collection, path, alias, version, artifact, since, origin, event_id, event, replaced_version,
      replaced_artifact, replaced_since, deployed_at, run_url, conclusion, ended_at)
    SELECT alias_key, n, collection, path, alias, version, artifact, since, origin, event_id, event, replaced_version,
      replaced_artifact, replaced_since, deployed_at, run_url, conclusion, ended_at FROM promotions;
  DROP TABLE promotions;
  ALTER TABLE new_promotions RENAME TO promotions;
  `,
  },
  // What people have paused.
  {
    olderProgramsGoOn: `
  CREATE TABLE pauses (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    paused_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (kind, name)
  ) STRICT, WITHOUT ROWID;
  `,
  },
  // Events whose routes were not tried yet, because many came at once.
  {
    olderProgramsGoOn: `
  CREATE TABLE unrouted (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    received_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    body TEXT NOT NULL,
    restored_at INTEGER,
    skipped TEXT
  ) STRICT;
  `,
  },
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a database to this program's schema, one transaction per step (a new one in one). One that a newer program has taken further is left
 * as it is, and can be used when its newer steps allow that.
 *
 * @throws NewerSchemaError when they do not
 * @returns how many steps the database has taken: more than `SCHEMA_VERSION` after a newer program
 */
export function migrate(driver: SqlDriver): number {
  driver.run('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT');
  driver.run('CREATE TABLE IF NOT EXISTS schema_steps (taken INTEGER NOT NULL) STRICT');
  const found = versionOf(driver);
  checkUsable(found, SCHEMA_VERSION, 'file');
  // A new database is made in one go: that is a tenth of the commits, and nobody waits for half a schema.
  if (found.taken === 0) driver.transaction(() => takeSteps(driver, 0, SCHEMA_VERSION));
  else for (let taken = found.taken; taken < SCHEMA_VERSION; taken++) driver.transaction(() => takeSteps(driver, taken, taken + 1));
  return versionOf(driver).taken;
}

function takeSteps(driver: SqlDriver, from: number, to: number): void {
  for (let taken = from; taken < to; taken++) {
    // Another process may have been faster.
    if (versionOf(driver).taken > taken) continue;
    for (const statement of statementsOf(stepFor(driver, taken))) driver.run(statement);
    const reached = versionAfter(MIGRATIONS, taken + 1);
    driver.run('DELETE FROM schema_version');
    driver.run('INSERT INTO schema_version VALUES (?)', reached.least);
    driver.run('DELETE FROM schema_steps');
    driver.run('INSERT INTO schema_steps VALUES (?)', reached.taken);
  }
}

function stepFor({ isManaged }: SqlDriver, taken: number): SchemaStep {
  const step = MIGRATIONS[taken] ?? '';
  return isManaged === true && typeof step === 'object' && step.onlyInFiles === true ? '' : step;
}

/** The database belongs to the other kind of receiver. */
export class WrongPurposeError extends Error {}

/**
 * Keeps a sandbox, which records dispatches as delivered without sending them, away from real deliveries, and the other
 * way round: the first receiver on a database decides what it is for.
 *
 * @throws WrongPurposeError
 */
export function claimPurpose(driver: SqlDriver, purpose: 'live' | 'sandbox'): void {
  driver.transaction(() => {
    const found = firstRow<{ name: string }>(driver, 'SELECT name FROM purpose')?.name;
    if (found === undefined) driver.run('INSERT INTO purpose VALUES (?)', purpose);
    else if (found !== purpose)
      throw new WrongPurposeError(
        `the database belongs to a ${found} receiver and this is a ${purpose} one: use another file (DATABASE_URL)`,
      );
  });
}

function versionOf(driver: SqlDriver): StoredVersion {
  const least = firstRow<{ version: number }>(driver, 'SELECT version FROM schema_version')?.version;
  return storedVersion(least, firstRow<{ taken: number }>(driver, 'SELECT taken FROM schema_steps')?.taken);
}
