import { REPOSITORY } from '../../../src/lib/repository.ts';
import { nameSchema } from '../../../src/lib/schema-words.ts';

/** What `init` has to know, and how it is checked: as a flag, or as an answer to a question. */

export interface InitFlags {
  readonly yes: boolean;
  readonly config: string;
  readonly team?: string;
  readonly organization?: string;
  readonly repository?: string;
  readonly url?: string;
  readonly action?: string;
}

/** What stands in the files until somebody replaces it. */
export const PLACEHOLDERS = { team: 'my-team', repository: 'my-org/my-repository', action: 'your-org/wandb-relay@v0' } as const;

export type AnswerName = 'team' | 'organization' | 'repository' | 'url' | 'action';
export type Answers = { readonly [K in AnswerName]: string | undefined };

export interface Question {
  readonly name: AnswerName;
  readonly text: string;
  /** What is wrong with an answer; `undefined`: nothing. */
  readonly problem: (answer: string) => string | undefined;
}

const nameProblem = (answer: string): string | undefined => nameSchema.safeParse(answer).error?.issues[0]?.message;

const ORGANIZATION: Question = { name: 'organization', text: "The team's organization at W&B (blank: W&B knows it)", problem: nameProblem };

/** Asked in this order. The organization is a flag only: W&B finds it by the team. */
export const QUESTIONS: readonly Question[] = [
  { name: 'team', text: 'The team at W&B', problem: nameProblem },
  {
    name: 'repository',
    text: 'This repository on GitHub, owner/name',
    problem: (answer) => (REPOSITORY.test(answer) ? undefined : 'must be owner/name'),
  },
  { name: 'url', text: 'Where W&B reaches the receiver, such as https://relay.example.com (blank: later)', problem: urlProblem },
  {
    name: 'action',
    text: 'Where the Action is published, owner/name@ref',
    problem: (answer) => (isActionReference(answer) ? undefined : 'must be owner/name@ref, such as your-org/wandb-relay@v0'),
  },
];

/** Every flag that has a form of its own. */
export const CHECKED: readonly Question[] = [...QUESTIONS, ORGANIZATION];

function isActionReference(text: string): boolean {
  const [repository = '', ref = '', ...more] = text.split('@');
  return more.length === 0 && REPOSITORY.test(repository) && /^[A-Za-z0-9._/-]+$/.test(ref);
}

function urlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'must be an address that begins with https:// (or http://)';
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return 'must have no user, no password, no ? and no #';
  }
  return undefined;
}

/** The address of W&B's webhooks at a receiver; given as its base, or whole. */
export function webhookUrl(url: string): string {
  const base = url.replace(/\/+$/, '');
  return base.includes('/webhooks/wandb') ? base : `${base}/webhooks/wandb`;
}
