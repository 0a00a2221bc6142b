import { LOGO } from "./logo.js";
import { money } from "./money.js";
import { sum, total, type Order } from "./order.js";
import { fill } from "./template.js";

// Filled twice: the frame is shared with other mails, which are made elsewhere. What it fills in later is written \${…}, for now it is only text.
const FRAME = `<!doctype html>
<html><head><title>\${title}</title></head>
<body style="font: 16px/1.4 'Helvetica Neue', sans-serif">
\t<img src="${LOGO}" alt="">
\t\${body}
\t<p style="color:#777">Prices in \${currency}. Regular expressions like /^\\d+\$/ are not shown here.</p>
</body></html>
`;

/** Both mails about an order. */
export function receipt(order: Order): { html: string; text: string } {
  const rows = order.lines.map(
    (line) => `<tr><td>${line.count} × ${line.item}</td><td align="right">${money(sum(line), order.currency)}</td></tr>`,
  );
  const body = `<h1>Thank you, ${order.customer}!</h1>
\t<table>
\t\t${rows.join("\n\t\t")}
\t\t<tr><th>Total</th><th align="right">${money(total(order), order.currency)}</th></tr>
\t</table>`;
  const html = fill(fill(FRAME, { body }), { title: `Receipt for ${order.customer}`, name: "Ticket Shop", currency: order.currency });
  const text = [
    `Thank you, ${order.customer}!`,
    ``,
    ...order.lines.map((line) => `${line.count} × ${line.item}: ${money(sum(line), order.currency)}`),
    `Total: ${money(total(order), order.currency)}`,
    ``,
  ].join("\n");
  return { html, text };
}
