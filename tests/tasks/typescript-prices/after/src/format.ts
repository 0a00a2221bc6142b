/** How an amount is written. */
export interface Style {
  /** The reader's language, such as `de-DE`. Default: `en-US`. */
  readonly locale?: string;
  /** The currency, such as `EUR`. Default: `USD`. */
  readonly currency?: string;
}

/** Writes an amount in the smallest unit of its currency, such as cents, for people. */
export function format(amount: number, style: Style = {}): string {
  const { locale = "en-US", currency = "USD" } = style;
  const writer = new Intl.NumberFormat(locale, { style: "currency", currency, useGrouping: false });
  const digits = writer.resolvedOptions().maximumFractionDigits ?? 2;
  return writer.format(amount / 10 ** digits);
}
