import { isPerson } from '../../src/route/notified.ts';
import type { ConversationStore } from '../store/conversations.ts';
import type { SlackClient } from './client.ts';
import { field } from './find-message.ts';
import { slackWord } from './read-error.ts';

/** Slack's words for an id that no longer leads anywhere: the channel was deleted, or archived and its name given to another. */
const LEADS_NOWHERE: ReadonlySet<string> = new Set(['channel_not_found', 'is_archived']);

/**
 * The id of the conversation with one person (Slack, "conversations.open", scope im:write); `undefined` when that is not to be
 * known, and the message goes to the person's own id.
 */
export async function directMessage(client: ReturnType<SlackClient>, user: string): Promise<string | undefined> {
  try {
    const id = field(field(await client.apiCall('conversations.open', { users: user }), 'channel'), 'id');
    return typeof id === 'string' ? id : undefined;
  } catch (error) {
    if (slackWord(error) === 'missing_scope') return undefined;
    throw error;
  }
}

/**
 * A client that posts by the id of a channel once an earlier message has told it, so that a channel which people rename still
 * gets its messages. A person has a conversation with the app, which is opened first. An id that leads nowhere is given up.
 */
export function postingById(client: SlackClient, store: Pick<ConversationStore, 'channelId'>): SlackClient {
  const known = new Map<string, string>();
  return (signal) => {
    const calling = client(signal);
    return {
      apiCall: async (method, options) => {
        const name = options?.channel;
        if (method !== 'chat.postMessage' || typeof name !== 'string') return calling.apiCall(method, options);
        if (!name.startsWith('#') && !isPerson(name)) return calling.apiCall(method, options);
        const byName = async () => {
          const answer = await calling.apiCall(method, options);
          const posted = field(answer, 'channel');
          if (typeof posted === 'string') known.set(name, posted);
          return answer;
        };
        const id = known.get(name) ?? (await store.channelId(name)) ?? (isPerson(name) ? await directMessage(calling, name) : undefined);
        if (id === undefined) return byName();
        try {
          const answer = await calling.apiCall(method, { ...options, channel: id });
          known.set(name, id);
          return answer;
        } catch (error) {
          // Refused, so nothing was posted.
          if (!LEADS_NOWHERE.has(slackWord(error) ?? '')) throw error;
          known.delete(name);
          return byName();
        }
      },
    };
  };
}
