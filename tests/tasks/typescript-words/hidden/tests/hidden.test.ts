// @ts-nocheck
import { equal, notEqual } from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { ago } from "../src/ago.js";

test("all units", () => {
  equal(ago(86400 * 3), "3 days ago");
  equal(ago(3599), "59 minutes ago");
  equal(ago(0.5), "now");
});

test("what git keeps", () => {
  equal(readFileSync("src/words.ts").subarray(0, 3).toString("hex"), "efbbbf");
  notEqual(statSync("bin/ago.js").mode & 0o111, 0);
});
