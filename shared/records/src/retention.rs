//! How long records live. DynamoDB removes an expired item within days, so nothing relies on the moment.

use jiff::{SignedDuration, Timestamp};

/// An execution's data: Step Functions lets one be open for a year, and a rollback or undo may still follow.
pub(crate) const EXECUTION: SignedDuration = SignedDuration::from_hours(24 * 400);
/// A reply that was paid for is asked for again by a retry or a redrive of its step, which come within days.
pub(crate) const PAID_REPLY: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Pointers outlive their targets: an open execution does not expire before it ends. What monthly figures are made of lasts as long.
pub(crate) const LISTED: SignedDuration = SignedDuration::from_hours(24 * 800);
/// Who did what: a look back over a year still finds all of it.
pub(crate) const AUDIT: SignedDuration = SignedDuration::from_hours(24 * 400);
/// No provider sends a delivery again after this.
pub(crate) const DELIVERY: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Contents of a commit are hardly read again once the branch has moved on.
pub(crate) const READING: SignedDuration = SignedDuration::from_hours(24 * 7);
/// An agent's session, from its last change: a person may take weeks to answer.
pub(crate) const SESSION: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Words that no agent took in: those of an execution that is still open are newer.
pub(crate) const WORD: SignedDuration = SignedDuration::from_hours(24 * 400);
/// A client that did not see an answer sends its request again within hours.
pub(crate) const REQUEST: SignedDuration = SignedDuration::from_hours(24);
/// Archived items of the API: by then, nobody wonders anymore why nothing starts there.
pub(crate) const ARCHIVED: SignedDuration = SignedDuration::from_hours(24 * 90);
/// An idle limiter forgets.
pub(crate) const RATE: SignedDuration = SignedDuration::from_hours(24);

/// The value of `expires_at`: whole seconds since 1970, as DynamoDB demands.
pub(crate) fn expires_at(from: Timestamp, after: SignedDuration) -> i64 {
    from.as_second().saturating_add(after.as_secs())
}
