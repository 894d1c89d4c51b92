import * as z from 'zod';
import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { nameToEraseProblem } from '../../src/lib/erase-name.ts';
import { isSourceName } from '../webhook/source-name.ts';
import { readBodyAs } from './requests.ts';

/** What may be asked of the admin API besides what `requests.ts` has: pauses and simulations. */

const name = z
  .string()
  .min(1, 'must be a name')
  .max(300, 'may have at most 300 characters')
  .meta({ examples: ['deploy'] });
const scope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('everything') }),
  z.strictObject({ kind: z.enum(['route', 'credential']), name }),
]);
export const pauseBody = z.strictObject({
  do: z.enum(['pause', 'resume'], 'must be pause or resume'),
  scope: scope.meta({ description: 'Of what', examples: [{ kind: 'route', name: 'deploy' }] }),
  by: z
    .string()
    .optional()
    .meta({ description: 'Who does it. May be left out with a named token', examples: ['ada'] }),
  reason: z.string().max(2_000, 'may have at most 2,000 characters').optional().meta({ description: 'Why. It is kept and shown' }),
});

export const eraseBody = z.strictObject({
  names: z
    .array(z.string().refine((text) => nameToEraseProblem(text) === undefined, { error: ({ input }) => nameToEraseProblem(String(input)) }))
    .min(1, 'must have a name')
    .max(20, 'may have at most 20 names')
    .meta({ description: 'Everything that the person is called: W&B user name, e-mail address, Slack id', examples: [['ada', 'U012ABC']] }),
  pseudonym: z
    .string()
    .regex(/^erased-[0-9a-f]{4,16}$/, 'must be such as erased-1a2b3c4d')
    .optional()
    .meta({
      description: 'What takes their place. Left out: a new one, which the answer has. Send it with every `cursor`',
      examples: ['erased-1a2b3c4d'],
    }),
  dry_run: z.boolean().default(false).meta({ description: 'Only count' }),
  cursor: z.string().max(2_000, 'must be the "next" of another answer').optional().meta({ description: 'The `next` of another answer' }),
  by: z
    .string()
    .optional()
    .meta({ description: 'Who does it. May be left out with a named token', examples: ['ada'] }),
});

export const readEraseBody = (text: string) => readBodyAs(eraseBody, text);

export const readPauseBody = (text: string) => readBodyAs(pauseBody, text);

export const simulateBody = z.strictObject({
  body: z
    .unknown()
    .refine((value) => value !== undefined, 'is missing: the body as W&B would send it')
    .meta({
      description: 'The body of a webhook, as W&B would send it',
      examples: [{ event_type: 'add_artifact_alias', alias: 'production' }],
    }),
  source: z
    .string()
    .refine(isSourceName, 'has lower-case letters, digits and - only')
    .default(DEFAULT_SOURCE)
    .meta({ description: 'As if it came to `/webhooks/wandb/SOURCE`', examples: ['prod'] }),
});

/** Whoever sends it is added to every body. It changes nothing, so it does not matter who it is. */
export const readSimulateBody = (text: string) => readBodyAs(simulateBody.extend({ by: z.unknown() }), text);
