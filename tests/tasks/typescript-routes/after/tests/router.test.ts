// @ts-nocheck
import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { redirect } from "../src/redirects.js";
import { compile } from "../src/patterns/compile.js";
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

test("everything else is literal", () => {
  const signs = new Router().add("/docs/v1.2", "docs").add("/a+b/(c)|[d]{2}^$/\\d", "signs");
  equal(signs.find("/docs/v1x2"), undefined);
  equal(signs.find("/a+b/(c)|[d]{2}^$/\\d").answer, "signs");
});

test("a rest is at the end and not empty", () => {
  const files = new Router().add("/files/*path", "files");
  deepEqual(files.find("/files/a/b.txt").parameters, { path: "a/b.txt" });
  equal(files.find("/files/"), undefined);
  for (const pattern of ["/*a/b", "/a*", "/*a*b", "*"]) {
    throws(() => compile(pattern), { message: `${pattern}: a rest, such as *path, is allowed at the end only` });
  }
});

test("old paths are redirected", () => {
  equal(redirect("/über-uns"), "/about?lang=de");
  equal(redirect("/preise"), "/pricing?lang=de");
  equal(redirect("/old\\path"), "/");
  equal(redirect("toString"), undefined);
});
