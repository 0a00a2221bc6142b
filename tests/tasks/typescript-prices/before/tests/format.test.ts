// @ts-nocheck
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { format } from "../src/index.js";

test("an amount has two digits", () => {
  equal(format(1990), "$19.90");
});
