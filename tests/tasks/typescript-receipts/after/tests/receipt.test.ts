// @ts-nocheck
import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { receipt } from "../src/receipt.js";
import { fill } from "../src/template.js";

const order = { customer: "Ada", currency: "EUR", lines: [{ item: "Mug", count: 2, cents: 950 }] };

test("a receipt in HTML", () => {
  const { html } = receipt(order);
  ok(html.includes("<title>Receipt for Ada</title>"));
  ok(html.includes(`\t\t<tr><td>2 × Mug</td><td align="right">19.00 €</td></tr>\n\t\t<tr><th>Total</th>`));
  ok(html.includes("Prices in EUR. Regular expressions like /^\\d+$/ are"));
});

test("a receipt as text", () => {
  equal(receipt(order).text, "Thank you, Ada!\n\n2 × Mug: 19.00 €\nTotal: 19.00 €\n");
});

test("what has no value stays", () => {
  equal(fill("${a} ${b} $a {a}", { a: "1" }), "1 ${b} $a {a}");
});

test("what people typed is escaped in HTML alone", () => {
  const { html, text } = receipt({ ...order, customer: "Smith & Sons <\"'>" });
  ok(html.includes("<h1>Thank you, Smith &amp; Sons &lt;&quot;&#39;&gt;!</h1>"));
  ok(text.startsWith("Thank you, Smith & Sons <\"'>!\n"));
});

test("a value is no template", () => {
  equal(fill("${a}${b}${a}", { a: "${b}$&$1$$", b: "\\" }), "${b}$&$1$$\\${b}$&$1$$");
});

test("discounts are shown and taken off", () => {
  const lines = [{ item: "Mug", count: 1, cents: 999, discountPercent: 15 }];
  const { html, text } = receipt({ ...order, lines });
  ok(html.includes(`<td>1 × Mug <small>\u221215 %</small></td><td align="right">8.49 €</td>`));
  ok(text.includes("Total: 8.49 €"));
});
