// @ts-nocheck
import { equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { receipt } from "../src/receipt.js";
import { LOGO } from "../src/logo.js";

const order = (customer, ...lines) => ({ customer, currency: "EUR", lines });

test("names are neither HTML nor templates", () => {
  for (const [name, shown] of [
    ["Smith & Sons", "Smith &amp; Sons"],
    ["${name}", "${name}"],
    ["${body} ${currency}", "${body} ${currency}"],
    ["$& $1 $$ $`", "$&amp; $1 $$ $`"],
    [`O'Neil <"x">`, "O&#39;Neil &lt;&quot;x&quot;&gt;"],
  ]) {
    const { html, text } = receipt(order(name, { item: name, count: 1, cents: 100 }));
    const plain = html.replaceAll("&#x27;", "&#39;").replaceAll("&apos;", "&#39;").replaceAll("&#34;", "&quot;");
    ok(plain.includes(`<title>Receipt for ${shown}</title>`), plain.slice(0, 200));
    ok(plain.includes(`<h1>Thank you, ${shown}!</h1>`));
    ok(plain.includes(`<td>1 × ${shown}</td>`));
    ok(text.includes(`Thank you, ${name}!\n\n1 × ${name}: 1.00 €\n`));
  }
});

test("discounts", () => {
  const { html, text } = receipt(order("Ada", { item: "Mug", count: 2, cents: 999, discountPercent: 25 }, { item: "Tee", count: 1, cents: 500 }));
  ok(html.includes(`<tr><td>2 × Mug <small>\u221225 %</small></td><td align="right">14.99 €</td></tr>`));
  ok(html.includes(`<tr><td>1 × Tee</td><td align="right">5.00 €</td></tr>`));
  ok(text.endsWith("Total: 19.99 €\n"));
});

test("the frame is as it was", () => {
  const { html } = receipt(order("Ada"));
  ok(html.includes("\t<p style=\"color:#777\">Prices in EUR. Regular expressions like /^\\d+$/ are not shown here.</p>\n"));
  equal(html.split("\n")[3], `\t<img src="${LOGO}" alt="">`);
  equal(readFileSync("src/logo.ts", "utf8").split("\n")[1].length, 6021);
});
