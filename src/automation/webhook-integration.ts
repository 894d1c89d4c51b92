import * as z from 'zod';

/**
 * A webhook integration of the team. `apply` creates it if it is missing.
 * Limits of the name: `CreateGenericWebhookIntegrationInput` in the W&B client's generated types, 0.30.0.
 */
export const webhookIntegrationSchema = z.strictObject({
  name: z
    .string()
    .max(64, 'must be at most 64 characters')
    .regex(/^[-\w]+( +[-\w]+)*$/, 'must be letters, digits, "_" and "-", with spaces between words only'),
  url: z
    .string()
    .refine((url) => /^https?:\/\//i.test(url) && URL.canParse(url), 'must be a URL that begins with https:// or http://')
    .describe('Where W&B sends its webhooks'),
  access_token_secret: z.string().min(1, 'must not be empty').optional().describe('The name of a team secret at W&B, not its value'),
  secret: z.string().min(1, 'must not be empty').optional().describe('The name of a team secret at W&B, not its value'),
});

export const integrationsSchema = z.strictObject({ webhooks: z.array(webhookIntegrationSchema).optional() });

export type WebhookIntegration = z.infer<typeof webhookIntegrationSchema>;
