import { days, type Service } from "./services.ts";

/** A parcel as it is handed in. */
export interface Parcel {
  sentAt: Date;
  service: Service;
}

const DAY = 24 * 60 * 60 * 1000;

/** The day on which a parcel arrives, at midnight UTC. */
export function arrival(parcel: Parcel): Date {
  const sent = startOfDay(parcel.sentAt);
  return new Date(sent.getTime() + days(parcel.service) * DAY);
}

/** Midnight UTC of a day. */
export function startOfDay(date: Date): Date {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
}
