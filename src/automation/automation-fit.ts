import { type AutomationEvent, RELAY_EVENTS, RELAY_STATES, RUN_EVENTS } from './automation-event.ts';

/** The parts of an automation that have to fit each other. */
export interface FittedParts {
  readonly event: AutomationEvent;
  readonly scope: {
    readonly project?: string | undefined;
    readonly registry?: string | undefined;
    readonly collection?: unknown;
    readonly organization?: string | undefined;
  };
  readonly runs?: { readonly tags?: unknown } | undefined;
  readonly engine?: 'wandb' | 'relay' | undefined;
  readonly refire?: unknown;
  readonly for_points?: unknown;
  readonly resolve?: unknown;
  readonly dry_run?: unknown;
  readonly action: { readonly relay?: { readonly to: readonly { readonly wandb_stop?: unknown }[] } | undefined };
}

export interface FitProblem {
  readonly path: (string | number)[];
  readonly message: string;
}

/**
 * The most values that a window of `engine: relay` has: they are kept for each run. W&B's own limit is not known.
 */
export const MAX_RELAY_WINDOW = 10_000;

/**
 * Which event is allowed in which scope, and which field with which engine. The rules about scopes are those of W&B's Python
 * client (0.28 to 0.30).
 */
export function fitProblems(automation: FittedParts): FitProblem[] {
  const [type = '', ...others] = Object.keys(automation.event);
  // Anything but exactly one event is reported at the event itself.
  if (others.length > 0 || type === '') return [];
  const isRunEvent = RUN_EVENTS.includes(type);
  const problems = [...scopeProblems(type, isRunEvent, automation.scope), ...runFieldProblems(type, isRunEvent, automation)];
  if (!isRunEvent) return problems;
  return [...problems, ...(automation.engine === 'relay' ? relayProblems(type, automation) : wandbProblems(type, automation))];
}

function scopeProblems(type: string, isRunEvent: boolean, scope: FittedParts['scope']): FitProblem[] {
  if (type === 'create_artifact' && scope.collection === undefined) {
    return [{ path: ['scope'], message: 'create_artifact needs a collection: W&B has it for no wider scope' }];
  }
  if (isRunEvent && (isRegistry(scope) || scope.collection !== undefined || scope.organization !== undefined)) {
    return [{ path: ['scope'], message: `${type} needs a project or a team: registries, collections and organizations have no runs` }];
  }
  return [];
}

/** A registry is a project of a reserved name. */
function isRegistry(scope: FittedParts['scope']): boolean {
  return scope.registry !== undefined || scope.project?.split('/').at(-1)?.startsWith('wandb-registry-') === true;
}

/** Fields of an automation that only `engine: relay` has, and what W&B does. */
const RELAY_FIELDS = {
  refire: 'W&B fires an automation at most once for a run in 24 hours',
  for_points: 'W&B fires on the first value that meets the condition',
  resolve: 'W&B does not report that a condition has ended',
  dry_run: 'W&B cannot try an automation without its action',
} as const;

/** What only run events have. */
function runFieldProblems(type: string, isRunEvent: boolean, automation: FittedParts): FitProblem[] {
  if (isRunEvent) return [];
  const engine =
    automation.engine === 'relay' ? [{ path: ['engine'], message: `engine: relay evaluates run events only; ${type} is not one` }] : [];
  const fields = (['runs', ...Object.keys(RELAY_FIELDS)] as ('runs' | keyof typeof RELAY_FIELDS)[]).filter(
    (field) => automation[field] !== undefined,
  );
  const stops = (automation.action.relay?.to ?? []).flatMap(({ wandb_stop: stop }, i) =>
    stop === undefined
      ? []
      : [
          {
            path: ['action', 'relay', 'to', i, 'wandb_stop'],
            message: `stops the run that fired, and ${type} is about no run: it is for run events only`,
          },
        ],
  );
  return [
    ...fields.map((field) => ({ path: [field], message: `${field} is for run events only; ${type} is not one` })),
    ...engine,
    ...stops,
  ];
}

const ADD_ENGINE = 'add "engine: relay", so that the receiver evaluates it';

/** What W&B cannot evaluate. */
function wandbProblems(type: string, automation: FittedParts): FitProblem[] {
  const event = ['event', type];
  if (RELAY_EVENTS.includes(type)) return [{ path: event, message: `W&B has no such event: ${ADD_ENGINE}` }];
  const fields = (Object.keys(RELAY_FIELDS) as (keyof typeof RELAY_FIELDS)[]).filter((field) => automation[field] !== undefined);
  const { run_metric_zscore: zscore, run_state: state } = automation.event;
  return [
    ...fields.map((field) => ({ path: [field], message: `needs "engine: relay": ${RELAY_FIELDS[field]}` })),
    ...(zscore?.over === undefined
      ? []
      : [{ path: [...event, 'over'], message: 'needs "engine: relay": W&B decides itself what the mean is taken of' }]),
    ...(state?.states ?? []).flatMap((one, i) => stateProblem(one, [...event, 'states', i])),
    ...(['grace', 'longer_than'] as const)
      .filter((word) => state?.[word] !== undefined)
      .map((word) => ({ path: [...event, word], message: `needs "engine: relay": W&B fires as soon as a run has the state` })),
    ...(automation.runs?.tags === undefined
      ? []
      : [
          {
            path: ['runs', 'tags'],
            message: 'needs "engine: relay". For W&B write the filter itself, such as filter: { tags: { $in: [prod] } }',
          },
        ]),
  ];
}

/** What W&B does with states that are no choice of its own (W&B documentation). */
function stateProblem(state: string, path: FitProblem['path']): FitProblem[] {
  if (!(RELAY_STATES as readonly string[]).includes(state)) return [];
  if (state === 'crashed') {
    return [{ path, message: `W&B counts a crashed run as failed: write failed, or ${ADD_ENGINE}` }];
  }
  return [{ path, message: `a ${state} run triggers nothing in W&B: ${ADD_ENGINE}. W&B's states are running, finished, failed` }];
}

/** The states that end by themselves, for which there is a grace. */
const MAY_COME_BACK: readonly string[] = ['crashed', 'preempted'];

/** What the relay's own engine needs. */
function relayProblems(type: string, { event, action, for_points }: FittedParts): FitProblem[] {
  const needsRelay =
    action.relay === undefined
      ? [
          {
            path: ['action'],
            message: 'engine: relay needs a relay action, because W&B does not know the automation: write relay: { to: [ … ] }',
          },
        ]
      : [];
  const hasPoints = type.startsWith('run_metric');
  const points =
    for_points !== undefined && !hasPoints
      ? [{ path: ['for_points'], message: `counts values of a metric, and ${type} has none${type === 'run_state' ? ': use grace' : ''}` }]
      : [];
  const { run_state: state } = event;
  const grace =
    state?.grace !== undefined && !state.states.some((one) => MAY_COME_BACK.includes(one))
      ? [
          {
            path: ['event', type, 'grace'],
            message: 'is for runs that come back: add crashed to the states, or preempted, or leave it out',
          },
        ]
      : [];
  return [...needsRelay, ...points, ...grace, ...windowProblems(type, event)];
}

function windowProblems(type: string, event: AutomationEvent): FitProblem[] {
  const { run_metric: threshold, run_metric_change: change, run_metric_zscore: zscore, run_metric_stall: stall } = event;
  const windows = {
    window: (threshold ?? change ?? zscore ?? stall)?.window,
    prior_window: change?.prior_window,
  };
  const long = Object.entries(windows).flatMap(([word, window]) =>
    window !== undefined && window > MAX_RELAY_WINDOW
      ? [
          {
            path: ['event', type, word],
            message: `must be at most ${MAX_RELAY_WINDOW} with engine: relay: its values are kept for each run`,
          },
        ]
      : [],
  );
  const short =
    zscore?.window === 1 ? [{ path: ['event', type, 'window'], message: 'must be at least 2: one value has no deviation' }] : [];
  return [...long, ...short];
}
