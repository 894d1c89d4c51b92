/** The channel by which conversations are told apart: `#ml-deploys` and `ml-deploys` are one. */
export function channelKey(channel: string): string {
  return channel.replace(/^#/, '');
}

export function isSameChannel(one: string, other: string): boolean {
  return channelKey(one) === channelKey(other);
}
