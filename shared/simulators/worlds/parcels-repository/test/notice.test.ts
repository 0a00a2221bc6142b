import assert from "node:assert/strict";
import { test } from "node:test";
import { notice } from "../src/notice.ts";

test("the notice names the day", () => {
  const sentAt = new Date("2026-03-02T09:00:00Z");
  assert.equal(notice({ sentAt, service: "standard" }), "Your parcel arrives on 2026-03-05.");
});
