export { format, type Style } from "./format.js";
