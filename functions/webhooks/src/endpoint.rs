//! Where deliveries arrive, and whose they are.

use crate::seldom::Seldom;
use crate::senders::{self, SenderSpec};
use axum::http::HeaderMap;
use control::{Control, Directory};
use domain::SourceName;
use domain::configuration::{Configuration, Instance};
use jiff::{SignedDuration, Timestamp};
use records::{RecordsError, Table};

/// So long, what was read for the endpoint is good for the delivery, too. A body can take much longer to arrive.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

/// Where a delivery arrived. A sender that the configuration uses several times has one endpoint for each instance, with a signing
/// secret and bot account.
pub(crate) struct Endpoint {
    /// The end of the path: the name of an instance under `plugins` whose provider has a sender's name, or else a sender's name.
    pub(crate) place: SourceName,
    pub(crate) sender: &'static SenderSpec,
    /// The configuration that names it, and when it was read, if it was.
    read: Option<(Timestamp, Directory)>,
}

impl Endpoint {
    /// The endpoint with this name at the time `now`; `None` if there is none.
    ///
    /// # Errors
    /// When the configuration, which names the instances, cannot be read.
    pub(crate) async fn named(
        control: &Control,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Self>, RecordsError> {
        let Some(place) = place(name) else { return Ok(None) };
        let directory = control.directory().await?;
        let endpoint = Self::at(place, Some(directory.configuration()));
        Ok(endpoint.map(|endpoint| Self { read: Some((now, directory)), ..endpoint }))
    }

    /// The projects and tickets of the configuration for a delivery that has arrived whole at `now`: as it was read at most a second before.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub(crate) async fn directory(
        &self,
        control: &Control,
        now: Timestamp,
    ) -> Result<Directory, RecordsError> {
        let is_fresh = |at: Timestamp| at <= now && now.duration_since(at) < FRESH;
        match &self.read {
            Some((at, directory)) if is_fresh(*at) => Ok(directory.clone()),
            _ => control.directory().await,
        }
    }

    /// The endpoint of a request. For one that no sender can have sent, the configuration is read only where it must be, and seldom: it will
    /// be refused, and strangers send as many as they like.
    ///
    /// # Errors
    /// As [`Endpoint::named`].
    pub(crate) async fn of_request(
        control: &Control,
        (table, unknown): (&Table, &Seldom),
        (name, headers): (&str, &HeaderMap),
        now: Timestamp,
    ) -> Result<Option<Self>, RecordsError> {
        if senders::could_have_sent(headers, now) {
            return Self::named(control, name, now).await;
        }
        let Some(place) = place(name) else { return Ok(None) };
        match Self::at(place, table.last_configuration().as_deref()) {
            None if unknown.now(now).is_some() => Self::named(control, name, now).await,
            known => Ok(known),
        }
    }

    /// The endpoint at a place in a configuration; without one, that of the sender of the name.
    fn at(place: SourceName, configuration: Option<&Configuration>) -> Option<Self> {
        // An instance may have the name of another provider's sender.
        let instance = configuration.and_then(|configuration| configuration.instance(place.as_str()));
        let sender = senders::find(instance.map_or(place.as_str(), Instance::provider))?;
        Some(Self { place, sender, read: None })
    }
}

/// The name in a path as that of a source, if it can be one.
fn place(name: &str) -> Option<SourceName> {
    name.parse().ok().filter(|place: &SourceName| !place.is_own())
}
