/** The words of one unit. */
export const SECONDS = ["second", "seconds"] as const;
