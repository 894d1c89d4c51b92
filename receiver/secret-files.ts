import { messageOf } from '../src/lib/error-message.ts';

/** The variables that hold a secret, or an address with one in it. */
const SECRETS =
  /^(?:DATABASE_URL|GITHUB_TOKEN|GITHUB_APP_PRIVATE_KEY|GITHUB_WEBHOOK_SECRET|SLACK_BOT_TOKEN|SLACK_SIGNING_SECRET|SLACK_APP_TOKEN|WANDB_API_KEY|RELAY_ADMIN_TOKENS?|RELAY_VIEWER_TOKEN|WANDB_WEBHOOK_(?:SECRET|TOKEN)(?:_[A-Z0-9_]+)?)$/;

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads secrets from files, as containers mount them: `GITHUB_TOKEN_FILE=/run/secrets/token` is `GITHUB_TOKEN` with the content of
 * that file, without white space around it. A file that cannot be read stays under its name, with the reason, for
 * `secretFileProblems`.
 *
 * @param read gives the text of a file, or throws
 */
export function withSecretFiles(variables: Variables, read: (path: string) => string): Variables {
  const result: Record<string, string | undefined> = { ...variables };
  for (const [name, secret, path] of secretFiles(variables)) {
    if ((variables[secret]?.trim() ?? '') !== '') continue;
    try {
      result[secret] = read(path).trim();
      delete result[name];
    } catch (error) {
      result[name] = `${path}: ${messageOf(error)}`;
    }
  }
  return result;
}

/** What is wrong with the files that `withSecretFiles` left, in one line each. */
export function secretFileProblems(variables: Variables): string[] {
  return secretFiles(variables).map(([name, secret, path]) =>
    (variables[secret]?.trim() ?? '') === ''
      ? `${name}: cannot be read: ${path}: set it to a file that this user may read`
      : `${name}: is set together with ${secret}: set one of the two`,
  );
}

function secretFiles(variables: Variables): (readonly [name: string, secret: string, path: string])[] {
  return Object.entries(variables).flatMap(([name, path = '']) => {
    const secret = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : '';
    return path.trim() !== '' && SECRETS.test(secret) ? [[name, secret, path.trim()] as const] : [];
  });
}
