/** 1234 as `12.34 €`. */
export function money(cents: number, currency: string): string {
  const sign = { EUR: "€", USD: "$", GBP: "£" }[currency] ?? currency;
  return `${(cents / 100).toFixed(2)} ${sign}`;
}
