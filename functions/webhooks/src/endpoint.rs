//! Where deliveries arrive, and whose they are.

use crate::senders::{self, SenderSpec};
use control::Control;
use domain::SourceName;
use domain::configuration::Instance;
use records::RecordsError;

/// Where a delivery arrived. A sender that the configuration uses several times has one endpoint for each instance, with a signing
/// secret and bot account.
pub(crate) struct Endpoint {
    /// The end of the path: the name of an instance under `plugins` whose provider has a sender's name, or else a sender's name.
    pub(crate) place: SourceName,
    pub(crate) sender: &'static SenderSpec,
}

impl Endpoint {
    /// The endpoint with this name; `None` if there is none.
    ///
    /// # Errors
    /// When the configuration, which names the instances, cannot be read.
    pub(crate) async fn named(control: &Control, name: &str) -> Result<Option<Self>, RecordsError> {
        let Some(place) = name.parse().ok().filter(|place: &SourceName| !place.is_own()) else {
            return Ok(None);
        };
        let directory = control.directory().await?;
        // An instance may have the name of another provider's sender.
        let instance = directory.configuration().instance(name);
        let sender = senders::find(instance.map_or(name, Instance::provider));
        Ok(sender.map(|sender| Self { place, sender }))
    }
}
