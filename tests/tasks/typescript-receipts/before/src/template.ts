/** Replaces `${name}` with its value; what has none stays. */
export function fill(template: string, values: Record<string, string>): string {
  let filled = template;
  for (const [name, value] of Object.entries(values)) {
    filled = filled.replace("${" + name + "}", value);
  }
  return filled;
}
