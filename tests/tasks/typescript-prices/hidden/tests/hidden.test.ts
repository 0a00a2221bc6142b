// @ts-nocheck
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { format } from "../src/index.js";

test("yen have no digits, and what was stays", () => {
  equal(format(500, { currency: "JPY" }), "¥500");
  equal(format(123456), "$1234.56");
  equal(format(-5), "-$0.05");
});
