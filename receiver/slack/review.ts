import { decodeDecision } from './actions.ts';
import { actions, context, section } from './blocks.ts';
import { done, type Handling, NOT_OURS, type Outcome, type Person, refused } from './handling.ts';
import { readQuestion } from './home.ts';
import { groupsToAsk, mayDecide } from './may-decide.ts';
import { mayRead } from './members.ts';
import { approvalText, decisionElements } from './rows.ts';

const DECIDED = 'There is nothing to decide any more: somebody has decided, or it is no longer stored.';

/** Shows a question to whoever asked for it, with its buttons when that person may decide. */
export async function review(handling: Handling, value: string, actor: Person): Promise<Outcome> {
  const { people, askGroups, githubUrl } = handling;
  const decoded = decodeDecision(value);
  if (decoded === undefined) return refused(NOT_OURS);
  const reader = await mayRead(actor, handling);
  if (!reader.may) return refused(reader.why);
  const question = await readQuestion(handling, decoded.eventId, decoded.route);
  if (question?.event === undefined || question.event.event.source !== decoded.source) return refused(DECIDED);
  const { approval } = question;
  const groups = await askGroups(groupsToAsk(actor.id, approval.by));
  const author = question.event.event.author;
  const may = (decision: 'approved' | 'rejected') => mayDecide({ approval, decision, actor, author, people, groups });
  const rejects = may('rejected');
  const text = approvalText(question, { githubUrl, slackUsers: people.slackUsers });
  if (!rejects.may) return done(text, [section(text), ...context(rejects.why)]);
  const approves = may('approved');
  return done(text, [section(text), ...actions(...decisionElements(question)), ...context(approves.may ? '' : approves.why)]);
}
