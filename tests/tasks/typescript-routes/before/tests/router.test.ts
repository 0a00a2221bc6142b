// @ts-nocheck
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { redirect } from "../src/redirects.js";
import { Router } from "../src/router.js";

const router = new Router()
  .add("/about", "about")
  .add("/users/:id", "user")
  .add("/users/:id/posts/:post", "post");

test("parameters are decoded", () => {
  deepEqual(router.find("/users/7/posts/a%20b"), { answer: "post", parameters: { id: "7", post: "a b" } });
  equal(router.find("/users/7/"), undefined);
  equal(router.find("/about/"), undefined);
});

test("old paths are redirected", () => {
  equal(redirect("/über-uns"), "/about?lang=de");
  equal(redirect("/old\\path"), "/");
  equal(redirect("toString"), undefined);
});
