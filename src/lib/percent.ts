/**
 * Percentages in the form of the config: `25%` for the fraction 0.25.
 *
 * Both functions move the decimal point in the digits and never multiply, because 33.3 / 100 is not 0.333 in binary floating
 * point, and W&B's client sends the fraction as it was typed.
 */

/** The fraction of a percentage: `33.3%` is 0.333. */
export function parsePercent(text: string): number {
  return Number(`${text.slice(0, -1)}e-2`);
}

/** The percentage of a positive fraction, without an exponent: 0.333 is `33.3%`, 1e-7 is `0.00001%`. */
export function formatPercent(fraction: number): string {
  const [mantissa = '', exponent = '0'] = fraction.toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + 3;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}%`;
  if (point >= digits.length) return `${digits}${'0'.repeat(point - digits.length)}%`;
  return `${digits.slice(0, point)}.${digits.slice(point)}%`;
}
