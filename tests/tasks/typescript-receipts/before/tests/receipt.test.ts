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
