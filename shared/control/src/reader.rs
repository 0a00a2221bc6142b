//! The reader who opened a socket at an account's gateway, and what they may still see: their credential was shown once and is in no record, so only
//! its validity is checked again.

use crate::authority::Authority;
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Directory;
use domain::configuration::OPERATOR;
use domain::{Actor, EventName, SourceName};
use records::{ExecutionRecord, RecordsError, SocketHolder};

/// Somebody whose credential counts now.
#[derive(Debug)]
pub struct Reader {
    directory: Directory,
    actor: Actor,
    authority: Authority,
}

impl Control {
    /// The reader of a socket; `None` if their session or token has ended or was revoked, or they are no longer configured.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn reader(&self, holder: &SocketHolder) -> Result<Option<Reader>, RecordsError> {
        let now = self.clock.now();
        let (name, authority) = match holder {
            SocketHolder::Session { person, subject, id, begun_at, ends_at } => {
                if now >= *ends_at || self.table.ended_sessions(subject).await?.include(id, *begun_at) {
                    return Ok(None);
                }
                match person {
                    Some(person) => (person.clone(), Authority::Roles),
                    None => (OPERATOR.to_owned(), Authority::Installation),
                }
            }
            SocketHolder::Token { id } => {
                let token = self.table.token(id).await?;
                match token.filter(|token| token.revoked_at.is_none() && now < token.valid_until) {
                    Some(token) => (token.owner, Authority::Scoped(token.scope)),
                    None => return Ok(None),
                }
            }
        };
        let directory = self.directory().await?;
        let actor = Actor { source: SourceName::API, id: name, display_name: None, person: None };
        let actor = directory.configuration().identify(actor);
        // People who were removed from the configuration have no access anymore, whatever credential they hold.
        let is_known = actor.person.is_some() || authority == Authority::Installation;
        Ok(is_known.then_some(Reader { directory, actor, authority }))
    }
}

impl Reader {
    /// Whether they may see an execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn may_see(
        &self,
        control: &Control,
        execution: &ExecutionRecord,
    ) -> Result<bool, RecordsError> {
        let caller = Caller {
            directory: &self.directory,
            actor: &self.actor,
            authority: &self.authority,
            trigger: &EventName::API_REQUEST,
            delivery: "",
            at: None,
        };
        control.may_see(&caller, execution).await
    }
}
