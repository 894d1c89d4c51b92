import type { Settings } from '../../src/config/config.ts';

/** Whether anybody is to hear of alerts, or of the heartbeat. */
export function isTold({ alertChannel, alertWebhook, heartbeat }: Pick<Settings, 'alertChannel' | 'alertWebhook' | 'heartbeat'>): boolean {
  return (alertChannel ?? alertWebhook ?? heartbeat) !== null;
}
