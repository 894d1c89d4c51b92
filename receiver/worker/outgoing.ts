import type { Environment } from '../environment.ts';
import { type ConnectionPool, limitConnections } from './connections.ts';
import { tellingNeverSent } from './reachable.ts';
import { countSubrequests, type Subrequests } from './subrequests.ts';

/** What Cloudflare gives an object (Cloudflare documentation, "Workers: limits"). */
export interface Platform {
  readonly fetch: typeof globalThis.fetch;
  /** Requests that one invocation may make: 50 on Workers Free, 10,000 on Workers Paid. */
  readonly subrequests: number;
}

/** The limit of Workers Free holds on every plan: where more is allowed, more alarms come than have to. */
export const CLOUDFLARE: Platform = {
  // The runtime's own insists on being called as a function of nothing.
  fetch: (input, init) => fetch(input, init),
  subrequests: 50,
};

/** Who an object talks to. */
export type Service = 'github' | 'slack' | 'wandb';

/** An object has six connections: two are Slack's, and GitHub has the others, of which one is W&B's when it is asked. */
const SLACK_CONNECTIONS = 2;
const OTHER_CONNECTIONS = 4;

/** So many deliveries are under way at once: more would use up the time of their attempts waiting for a connection. */
export const CONCURRENCY = { github: OTHER_CONNECTIONS, slack: SLACK_CONNECTIONS } as const;

export interface OutgoingOptions {
  readonly platform: Platform;
  readonly environment: Pick<Environment, 'slack' | 'wandbApiKey' | 'wandbBaseUrl'>;
  readonly now: () => number;
  /** Called before something is sent to GitHub that changes something there. Never rejects. */
  readonly beforeGitHub: () => Promise<void>;
  /** See `SubrequestOptions`. */
  readonly askForInvocation: () => void;
}

/** The way from an object to every service, within Cloudflare's limits. */
export function outgoing({ platform, environment, now, beforeGitHub, askForInvocation }: OutgoingOptions): Subrequests {
  const service = serviceOf(environment);
  const counted = countSubrequests({ fetch: platform.fetch, limit: platform.subrequests, askForInvocation });
  const told = tellingNeverSent(limitConnections(counted.fetch, service, poolsFor(environment)), now);
  return {
    ...counted,
    fetch: async (input, init) => {
      const changes = init?.method !== undefined && init.method !== 'GET';
      if (changes && service(input instanceof Request ? input.url : String(input)) === 'github') await beforeGitHub();
      return told(input, init);
    },
  };
}

function poolsFor({ wandbApiKey }: OutgoingOptions['environment']): ConnectionPool<Service>[] {
  const others =
    wandbApiKey === undefined ? { github: OTHER_CONNECTIONS } : { github: OTHER_CONNECTIONS - 1, wandb: OTHER_CONNECTIONS - 1 };
  return [
    { size: SLACK_CONNECTIONS, most: { slack: SLACK_CONNECTIONS } },
    { size: OTHER_CONNECTIONS, most: others },
  ];
}

/** By where a request goes. Slack names addresses of its own for answers to what was pressed. */
function serviceOf({ slack, wandbBaseUrl }: OutgoingOptions['environment']): (url: string) => Service {
  const slackOrigin = slack === undefined ? undefined : new URL(slack.apiUrl).origin;
  const wandbOrigin = new URL(wandbBaseUrl).origin;
  return (url) => {
    const { origin, hostname } = new URL(url);
    if (origin === slackOrigin || hostname.endsWith('.slack.com')) return 'slack';
    return origin === wandbOrigin ? 'wandb' : 'github';
  };
}
