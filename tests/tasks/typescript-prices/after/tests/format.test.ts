// @ts-nocheck
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { format } from "../src/index.js";

test("an amount has two digits", () => {
  equal(format(1990), "$19.90");
});

test("an amount is written for its reader", () => {
  equal(format(1990, { locale: "de-DE", currency: "EUR" }), "19,90\u00a0€");
});
