/** A pattern as a regular expression, and the names of its parameters in order. */
export interface Compiled {
  expression: RegExp;
  names: string[];
}

const PARAMETER = /:([A-Za-z_$][\w$]*)/g;

/** `/users/:id` as `^\/users\/([^/]+)$`. */
export function compile(pattern: string): Compiled {
  const names: string[] = [];
  const source = pattern.replace(PARAMETER, (_, name: string) => {
    names.push(name);
    return "([^/]+)";
  });
  return { expression: new RegExp("^" + source + "$", "u"), names };
}
