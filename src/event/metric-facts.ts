/** What a metric event says in numbers. Fields that it does not say are absent. */
export type MetricFacts = {
  /** The latest of `values`. */
  readonly value?: number;
  /** What W&B compared: the values of the window, or the one before and the one now. */
  readonly values?: number[];
  /** The limit of the automation; of a relative change and of a duration as it is written in the config: `25%`, `30m`. */
  readonly threshold?: number | string;
  /** The word of the config: `above`, `increases_by`, … */
  readonly comparison?: string;
  readonly aggregate?: string;
  /** How many values. */
  readonly window?: number;
  /** How many standard deviations the value is from the mean. */
  readonly zscore?: number;
  /** What was logged instead of a number. */
  readonly nonfinite?: NonFinite;
};

/** The numbers that JSON does not have, as W&B writes them. */
export const NON_FINITE = ['NaN', 'Infinity', '-Infinity'] as const;
export type NonFinite = (typeof NON_FINITE)[number];

/** The fields of `MetricFacts`, as they are called in templates and in the payload. */
export const METRIC_FIELDS = ['value', 'values', 'threshold', 'comparison', 'aggregate', 'window', 'zscore', 'nonfinite'] as const;

/** The literals of a relay payload that say what an automation watches. Payloads of before did not have them. */
export type MetricLiterals = Pick<MetricFacts, 'aggregate' | 'window' | 'comparison' | 'threshold'>;
export const METRIC_LITERALS = ['aggregate', 'window', 'comparison', 'threshold'] as const satisfies readonly (keyof MetricLiterals)[];
