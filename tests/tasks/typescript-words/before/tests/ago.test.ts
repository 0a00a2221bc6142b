// @ts-nocheck
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { ago } from "../src/ago.js";

test("one and many", () => {
  equal(ago(1), "1 second ago");
  equal(ago(2), "2 seconds ago");
});
