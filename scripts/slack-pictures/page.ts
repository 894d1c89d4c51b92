import { type Html, html, NOTHING } from '../../src/lib/safe-html.ts';
import { blocksHtml, textHtml } from './blocks-html.ts';
import { mrkdwnPlain, type Reader } from './mrkdwn-html.ts';
import type { ModalScene, Scene, SceneMessage } from './scene.ts';
import { STYLES } from './styles.ts';

/** The page that is photographed: what the lock screen says, and below it what Slack shows. Nothing in it is loaded or runs. */
export function pageOf(scene: Scene, reader: Reader): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  const page = html`<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}"><title>${scene.name}</title><style>${{ html: STYLES }}</style></head>
<body><main>${sceneHtml(scene, reader)}</main></body></html>`;
  return page.html;
}

function sceneHtml(scene: Scene, reader: Reader): Html {
  switch (scene.kind) {
    case 'home':
      return html`<section class="home">${blocksHtml(scene.view.blocks, reader)}</section>`;
    case 'modal':
      return modalHtml(scene.view, reader);
    case 'messages': {
      const last = scene.messages.findLast(({ notifies }) => notifies !== false);
      const lock = last === undefined ? NOTHING : lockScreen(last, scene.channel, reader);
      return html`${lock}${scene.messages.map((message) => messageHtml(message, reader))}`;
    }
  }
}

/** What people read before they open Slack: the message's `text`, without formatting. */
function lockScreen({ text }: SceneMessage, channel: string, reader: Reader): Html {
  return html`<div class="lock"><b>SLACK · ${channel}</b><br>wandb-relay: ${mrkdwnPlain(text, reader)}</div>`;
}

const WHERE: Readonly<Record<NonNullable<SceneMessage['reply']>, string>> = {
  thread: 'in the thread',
  channel: 'in the thread, and also sent to the channel',
};

function messageHtml({ text, blocks, reply, at, onlyFor, edited }: SceneMessage, reader: Reader): Html {
  const where = reply === undefined ? NOTHING : html`<div class="where">${WHERE[reply]}</div>`;
  const only = onlyFor === undefined ? NOTHING : html`<div class="where">Only visible to ${onlyFor}</div>`;
  const shown = blocks.length > 0 ? blocksHtml(blocks, reader) : blocksHtml([{ type: 'section', text: { type: 'mrkdwn', text } }], reader);
  const time = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', hour: 'numeric', minute: '2-digit' }).format(at ?? reader.now);
  const mark = edited === true ? html`<span class="edited">(edited)</span>` : NOTHING;
  return html`<article class="${reply === undefined ? 'head' : 'reply'}">${where}${only}<div class="message"><div class="avatar">W</div>
<div class="body"><div class="name">wandb-relay <span class="app">APP</span> <span class="time">${time}</span></div>${shown}${mark}</div></div></article>`;
}

function modalHtml(view: ModalScene['view'], reader: Reader): Html {
  const button = (text: unknown, style: string): Html =>
    text === undefined ? NOTHING : html`<span class="button ${style}">${textHtml(text, reader)}</span>`;
  return html`<section class="modal"><div class="title"><b>${textHtml(view.title, reader)}</b></div>
<div class="inside">${blocksHtml(view.blocks, reader)}</div>
<div class="foot">${button(view.close, '')}${button(view.submit, 'primary')}</div></section>`;
}
