/** The words of each unit, with its seconds, the largest first. */
export const UNITS = [
  [86400, "day", "days"],
  [3600, "hour", "hours"],
  [60, "minute", "minutes"],
  [1, "second", "seconds"],
] as const;
