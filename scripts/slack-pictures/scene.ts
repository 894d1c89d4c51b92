/** What a picture shows. Its messages are made by the product's own code. */
export type Scene = MessageScene | HomeScene | ModalScene;

interface Named {
  /** Of the file: `docs/pictures/slack-NAME.png`, and `slack-NAME-phone.png`. */
  readonly name: string;
  /** What can be seen, for those who cannot see it. */
  readonly shows: string;
}

export interface MessageScene extends Named {
  readonly kind: 'messages';
  /** `#ml-deploys` */
  readonly channel: string;
  /** Oldest first. The lock screen shows the last one that notifies. */
  readonly messages: readonly SceneMessage[];
}

export interface SceneMessage {
  readonly text: string;
  readonly blocks: readonly object[];
  /** A reply in the thread, perhaps also sent to the channel; left out: a message of the channel. */
  readonly reply?: 'thread' | 'channel';
  /** When it was posted, in milliseconds since 1970; default: the picture's present. */
  readonly at?: number;
  /** False: an edit, which notifies nobody. */
  readonly notifies?: boolean;
  /** Slack marks it as edited. */
  readonly edited?: boolean;
  /** The only person who sees it: `you`. */
  readonly onlyFor?: string;
}

export interface HomeScene extends Named {
  readonly kind: 'home';
  readonly view: { readonly blocks: readonly object[] };
}

export interface ModalScene extends Named {
  readonly kind: 'modal';
  readonly view: { readonly blocks: readonly object[]; readonly title: unknown; readonly submit?: unknown; readonly close?: unknown };
}
