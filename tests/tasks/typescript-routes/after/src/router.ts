import { compile, type Compiled } from "./patterns/compile.js";

export type Parameters = Record<string, string>;

/** Finds what answers a path: the first pattern that matches. */
export class Router<Answer> {
  readonly #routes: [Compiled, Answer][] = [];

  add(pattern: string, answer: Answer): this {
    this.#routes.push([compile(pattern), answer]);
    return this;
  }

  find(path: string): { answer: Answer; parameters: Parameters } | undefined {
    for (const [{ expression, names }, answer] of this.#routes) {
      const found = expression.exec(path);
      if (found) {
        return { answer, parameters: Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(found[at + 1]!)])) };
      }
    }
    return undefined;
  }
}
