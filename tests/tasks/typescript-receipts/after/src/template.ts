/**
 * Replaces each `${name}` with its value; what has none stays. A value is put in as it is: neither a `${name}` nor a `$&` in it means anything.
 */
export function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\$\{(\w+)\}/g, (written, name: string) => (Object.hasOwn(values, name) ? values[name]! : written));
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text of people, as HTML shows it. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]!);
}
