// @ts-expect-error The types of Node are not installed here.
import { readFileSync } from "node:fs";

const REDIRECTS: Record<string, string> = JSON.parse(readFileSync("data/redirects.json", "utf8"));

/** Where a path of the old site has gone. */
export function redirect(path: string): string | undefined {
  return Object.hasOwn(REDIRECTS, path) ? REDIRECTS[path] : undefined;
}
