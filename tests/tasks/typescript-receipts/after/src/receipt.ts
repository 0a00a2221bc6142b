import { LOGO } from "./logo.js";
import { money } from "./money.js";
import { sum, total, type Line, type Order } from "./order.js";
import { escape, fill } from "./template.js";

// Filled once: what a value holds is never a template. The frame is shared with other mails, which are made elsewhere. What it fills in later is written \${…}, for now it is only text.
const FRAME = `<!doctype html>
<html><head><title>\${title}</title></head>
<body style="font: 16px/1.4 'Helvetica Neue', sans-serif">
\t<img src="${LOGO}" alt="">
\t\${body}
\t<p style="color:#777">Prices in \${currency}. Regular expressions like /^\\d+\$/ are not shown here.</p>
</body></html>
`;

/** What is taken off, in the item's cell. The minus is a real one. */
function discount(line: Line): string {
  return line.discountPercent ? ` <small>\u2212${line.discountPercent} %</small>` : "";
}

/** Both mails about an order. */
export function receipt(order: Order): { html: string; text: string } {
  const rows = order.lines.map(
    (line) => `<tr><td>${line.count} × ${escape(line.item)}${discount(line)}</td><td align="right">${money(sum(line), order.currency)}</td></tr>`,
  );
  const body = `<h1>Thank you, ${escape(order.customer)}!</h1>
\t<table>
\t\t${rows.join("\n\t\t")}
\t\t<tr><th>Total</th><th align="right">${money(total(order), order.currency)}</th></tr>
\t</table>`;
  const html = fill(FRAME, { body, title: `Receipt for ${escape(order.customer)}`, name: "Ticket Shop", currency: escape(order.currency) });
  const text = [
    `Thank you, ${order.customer}!`,
    ``,
    ...order.lines.map((line) => `${line.count} × ${line.item}: ${money(sum(line), order.currency)}`),
    `Total: ${money(total(order), order.currency)}`,
    ``,
  ].join("\n");
  return { html, text };
}
