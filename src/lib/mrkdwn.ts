/**
 * Escapes text for Slack's mrkdwn. Mentions, links and dates are written with `&`, `<` and `>`, the only characters that
 * Slack asks to escape (Slack, "Formatting text for app surfaces").
 */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
