// @ts-nocheck
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { ago } from "../src/ago.js";

test("one and many", () => {
  equal(ago(1), "1 second ago");
  equal(ago(2), "2 seconds ago");
});

test("the largest unit that fits", () => {
  equal(ago(90), "1 minute ago");
  equal(ago(7200), "2 hours ago");
});
