import type { RunReport } from '../store/run.ts';

/** The whole answer to a query. */
export interface KnownAnswer {
  readonly etag: string;
  readonly reports: readonly RunReport[];
}

export interface AnswerMemory {
  get(key: string): KnownAnswer | undefined;
  /** The answer that was used longest ago makes room. */
  keep(key: string, answer: KnownAnswer): void;
  forget(key: string): void;
}

/** Remembers the latest answers, so that one that has not changed needs not be sent again. */
export function answerMemory(most: number): AnswerMemory {
  const answers = new Map<string, KnownAnswer>();
  const keep = (key: string, answer: KnownAnswer): void => {
    answers.delete(key);
    answers.set(key, answer);
    const [oldest] = answers.keys();
    if (answers.size > most && oldest !== undefined) answers.delete(oldest);
  };
  return {
    get: (key) => {
      const answer = answers.get(key);
      if (answer !== undefined) keep(key, answer);
      return answer;
    },
    keep,
    forget: (key) => {
      answers.delete(key);
    },
  };
}
