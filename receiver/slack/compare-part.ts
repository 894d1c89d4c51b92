import type { OpenQuestion } from './approval-part.ts';
import { context, type Part, section } from './blocks.ts';
import { compareText, trainedBy } from './compare.ts';

/** For each question how both versions compare and who trained the new one; what several questions share stands there once. */
export function compareParts(questions: readonly OpenQuestion[], rank: number): Part[] {
  const shown = new Set<string>();
  return questions.flatMap(({ from, approval }): Part[] => {
    const { event, wandb, id } = from.event;
    const text = compareText(event, wandb, approval.compare);
    if (text === undefined || shown.has(`${id} ${text}`)) return [];
    shown.add(`${id} ${text}`);
    return [{ rank, blocks: [section(text), ...context(trainedBy(wandb) ?? '')] }];
  });
}

/** Whether a question shows the event's metrics beside those of the version that it replaces: then they need not be listed. */
export function isCompared(questions: readonly OpenQuestion[], eventId: string): boolean {
  return questions.some(({ from, approval }) => {
    const { id, event, wandb } = from.event;
    return id === eventId && compareText(event, wandb, approval.compare) !== undefined;
  });
}
