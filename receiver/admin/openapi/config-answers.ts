import * as z from 'zod';

/** What the admin API answers about the config, and what its own engine does with it. See `answers.ts`. */

const place = z
  .object({ file: z.string(), line: z.int() })
  .nullable()
  .meta({ description: 'Where it is configured; `null`: not known', examples: [{ file: 'wandb-relay.yaml', line: 12 }] });
const at = z.int().nullable().meta({ description: 'Milliseconds since 1970; `null`: never' });

export const routes = z.object({
  routes: z.array(
    z
      .object({
        name: z.string().meta({ examples: ['deploy'] }),
        place,
        conditions: z
          .array(z.object({ field: z.string(), anyOf: z.array(z.string()) }))
          .meta({ description: 'All must hold', examples: [[{ field: 'alias', anyOf: ['"production"'] }]] }),
        targets: z.array(z.string()).meta({ examples: [['repository_dispatch:acme/deploy']] }),
        order: z.enum(['fifo', 'latest']),
        cooldownMs: z.int(),
        approval: z.object({ channel: z.string(), expiresMs: z.int(), approvals: z.int() }).nullable(),
      })
      .meta({ id: 'Route', description: 'A route of the config in use' }),
  ),
});

const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
const firing = z
  .object({
    run: z.string(),
    displayName: z.string(),
    at: z.int(),
    step: z.number().nullable(),
    value: number.nullable(),
    shown: z.string().nullable(),
    resolved: z.boolean().meta({ description: 'The condition had ended' }),
  })
  .meta({ id: 'Firing', description: 'When an automation fired' });

export const automations = z.object({
  automations: z
    .array(
      z.object({
        name: z.string(),
        project: z.string().meta({ examples: ['acme/train'] }),
        event: z.string().nullable(),
        condition: z
          .string()
          .nullable()
          .meta({ examples: ['average of 5 values of loss above 8'] }),
        dryRun: z.boolean(),
        firstSeenAt: z.int().meta({ description: 'Since when it is evaluated. Milliseconds since 1970' }),
        lastEvaluatedAt: at,
        lastFiredAt: at,
        lastFiring: firing.nullable(),
        current: z
          .object({
            run: z.string(),
            displayName: z.string(),
            value: number,
            shown: z.string(),
            at: z.int(),
            isMet: z.boolean(),
          })
          .nullable(),
        metricLogged: z.boolean().nullable(),
        runs: z.int().meta({ description: 'How many runs it looks at' }),
        dryFirings: z.array(firing),
      }),
    )
    .meta({ description: 'What the relay’s own engine knows of each, per project' }),
  projects: z.array(z.object({ project: z.string(), readAt: at, problem: z.string().nullable() })),
  configured: z
    .array(
      z.object({
        name: z.string(),
        engine: z.enum(['wandb', 'relay']),
        event: z.string(),
        scope: z.string().meta({ examples: ['project acme/train'] }),
        enabled: z.boolean(),
        dryRun: z.boolean(),
        place,
      }),
    )
    .meta({ description: 'All automations of the config' }),
});

export const simulation = z.object({
  ping: z.boolean().meta({ description: 'It is what W&B’s Test button sends: it starts nothing' }),
  event: z.looseObject({ type: z.string() }).nullable().meta({ description: 'How it was understood' }),
  detail: z.string().meta({ description: 'What the receiver’s answer would say' }),
  routes: z.array(
    z.object({
      route: z.string(),
      matches: z.boolean(),
      why: z.array(z.string()).meta({ description: 'Why it does not match' }),
      held: z.boolean().meta({ description: 'Dispatches wait for an approval' }),
      approvalChannel: z.string().optional(),
      requests: z.array(
        z.object({
          id: z.string().meta({ description: 'Made up: nothing is stored' }),
          target: z.string(),
          request: z.looseObject({}).optional().meta({ description: 'As it would leave, without credentials' }),
          problem: z.string().optional().meta({ description: 'Why there is none' }),
        }),
      ),
    }),
  ),
});
