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
}

export function sum(line: Line): number {
  return line.count * line.cents;
}

export function total(order: Order): number {
  return order.lines.reduce((all, line) => all + sum(line), 0);
}
