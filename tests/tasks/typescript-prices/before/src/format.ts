/** Writes an amount in the smallest unit of its currency, such as cents, for people. */
export function format(amount: number): string {
  return `$${(amount / 100).toFixed(2)}`;
}
