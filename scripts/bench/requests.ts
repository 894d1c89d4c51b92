import { signBody } from '../../src/lib/signature.ts';
import { aliasBody } from '../../test/stand-ins/wandb-sender.ts';
import { BENCH_ALIAS, BENCH_SECRET, SUBJECTS } from './setup.ts';

/** How one kind of server is asked: where, and signed how. */
export interface RequestForm {
  readonly path: string;
  body(event: number): string;
  headers(body: string, event: number): Readonly<Record<string, string>>;
}

const NUMBER = '(number)';
const SUBJECT = '(subject)';
const ALIAS = '(alias)';
const WANDB_BODY = JSON.stringify(aliasBody(`v${NUMBER}`, `model-${SUBJECT}`, ALIAS));

/** As W&B sends it: an alias was put on a version. With several aliases they take turns. */
export function wandbForm(aliases: readonly string[] = [BENCH_ALIAS]): RequestForm {
  return {
    path: '/webhooks/wandb',
    body: (event) =>
      WANDB_BODY.replaceAll(NUMBER, digits(event))
        .replaceAll(SUBJECT, String(event % SUBJECTS))
        .replaceAll(ALIAS, aliases[event % aliases.length] ?? ''),
    headers: (body) => ({ 'x-wandb-signature': signBody(body, BENCH_SECRET) }),
  };
}

/** As GitHub sends it: a `repository_dispatch` of the same size as W&B's event. */
export function githubForm(path: string): RequestForm {
  const wandb = wandbForm();
  return {
    path,
    body: (event) => {
      const known = {
        action: 'model-production',
        repository: { full_name: 'acme/deploy' },
        installation: { id: 1 },
        client_payload: { id: digits(event) },
      };
      const without = JSON.stringify({ ...known, filler: '' });
      return JSON.stringify({ ...known, filler: 'x'.repeat(Math.max(0, wandb.body(event).length - without.length)) });
    },
    headers: (body, event) => ({
      'x-github-event': 'repository_dispatch',
      'x-github-delivery': digits(event),
      'x-hub-signature-256': `sha256=${signBody(body, BENCH_SECRET, 'hex')}`,
    }),
  };
}

/** Numbers of one length, so that all requests are of one size. */
function digits(event: number): string {
  return String(event).padStart(9, '0');
}

let events = 0;

/** So many different events as the bytes of their requests: made and signed before the run, so that the run does not pay for it. */
export function prepareRequests(form: RequestForm, count: number): Buffer[] {
  return Array.from({ length: count }, () => requestBytes(form, events++));
}

export function requestBytes(form: RequestForm, event: number): Buffer {
  const body = form.body(event);
  const headers = { ...form.headers(body, event), 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${form.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('')}\r\n${body}`);
}
