import { describe, expect, it } from 'vitest';
import { type DecisionQuestion, type GroupMembers, groupsToAsk, mayDecide, mayOperate } from '../../../receiver/slack/may-decide.ts';
import { err, ok, type Result } from '../../../src/lib/result.ts';

const GROUPS: GroupMembers = new Map<string, Result<readonly string[], string>>([
  ['S0DEPLOY', ok(['U0ADA', 'U0BOB'])],
  ['S0BROKEN', err('Slack did not say who is in user group S0BROKEN (missing_scope): give the app the scope usergroups:read')],
]);

function ask(
  changes: Partial<Omit<DecisionQuestion, 'actor'>> & {
    by?: string[] | null;
    allowSelf?: boolean;
    actor?: string;
    isExternal?: boolean;
  },
) {
  const { by = null, allowSelf = true, actor = 'U0ADA', isExternal = false, ...rest } = changes;
  const permission = mayDecide({
    approval: { by, allowSelf },
    decision: 'approved',
    actor: { id: actor, isExternal },
    author: 'ada',
    people: { slackUsers: {} },
    groups: GROUPS,
    ...rest,
  });
  return permission.may ? 'may' : permission.why;
}

describe('who may decide', () => {
  it('is everybody when nobody is named', () => {
    expect(ask({ by: null, actor: 'U0ANY' })).toBe('may');
  });

  it('is nobody of another organization, unless named', () => {
    expect(ask({ by: null, actor: 'U0ANY', isExternal: true })).toMatch(/another organization/);
    expect(ask({ by: ['U0BOB', 'S0DEPLOY'], actor: 'U0BOB', isExternal: true })).toBe('may');
    expect(ask({ by: ['S0DEPLOY'], actor: 'U0BOB', isExternal: true })).toBe('may');
    expect(ask({ by: ['U0BOB'], actor: 'U0ANY', isExternal: true })).toMatch(/^Only/);
  });

  it('is who is named, as a person or in a user group', () => {
    expect(ask({ by: ['U0BOB'], actor: 'U0BOB' })).toBe('may');
    expect(ask({ by: ['U0EVE', 'S0DEPLOY'], actor: 'U0BOB' })).toBe('may');
    expect(ask({ by: ['U0EVE', 'S0DEPLOY'], actor: 'U0MAX' })).toBe('Only <@U0EVE>, <!subteam^S0DEPLOY> may decide about this.');
  });

  it('is nobody more when a user group cannot be read, which says what to do', () => {
    expect(ask({ by: ['S0BROKEN'], actor: 'U0BOB' })).toMatch(/cannot tell whether you may.*: .*usergroups:read/);
    expect(ask({ by: ['S0UNASKED'], actor: 'U0BOB' })).toMatch(/cannot tell/);
    expect(ask({ by: ['S0BROKEN', 'S0DEPLOY'], actor: 'U0BOB' })).toBe('may');
    expect(ask({ by: ['S0BROKEN', 'U0BOB'], actor: 'U0BOB' })).toBe('may');
  });
});

describe('who may not approve their own event', () => {
  const own = { by: ['U0ADA', 'U0BOB'], allowSelf: false };

  it('is its author', () => {
    expect(ask({ ...own, people: { slackUsers: { ada: 'U0ADA' } } })).toMatch(/caused this event/);
    expect(ask({ ...own, actor: 'U0BOB', people: { slackUsers: { ada: 'U0ADA' } } })).toBe('may');
    expect(ask({ ...own, allowSelf: true, people: { slackUsers: { ada: 'U0ADA' } } })).toBe('may');
  });

  it('is its author in another spelling, or with several W&B users', () => {
    expect(ask({ ...own, author: 'Ada', people: { slackUsers: { ada: 'U0ADA' } } })).toMatch(/caused this event/);
    expect(ask({ ...own, author: 'ada2', people: { slackUsers: { ada: 'U0ADA', ada2: 'U0ADA' } } })).toMatch(/caused this event/);
  });

  it('is whoever might be the author: the config is to say who that is', () => {
    expect(ask({ ...own })).toMatch(/add ada to settings\.slack_users/);
    expect(ask({ ...own, people: { slackUsers: { bob: 'U0BOB' } } })).toMatch(/add ada to settings\.slack_users/);
    expect(ask({ ...own, actor: 'U0BOB', people: { slackUsers: { bob: 'U0BOB' } } })).toBe('may');
    expect(ask({ ...own, author: '__proto__' })).toMatch(/add __proto__ to/);
    expect(ask({ ...own, author: '<!channel>' })).not.toContain('<!channel>');
  });

  it('is everybody when the event has no author: an automation may leave it out', () => {
    expect(ask({ ...own, author: undefined })).toMatch(/author of this event is unknown.*event_author/);
    expect(ask({ ...own, author: undefined, allowSelf: true })).toBe('may');
    expect(ask({ ...own, author: undefined, decision: 'rejected' })).toBe('may');
  });

  it('may reject it all the same, if among those who decide', () => {
    const people = { slackUsers: { ada: 'U0ADA' } };
    expect(ask({ ...own, decision: 'rejected', people })).toBe('may');
    expect(ask({ ...own, decision: 'rejected', actor: 'U0EVE', people })).toMatch(/^Only/);
  });
});

describe('who may step in', () => {
  const may = (actor: string, operators: string[] | null, approvers: string[] | null) =>
    mayOperate({ id: actor }, operators, approvers, GROUPS).may;

  it('is an operator who could also approve it', () => {
    expect(may('U0ANY', null, null)).toBe(true);
    expect(may('U0ANY', ['U0ADA'], null)).toBe(false);
    expect(may('U0ADA', ['S0DEPLOY'], null)).toBe(true);
    expect(may('U0ADA', ['U0ADA'], ['U0BOB'])).toBe(false);
    expect(may('U0ADA', null, ['U0BOB'])).toBe(false);
    expect(may('U0ADA', ['U0ADA'], ['S0DEPLOY'])).toBe(true);
  });
});

describe('user groups', () => {
  it('are asked about only where that decides', () => {
    expect(groupsToAsk('U0ADA', null)).toEqual([]);
    expect(groupsToAsk('U0ADA', ['U0ADA', 'S0DEPLOY'])).toEqual([]);
    expect(groupsToAsk('U0EVE', ['U0ADA', 'S0DEPLOY'])).toEqual(['S0DEPLOY']);
  });
});
