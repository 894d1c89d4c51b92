/** Of the environment: names and values. */
export type Variables = Readonly<Record<string, string | undefined>>;

export const DEFAULT_CONFIG_PATH = 'wandb-relay.yaml';

/** The config file: RELAY_CONFIG, else the default. For commands that read nothing else of the environment. */
export function configPathFrom(variables: Variables): string {
  return blankToUndefined(variables.RELAY_CONFIG) ?? DEFAULT_CONFIG_PATH;
}

/** A variable without the space around its value; one without anything else counts as not set. */
export function blankToUndefined(text: string | undefined): string | undefined {
  const value = text?.trim();
  return value === '' ? undefined : value;
}
