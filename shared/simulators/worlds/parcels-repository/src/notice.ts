import { arrival, type Parcel } from "./arrival.ts";

/** What the customer reads. */
export function notice(parcel: Parcel): string {
  return `Your parcel arrives on ${arrival(parcel).toISOString().slice(0, 10)}.`;
}
