/** Where the events are kept: DATABASE_URL, read. One of the two is set, or none. */
export interface DatabaseAddress {
  /** The path of a SQLite file. */
  readonly databasePath: string | undefined;
  /** The address of a PostgreSQL database, as it was given. It may hold a password. */
  readonly postgresUrl: string | undefined;
}

/** What PostgreSQL's clients know, and `no-verify` of `pg`: it encrypts without verifying. */
const SSL_MODES: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

const NONE: DatabaseAddress = { databasePath: undefined, postgresUrl: undefined };

/** Reads DATABASE_URL. What cannot work is refused with one line, which never holds a password. */
export function readDatabaseUrl(text: string | undefined, errors: string[]): DatabaseAddress {
  if (text === undefined) return NONE;
  const isFile = text.startsWith('file:');
  const isPostgres = /^postgres(ql)?:\/\//.test(text);
  const problem = isFile
    ? fileProblem(text)
    : isPostgres
      ? postgresProblem(text)
      : 'must begin with "file:", such as file:relay.db, or with "postgres://", such as postgres://relay@db/relay';
  if (problem !== undefined) {
    errors.push(`DATABASE_URL: ${problem}`);
    return NONE;
  }
  return isFile ? { ...NONE, databasePath: filePath(text) } : { ...NONE, postgresUrl: text };
}

/** `file:relay.db`, `file:/var/lib/relay.db` and `file:///var/lib/relay.db`. */
function filePath(text: string): string {
  return text.replace(/^file:(?:\/\/(?=\/))?/, '');
}

function fileProblem(text: string): string | undefined {
  const host = /^file:\/\/([^/]+)/.exec(text)?.[1];
  if (host !== undefined) return `"${text}" names a machine called "${host}", not a file: write file:relay.db or file:///var/lib/relay.db`;
  const path = filePath(text);
  if (path.includes('?')) return `"${text}" has options behind the "?", and there are none for a file: leave them out`;
  if (path === ':memory:') return '":memory:" would lose everything when the receiver stops: name a file, such as file:relay.db';
  if (path.startsWith('~')) return `"${text}": "~" means nothing here: write the whole path, such as file:///var/lib/relay.db`;
  if (/(^|\/)\.{0,2}$/.test(path)) return `"${text}" names no file: write one such as file:/data/relay.db`;
  return undefined;
}

function postgresProblem(text: string): string | undefined {
  const [, authority = ''] = /^postgres(?:ql)?:\/\/([^/?#]*)/.exec(text) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host.includes(',')) return 'names several hosts, and only one is understood: name the one that clients are to use';
  const url = parsePostgresUrl(text);
  const mode = url?.searchParams.get('sslmode') ?? 'disable';
  if (!SSL_MODES.includes(mode)) return `has sslmode=${mode}, which does not exist: set it to one of ${SSL_MODES.join(', ')}`;
  // A % that begins no escape cannot be decoded.
  if (url !== undefined && !/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  if (/^:\d*$/.test(host)) return 'has a port but no host: write the port of a socket as ?host=/var/run/postgresql&port=5432';
  return 'is not an address: write signs such as @ / # % in the password as %40 %2F %23 %25';
}

/**
 * Parses `postgres://user:password@host:port/database?…`. As for libpq and `pg`, there may be no host between "@" and "/", and
 * `?host=/var/run/postgresql` names a Unix socket's folder; `URL` alone refuses that.
 */
function parsePostgresUrl(text: string): URL | undefined {
  if (URL.canParse(text)) return new URL(text);
  const withHost = text.replace('@/', '@localhost/');
  if (!URL.canParse(withHost)) return undefined;
  const url = new URL(withHost);
  url.host = '';
  return url;
}

/** The passwords in an address. Short ones are left out: redacted everywhere, they would take ordinary words out of events. */
export function passwordsOf(postgresUrl: string | undefined): string[] {
  const url = postgresUrl === undefined ? undefined : parsePostgresUrl(postgresUrl);
  if (url === undefined) return [];
  return [decodeURIComponent(url.password), url.searchParams.get('password') ?? ''].filter((password) => password.length >= 12);
}

/** What a PostgreSQL database is called in logs and messages: host and name, never a user or a password. */
export function postgresName(postgresUrl: string): string {
  const url = parsePostgresUrl(postgresUrl);
  const host = url?.searchParams.get('host') ?? url?.host ?? '';
  const pathname = url?.pathname ?? '/';
  return host.startsWith('/') ? `postgres://${pathname}?host=${host}` : `postgres://${host}${pathname}`;
}
