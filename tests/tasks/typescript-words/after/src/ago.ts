import { UNITS } from "./words.js";

/** Says how long ago something was, in the largest unit that fits. */
export function ago(seconds: number): string {
  for (const [size, one, many] of UNITS) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${count === 1 ? one : many} ago`;
  }
  return "now";
}
