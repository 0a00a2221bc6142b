/** A pattern as a regular expression, and the names of its parameters in order. */
export interface Compiled {
  expression: RegExp;
  names: string[];
}

const PARAMETER = /([:*])([A-Za-z_$][\w$]*)|[\\^$.*+?()[\]{}|/]/gu;

/** `/users/:id` as `^\/users\/([^/]+)$`. */
export function compile(pattern: string): Compiled {
  const names: string[] = [];
  const source = pattern.replace(PARAMETER, (found: string, kind: string | undefined, name: string, at: number) => {
    const isRest = kind === "*" && at + found.length === pattern.length;
    if (found.startsWith("*") && !isRest) {
      throw new Error(`${pattern}: a rest, such as *path, is allowed at the end only`);
    }
    if (kind === undefined) {
      return "\\" + found;
    }
    names.push(name);
    return isRest ? "(.+)" : "([^/]+)";
  });
  return { expression: new RegExp("^" + source + "$", "su"), names };
}
