/**
 * Makes text harmless inside Slack's mrkdwn: `&`, `<` and `>` are the characters with which mentions, links and dates are
 * written, and the only ones that Slack asks to have escaped (Slack, "Formatting text for app surfaces").
 */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
