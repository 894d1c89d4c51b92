import { expect, it } from 'vitest';
import { whyUnconfigured } from '../../receiver/compose.ts';

it.each(['slack', 'slack_update', 'slack_reply'] as const)('%s needs a connection to Slack', (kind) => {
  expect(whyUnconfigured(kind)).toBe('Slack is not connected: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET (or SLACK_APP_TOKEN)');
});

it.each(['repository_dispatch', 'workflow_dispatch', 'commit_status'] as const)('%s needs GitHub credentials', (kind) => {
  expect(whyUnconfigured(kind)).toBe('no GitHub credentials are configured: set GITHUB_TOKEN or the App');
});

it('wandb_stop needs a key of W&B', () => {
  expect(whyUnconfigured('wandb_stop')).toMatch(/^W&B is not connected: set WANDB_API_KEY/);
});
