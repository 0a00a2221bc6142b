//! Whether evidence can be signed.

use super::Finding;
use crate::account::Stage;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::place::DataArgument;
use crate::server::data_folder::DataFolder;
use crate::server::evidence_key;
use evidence::PublicKey;

/// Looks at the key in the data folder. Where there is none, `serve` makes one when it starts.
pub(super) fn of_folder(data: &DataArgument) -> Option<Finding> {
    let folder = DataFolder::existing(&data.data)?;
    let found = evidence_key::read(&folder.evidence_key()).transpose()?;
    Some(Finding::new("key that signs evidence", found.map(|_key| ())))
}

/// Asks KMS for the public part of the stage's key.
pub(super) async fn of_stage(stage: &Stage, connection: &Connection) -> Finding {
    let subject = format!("key that signs evidence in the stage {}", stage.name());
    Finding::new(subject, check(stage, connection).await)
}

async fn check(stage: &Stage, connection: &Connection) -> Result<(), String> {
    let alias = format!("alias/{}-evidence", stage.prefix());
    match connection.key_management.get_public_key().key_id(&alias).send().await {
        Ok(answer) => {
            let der = answer.public_key.map(|key| key.into_inner()).unwrap_or_default();
            PublicKey::from_der(&der).map(|_key| ()).map_err(|error| format!("{alias}: {error}"))
        }
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found_exception()) => {
            Err(format!("there is no {alias}; deploy with `ticketsmith deploy --stage {}`", stage.name()))
        }
        Err(error) => Err(Exit::from_aws(format!("cannot read {alias}"), &error).to_string()),
    }
}
