import { type Command, InvalidArgumentError } from 'commander';
import type { AdminTarget } from './admin-access.ts';
import type { Decision } from './deliveries.ts';
import type { CommandIo, ExitCode } from './output.ts';

const deliveries = () => import('./deliveries.ts');

export interface TargetFlags {
  readonly url?: string;
  readonly source?: string;
  readonly tokenFile?: string;
}

export function targetOf({ url, source, tokenFile }: TargetFlags): AdminTarget {
  return { url, source, tokenFile };
}

/** The options that say which receiver a command is about. */
export function withTarget(command: Command): Command {
  return command
    .option('--url <url>', 'a running receiver, such as https://relay.example.com; RELAY_ADMIN_TOKEN is its admin token')
    .option('--token-file <file>', 'with --url: a file with the token, instead of RELAY_ADMIN_TOKEN')
    .option('--source <name>', 'with --url, on Workers: the source that is asked');
}

/** The commands about a receiver's store: the one whose database is here, or one that runs elsewhere. */
export function addStoreCommands(program: Command, io: CommandIo, run: (work: () => Promise<ExitCode>) => Promise<void>): void {
  const command = (name: string, description: string) => withTarget(program.command(name).description(description));
  command('deliveries', 'list deliveries, or show one with all its attempts')
    .argument('[id]', 'one delivery')
    .option('--state <state...>', 'only these, such as dead or pending')
    .option('--since <duration>', 'only the newer ones, such as 24h')
    .option('--limit <n>', 'how many at the most', readLimit, 50)
    .option('--json', 'print JSON', false)
    .action((id: string | undefined, options: TargetFlags & { state?: string[]; since?: string; limit: number; json: boolean }) =>
      run(async () =>
        id === undefined
          ? (await deliveries()).listDeliveries(io, {
              ...targetOf(options),
              states: options.state ?? [],
              since: options.since,
              limit: options.limit,
              json: options.json,
            })
          : (await deliveries()).showDelivery(io, id, { ...targetOf(options), json: options.json }),
      ),
    );
  command('events', 'list events and their outcomes, or show one with its body')
    .argument('[id]', 'one event')
    .option('--unmatched', 'only events that matched no route', false)
    .option('--type <type>', 'only this type, such as unknown')
    .option('--limit <n>', 'how many at the most', readLimit, 50)
    .option('--json', 'print JSON', false)
    .action((id: string | undefined, options: TargetFlags & { unmatched: boolean; type?: string; limit: number; json: boolean }) =>
      run(async () => {
        const events = await import('./events.ts');
        return id === undefined
          ? events.listEvents(io, { ...options, ...targetOf(options), type: options.type })
          : events.showEvent(io, id, { ...targetOf(options), json: options.json });
      }),
    );
  command('where', 'show which version has an alias, since when, and which one is deployed')
    .argument('[collection]', 'such as resnet50, or acme/train/resnet50')
    .option('--alias <name>', 'only this alias, such as production')
    .option(
      '--verify',
      "ask W&B's API which version has each alias, and correct what is known; of entity/project/collection all aliases",
      false,
    )
    .option('--json', 'print JSON', false)
    .action((collection: string | undefined, options: TargetFlags & { alias?: string; verify: boolean; json: boolean }) =>
      run(async () => (await import('./where.ts')).where(io, collection, { ...options, ...targetOf(options), alias: options.alias })),
    );
  command('automations', 'show what the relay itself evaluates (engine: relay): when, what fired, and the current values')
    .option('--json', 'print JSON', false)
    .action((options: TargetFlags & { json: boolean }) =>
      run(async () => (await import('./automations.ts')).listAutomations(io, { ...targetOf(options), json: options.json })),
    );
  command('rejected', 'list authentic requests that could not be read')
    .option('--json', 'print JSON', false)
    .action((options: TargetFlags & { json: boolean }) =>
      run(async () => (await import('./events.ts')).listRejected(io, { ...targetOf(options), json: options.json })),
    );
  command('replay', 'send finished deliveries again')
    .argument('[id...]', 'the deliveries')
    .option('--state <state...>', 'all in this state, such as dead')
    .option('--since <duration>', 'only the newer ones, such as 24h')
    .option('--dry-run', 'only say which', false)
    .option('--as <name>', 'who does it, such as ada')
    .action((ids: string[], options: TargetFlags & { state?: string[]; since?: string; dryRun: boolean; as?: string }) =>
      run(async () =>
        (await deliveries()).replay(io, ids, {
          ...targetOf(options),
          states: options.state ?? [],
          since: options.since,
          dryRun: options.dryRun,
          as: options.as,
        }),
      ),
    );
  const decisions: [Decision, string][] = [
    ['approve', 'release deliveries that await approval'],
    ['reject', 'reject deliveries that await approval: all that their routes hold for their events'],
    ['cancel', 'cancel deliveries that are not sent yet, or discard failed ones'],
  ];
  for (const [decision, description] of decisions) {
    const decides = command(decision, description).argument('<id...>', 'the deliveries').option('--as <name>', 'who decides, such as ada');
    if (decision !== 'cancel') decides.option('--reason <text>', 'why; it is kept and shown');
    decides.action((ids: string[], options: TargetFlags & { as?: string; reason?: string }) =>
      run(async () => (await deliveries()).decide(io, decision, ids, { ...targetOf(options), as: options.as, reason: options.reason })),
    );
  }
  for (const [what, description] of [
    ['pause', 'send nothing of everything, a route or a credential until somebody resumes it; events are still accepted'],
    ['resume', 'send again what was paused'],
  ] as const) {
    const changes = command(what, description)
      .option('--route <name>', 'only this route')
      .option('--credential <name>', 'only what uses this credential, such as slack:#ml-ops')
      .option('--as <name>', 'who does it, such as ada');
    if (what === 'pause') changes.option('--reason <text>', 'why; it is kept and shown');
    changes.action((options: TargetFlags & { route?: string; credential?: string; as?: string; reason?: string }) =>
      run(async () => {
        const { route, credential, as, reason } = options;
        return (await import('./pauses.ts')).changePause(io, what, { ...targetOf(options), route, credential, as, reason });
      }),
    );
  }
  for (const [what, description] of [
    ['mute', "send no messages of a route about an event's subject for a time"],
    ['unmute', "send messages of a route about an event's subject again, after mute"],
  ] as const) {
    const mutes = command(what, description).argument('<event>', 'the event').requiredOption('--route <name>', 'the route');
    if (what === 'mute') mutes.option('--for <duration>', 'for how long, such as 8h', '8h');
    mutes
      .option('--as <name>', 'who does it, such as ada')
      .action((event: string, options: TargetFlags & { route: string; for?: string; as?: string }) =>
        run(async () => {
          const { route, for: time, as } = options;
          return (await import('./mute.ts')).changeMute(io, event, { ...targetOf(options), route, for: time, as });
        }),
      );
  }
  command('rollback', 'deploy the version again that was deployed before')
    .argument('<collection>', 'such as resnet50, or acme/train/resnet50')
    .requiredOption('--alias <name>', 'such as production')
    .option('--to <version>', 'another version that was deployed, such as v11')
    .option('--as <name>', 'who asks for it, such as ada')
    .action((collection: string, options: TargetFlags & { alias: string; to?: string; as?: string }) =>
      run(async () =>
        (await import('./rollback.ts')).rollback(io, collection, {
          ...targetOf(options),
          alias: options.alias,
          to: options.to,
          as: options.as,
        }),
      ),
    );
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return limit;
}
