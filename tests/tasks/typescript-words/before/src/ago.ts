import { SECONDS } from "./strings.js";

/** Says how long ago something was. */
export function ago(seconds: number): string {
  const [one, many] = SECONDS;
  return `${seconds} ${seconds === 1 ? one : many} ago`;
}
