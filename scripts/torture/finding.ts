export interface Finding {
  /** An event, a delivery, or a receiver. */
  readonly id: string;
  readonly what: string;
}
