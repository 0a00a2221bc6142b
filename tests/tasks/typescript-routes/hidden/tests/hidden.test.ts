// @ts-nocheck
import { deepEqual, equal, throws } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { compile } from "../src/patterns/compile.js";
import { redirect } from "../src/redirects.js";
import { Router } from "../src/router.js";

test("signs are literal", () => {
  for (const path of ["/docs/v1.2", "/a+b", "/(a)", "/a|b", "/[a-z]", "/x{2}", "/^a$", "/a?", "/\\d"]) {
    const router = new Router().add(path, path);
    equal(router.find(path)?.answer, path);
    equal(router.find("/docs/v1x2"), undefined, path);
    equal(router.find("/a"), undefined, path);
    equal(router.find("/5"), undefined, path);
  }
});

test("a rest", () => {
  const router = new Router().add("/files/*path", "files").add("/users/:id/*rest", "user");
  deepEqual(router.find("/files/a/b.txt"), { answer: "files", parameters: { path: "a/b.txt" } });
  deepEqual(router.find("/users/7/a%20b/c").parameters, { id: "7", rest: "a b/c" });
  equal(router.find("/files/"), undefined);
  equal(router.find("/files"), undefined);
  for (const pattern of ["/*a/b", "/*a/:b"]) {
    throws(() => compile(pattern), (error) => error.message.includes(pattern));
  }
});

test("what was stays", () => {
  deepEqual(new Router().add("/users/:id/posts/:post", 1).find("/users/7/posts/a%20b"), { answer: 1, parameters: { id: "7", post: "a b" } });
  equal(existsSync("src/compile.ts"), false);
});

test("files have the form that they had", () => {
  const redirects = readFileSync("data/redirects.json", "utf8");
  equal(redirects.includes("\n"), false);
  equal(Object.keys(JSON.parse(redirects)).length, 106);
  equal(redirect("/preise"), "/pricing?lang=de");
  const script = readFileSync("scripts/dev.cmd", "utf8");
  equal(script.split("\r\n").length, 9);
  equal(script.replaceAll("\r\n", "").includes("\n"), false);
  equal(script.includes(`set "PORT=8181"`), true);
  equal(script.includes(`"%ROOT%\\build\\tests\\*.js"`), true);
});
