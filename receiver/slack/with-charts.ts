import type { WebClient } from '@slack/web-api';
import { isJsonObject, type JsonValue } from '../../src/lib/json.ts';
import { slackWord } from './read-error.ts';

/** What Slack calls blocks that it does not know, or does not take. */
const BAD_BLOCKS: ReadonlySet<string> = new Set(['invalid_blocks', 'invalid_blocks_format']);

/**
 * Calls a method with a message. When Slack refuses its blocks and there are charts among them, it is sent once more without
 * them: some workspaces and clients do not have charts yet, and their words stand in the message too. A refused call has done
 * nothing, so nothing is posted twice.
 */
export async function callWithCharts(
  client: Pick<WebClient, 'apiCall'>,
  method: 'chat.postMessage' | 'chat.update',
  message: Readonly<Record<string, unknown>> & { readonly blocks: readonly unknown[] },
): Promise<unknown> {
  try {
    return await client.apiCall(method, message);
  } catch (error) {
    const blocks = message.blocks.filter((block) => !isChart(block));
    if (blocks.length === message.blocks.length || !BAD_BLOCKS.has(slackWord(error) ?? '')) throw error;
    return await client.apiCall(method, { ...message, blocks });
  }
}

function isChart(block: unknown): boolean {
  return isJsonObject(block as JsonValue) && (block as { type?: unknown }).type === 'data_visualization';
}
