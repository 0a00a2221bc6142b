import assert from "node:assert/strict";
import { test } from "node:test";
import { arrival } from "../src/arrival.ts";

const day = (date: Date): string => date.toISOString().slice(0, 10);

test("a parcel takes as many days as its service", () => {
  const sentAt = new Date("2026-03-02T09:00:00Z");
  assert.equal(day(arrival({ sentAt, service: "express" })), "2026-03-03");
  assert.equal(day(arrival({ sentAt, service: "standard" })), "2026-03-05");
});
