import { describe, expect, test } from 'vitest';
import { encodeDecision, encodeDispatchAgain, encodeMute, encodeReasonForm } from '../../../receiver/slack/actions.ts';
import { sourceOfSlack, sourceOfUrl } from '../../../receiver/worker/which-source.ts';
import { blockActions } from '../../stand-ins/slack-interactions.ts';

const ADA = { id: 'U1', name: 'ada' };

function pressed(action: object): string {
  return new URLSearchParams({ payload: JSON.stringify(blockActions(ADA, action, 'https://hooks.slack.test/1')) }).toString();
}

describe('what Slack sends is for', () => {
  test.each([
    ['a decision', encodeDecision({ source: 'prod', eventId: 'e', route: 'r' })],
    ['dispatching again', encodeDispatchAgain({ source: 'prod', deliveryId: 'd', updatedAt: 1 })],
    ['a mute', encodeMute({ source: 'prod', deliveryId: 'd', time: '1h' })],
  ])('the source that %s carries', (_what, value) => {
    expect(sourceOfSlack(pressed({ type: 'button', value }))).toBe('prod');
    expect(sourceOfSlack(pressed({ type: 'static_select', selected_option: { value } }))).toBe('prod');
  });

  test('the source that a form carries', () => {
    const metadata = encodeReasonForm({ source: 'prod', decision: 'rejected', eventId: 'e', route: 'r' });
    const payload = JSON.stringify({ type: 'view_submission', view: { private_metadata: metadata } });
    expect(sourceOfSlack(new URLSearchParams({ payload }).toString())).toBe('prod');
  });

  test.each([
    ['status source:prod', 'prod'],
    ['source:prod ', 'prod'],
    ['replay 0192 source:prod-eu', 'prod-eu'],
    ['status', 'default'],
    ['simulate {"note": "from source:prod yesterday"}', 'default'],
  ])('the source that the command "%s" names last', (text, source) => {
    expect(sourceOfSlack(new URLSearchParams({ command: '/wandb-relay', text }).toString())).toBe(source);
  });

  test.each([
    ['the check of the address', JSON.stringify({ type: 'url_verification', challenge: 'c' })],
    ["the app's home", JSON.stringify({ type: 'event_callback', event: { type: 'app_home_opened' } })],
    ['nothing', ''],
    ['a payload that is no JSON', 'payload=%7B'],
    ['a button without a value', pressed({ type: 'button' })],
    ['a value of another app', pressed({ type: 'button', value: 'approve' })],
    ['a value that begins with no name', pressed({ type: 'button', value: '[{"source":"prod"}]' })],
  ])('the default source when it is %s', (_what, body) => {
    expect(sourceOfSlack(body)).toBe('default');
  });
});

test('an address says its source with ?source=', () => {
  expect(sourceOfUrl('https://relay.test/api/status?source=prod')).toBe('prod');
  expect(sourceOfUrl('https://relay.test/api/status')).toBe('default');
});
