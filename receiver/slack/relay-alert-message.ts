import type { AlertFacts } from '../alerts/alert-event.ts';
import { context, type KnownBlock, section } from './blocks.ts';
import { fitMrkdwn, mrkdwnName, slackDate } from './mrkdwn.ts';

/** A lock screen shows about so many characters. */
const TEXT_LIMIT = 120;
const SENTENCE = 600;

const SIGNS: Readonly<Record<AlertFacts['state'], string>> = {
  opened: ':warning:',
  continues: ':warning:',
  recovered: ':white_check_mark:',
};

/** News about the relay itself: the state first, then what to do, and since when it is so. Pure. */
export function relayAlertMessage(facts: AlertFacts): { text: string; blocks: KnownBlock[] } {
  const { alert, state, summary, action, since } = facts;
  const isPause = alert === 'paused';
  const sign = isPause ? (state === 'recovered' ? ':arrow_forward:' : ':double_vertical_bar:') : SIGNS[state];
  const lead = isPause ? '' : state === 'recovered' ? '*Recovered:* ' : state === 'continues' ? '*Still so:* ' : '';
  const first = `${sign} ${lead}*${mrkdwnName(summary, SENTENCE)}*`;
  const next = action === '' || state === 'recovered' ? [] : [mrkdwnName(action, SENTENCE)];
  const details = [
    'wandb-relay',
    ...(facts.what === '' || isPause ? [] : [mrkdwnName(facts.what)]),
    ...(since === undefined || state === 'recovered' ? [] : [`since ${slackDate(Date.parse(since))}`]),
  ];
  return {
    text: fitMrkdwn(`${state === 'recovered' && !isPause ? 'Recovered: ' : ''}${mrkdwnName(summary, TEXT_LIMIT)}`, TEXT_LIMIT),
    blocks: [section([first, ...next].join('\n')), ...context(...details)],
  };
}
