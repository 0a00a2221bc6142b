/** What was bought. */
export interface Order {
  customer: string;
  currency: string;
  lines: Line[];
}

export interface Line {
  item: string;
  count: number;
  /** The price of one. */
  cents: number;
  /** What is taken off the line. */
  discountPercent?: number;
}

/** What a line costs, rounded to a cent, half up. */
export function sum(line: Line): number {
  return Math.round((line.count * line.cents * (100 - (line.discountPercent ?? 0))) / 100);
}

export function total(order: Order): number {
  return order.lines.reduce((all, line) => all + sum(line), 0);
}
