import type { Receiver } from '@slack/bolt/dist/types/index.js';
import type { Hono } from 'hono';
import { messageOf } from '../../src/lib/error-message.ts';
import type { NewId } from '../../src/lib/id.ts';
import type { Network } from '../../src/network/proxied-network.ts';
import type { Route } from '../../src/route/route.ts';
import type { RequestVariables } from '../http/request-log.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import type { RollBack } from '../webhook/roll-back.ts';
import type { ModalView } from './blocks.ts';
import { BoltApp, classOf } from './bolt.ts';
import { boltLog, cleaned } from './bolt-log.ts';
import { webClientOptions } from './client.ts';
import type { RenderHome } from './home.ts';
import { honoReceiver } from './hono-receiver.ts';
import type { Installation } from './installation.ts';
import { listenToInstallation } from './installation-events.ts';
import { listen } from './listeners.ts';
import type { People } from './may-decide.ts';
import { members } from './members.ts';
import { onlyOnce } from './once.ts';
import { keepConnected } from './socket-mode.ts';
import { listenToLinks } from './unfurl-listener.ts';
import { userGroups } from './user-groups.ts';

export interface SlackAppOptions extends Pick<Runtime, 'now' | 'fetch' | 'log' | 'redactor'> {
  readonly botToken: string;
  /** How Slack reaches us: over HTTP, signed, or over a connection of ours (Socket Mode). */
  readonly connection: { readonly signingSecret: string } | { readonly appToken: string };
  /** Slack's Web API: `https://slack.com/api`. */
  readonly apiUrl: string;
  readonly store: Store;
  /** Shared with what sends to Slack. */
  readonly installation: Installation;
  readonly people: () => People;
  /** For links; see `Handling`. */
  readonly githubUrl: string;
  /** For `/wandb-relay simulate`, and because people whom they name may read. */
  readonly routes: () => readonly Route[];
  readonly home: RenderHome;
  /** The address of W&B's app, whose links get what is known about them; `undefined`: none do. */
  readonly unfurl?: () => string | undefined;
  readonly rollBack: RollBack;
  /** Called after something was written that may have to be sent. */
  readonly wake: () => void;
  /** What Socket Mode's connection is opened with; left out: nothing stands in between. */
  readonly dispatcher?: Network['dispatcher'];
  readonly newId: NewId;
  /** Milliseconds; for tests. See `honoReceiver` and `keepConnected`. */
  readonly ackTimeoutMs?: number;
  readonly firstWaitMs?: number;
}

/** The app as a part of a receiver. */
export interface SlackApp {
  readonly path: '/slack';
  /** `POST /slack/events`; in Socket Mode there is none. */
  readonly routes?: Hono<RequestVariables>;
  /** What a person should know and do, for `/readyz`. */
  details(): readonly string[];
  /** Connects in Socket Mode, without waiting for it. Never rejects. */
  start(): Promise<void>;
  /** Takes no more, and waits for what was begun. */
  stop(): Promise<void>;
}

/** Before Socket Mode is tried again. Milliseconds. */
const FIRST_WAIT_MS = 1_000;
/** Longest call to Slack. Milliseconds. */
const CALL_TIMEOUT_MS = 5_000;

/** The Slack app: what people press, type and open in Slack, over HTTP or Socket Mode. Nothing is called at the start. */
export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { connection } = options;
  if ('appToken' in connection) return overSocketMode(options, connection.appToken);
  const { now, log, store, redactor, ackTimeoutMs } = options;
  const { routes, receiver } = honoReceiver({
    signingSecret: connection.signingSecret,
    store,
    now,
    log,
    redactor,
    ...(ackTimeoutMs === undefined ? {} : { ackTimeoutMs }),
  });
  const { finished } = boltApp(options, receiver);
  return { path: '/slack', routes, details: () => [], start: () => Promise.resolve(), stop: finished };
}

function overSocketMode(options: SlackAppOptions, appToken: string): SlackApp {
  const { log, redactor } = options;
  const redact = redactor.text;
  let stop = (): Promise<void> => Promise.resolve();
  let trouble = (): string | undefined => undefined;
  return {
    path: '/slack',
    details: () => [trouble()].filter((text) => text !== undefined),
    start: async () => {
      try {
        // Only now, because it brings a WebSocket with it.
        const loaded = await import('@slack/bolt/dist/receivers/SocketModeReceiver.js');
        const SocketModeReceiver = classOf(loaded.default);
        const dispatcher = await options.dispatcher?.();
        const receiver = new SocketModeReceiver({
          appToken,
          logger: boltLog(log, redact),
          autoReconnectEnabled: false,
          ...(dispatcher === undefined ? {} : { dispatcher }),
          installerOptions: { clientOptions: clientOptions(options) },
        });
        const { finished } = boltApp(options, receiver);
        const connection = keepConnected(receiver.client, { log, redactor, firstWaitMs: options.firstWaitMs ?? FIRST_WAIT_MS });
        stop = async () => {
          await connection.stop();
          await finished();
        };
        trouble = connection.trouble;
        connection.start();
      } catch (error) {
        log.error({ error: cleaned(messageOf(error), redact) }, 'slack: Socket Mode could not be started');
      }
    },
    stop: () => stop(),
  };
}

function boltApp(options: SlackAppOptions, receiver: Receiver): { finished: () => Promise<void> } {
  const { botToken, log, now, redactor, store } = options;
  const app = new BoltApp({
    receiver,
    // Given, so that nothing is asked of Slack before somebody does something.
    authorize: async () => ({ botToken }),
    convoStore: false,
    logger: boltLog(log, redactor.text),
    clientOptions: clientOptions(options),
  });
  app.error(async (error) => log.error({ error: cleaned(messageOf(error), redactor.text) }, 'slack: a listener failed'));
  const working = new Set<Promise<void>>();
  app.use(async ({ next }) => {
    const work = next();
    working.add(work);
    try {
      await work;
    } finally {
      working.delete(work);
    }
  });
  onlyOnce(app, store, now);
  const handling = {
    store,
    get people() {
      return options.people();
    },
    askGroups: userGroups(app.client, botToken, now, redactor.text),
    askMember: members(app.client, botToken, now, redactor.text),
    githubUrl: options.githubUrl,
    get routes() {
      return options.routes();
    },
    redactJson: redactor.json,
    newId: options.newId,
    rollBack: options.rollBack,
    openForm: async (triggerId: string, view: ModalView) => {
      await app.client.views.open({ token: botToken, trigger_id: triggerId, view });
    },
    wake: options.wake,
    now,
    log,
  };
  if (options.unfurl !== undefined) listenToLinks(app, { handling, botToken, wandbAppUrl: options.unfurl, redact: redactor.text });
  listenToInstallation(app, { installation: options.installation, botToken, log, redactor });
  listen(app, { handling, home: options.home, botToken, redact: redactor.text });
  return {
    finished: async () => {
      await Promise.allSettled(working);
    },
  };
}

/** Every call once and for a limited time; so are the answers to what was pressed, which Bolt sends without a limit. */
function clientOptions({ apiUrl, fetch, redactor }: SlackAppOptions): ReturnType<typeof webClientOptions> {
  const common = webClientOptions({ apiUrl: `${apiUrl.replace(/\/+$/, '')}/`, fetch, redact: redactor.text });
  return {
    ...common,
    timeout: CALL_TIMEOUT_MS,
    fetch: (url, init) => common.fetch(url, { ...init, signal: init?.signal ?? AbortSignal.timeout(CALL_TIMEOUT_MS) }),
  };
}
