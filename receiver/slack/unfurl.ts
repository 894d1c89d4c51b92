import { readWandbLink, type WandbSubject } from '../../src/event/read-wandb-link.ts';
import type { EventView } from '../store/delivery.ts';
import type { AliasView } from '../store/ledger.ts';
import type { Store } from '../store/store.ts';
import { context, factSection, type KnownBlock, section } from './blocks.ts';
import { shortState } from './delivery-words.ts';
import { factsOf } from './facts.ts';
import { bold, mrkdwnName, slackDate } from './mrkdwn.ts';
import { aliasState, changeLine, personWords, type RowContext } from './rows.ts';
import { sayBold, sentenceOf } from './sentence.ts';

/** What is added below a link to W&B. */

/** Links of one message that are answered. */
const MOST_LINKS = 5;
/** Events among which the latest about a link's subject is looked for. */
const SEARCHED = 200;
const MOST_FACTS = 4;
const MOST_ALIASES = 3;

/** What is shown below each link, by the link as Slack has it. Links about which nothing is known are left out. */
export async function unfurlsOf(
  links: readonly string[],
  store: Pick<Store, 'aliases' | 'eventPage' | 'event' | 'deliveries'>,
  row: RowContext & { readonly wandbAppUrl: string },
): Promise<Record<string, { readonly blocks: KnownBlock[] }>> {
  const about = [...new Set(links)].slice(0, MOST_LINKS).flatMap((link) => {
    const subject = readWandbLink(link, row.wandbAppUrl);
    return subject === undefined ? [] : [{ link, subject }];
  });
  if (about.length === 0) return {};
  const { items } = await store.eventPage({ limit: SEARCHED });
  const known = await Promise.all(
    about.map(async ({ link, subject }) => {
      const latest = items.find(({ event }) => isAbout(event, subject));
      const event = latest === undefined ? undefined : await store.event(latest.id);
      const blocks = unfurlBlocks(subject, await aliasesOf(store, subject), event, await stateOf(store, event), row);
      return [link, blocks] as const;
    }),
  );
  return Object.fromEntries(known.filter(([, blocks]) => blocks.length > 0).map(([link, blocks]) => [link, { blocks }]));
}

function isAbout(event: EventView['event'], subject: WandbSubject): boolean {
  if (event.entity !== subject.entity || event.project !== subject.project) return false;
  if (subject.kind === 'run') return event.run === subject.run;
  return event.collection === subject.collection && event.version === subject.version;
}

/** The aliases that the version has, or is still deployed by. */
async function aliasesOf(store: Pick<Store, 'aliases'>, subject: WandbSubject): Promise<AliasView[]> {
  if (subject.kind === 'run') return [];
  const collection = `${subject.entity}/${subject.project}/${subject.collection}`;
  const found = await store.aliases({ collection, limit: SEARCHED });
  return found.filter(({ holder, deployed }) => holder.version === subject.version || deployed?.version === subject.version);
}

async function stateOf(store: Pick<Store, 'deliveries'>, event: EventView | undefined): Promise<string | undefined> {
  if (event === undefined) return undefined;
  const deliveries = await store.deliveries({ eventId: event.id, limit: SEARCHED });
  const dispatch = deliveries.find(({ target }) => !target.startsWith('slack'));
  return dispatch && shortState(dispatch);
}

/** Pure; empty when nothing is known. */
export function unfurlBlocks(
  subject: WandbSubject,
  aliases: readonly AliasView[],
  latest: EventView | undefined,
  state: string | undefined,
  row: RowContext,
): KnownBlock[] {
  if (aliases.length === 0 && latest === undefined) return [];
  const name = subject.kind === 'run' ? `run ${bold(subject.run)}` : `${bold(subject.collection)} ${bold(subject.version)}`;
  const held = aliases.slice(0, MOST_ALIASES).map((view) => `${bold(view.alias)}: ${aliasState(view, row)}`);
  const facts = factSection(factsOf(latest?.wandb, MOST_FACTS));
  const author = latest?.event.author;
  const by = author === undefined ? '' : ` by ${personWords(author, row.slackUsers)}`;
  const what =
    latest === undefined
      ? ''
      : latest.event.type === 'add_artifact_alias'
        ? `${changeLine(latest.event, '')}${by}`
        : sentenceOf(latest.event, sayBold);
  const last = latest === undefined ? '' : `${what}, ${slackDate(latest.receivedAt)}${state === undefined ? '' : `: ${mrkdwnName(state)}`}`;
  return [section([name, ...held].join('\n')), ...facts, ...context(last)];
}
