//! What the API configures beside the configuration file, such as projects and people: what is the same for all of it.

use crate::api::Shared;
use crate::caller::Caller;
use crate::entity_tag::{EntityTag, IfMatch, changed};
use crate::problem::{Code, InvalidField, Problem};
use axum::http::header;
use axum::response::{IntoResponse, Json, Response};
use control::Directory;
use domain::configuration::{Configuration, KnownProvider, Problem as ConfigurationProblem};
use domain::text::{TextLimit, cut_line};
use records::{AuditKind, AuditRecord, ConfiguredItem, Managed, Written};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Who manages what the configuration file has.
pub(super) const FILE: &str = "file";

/// Who manages the rest.
pub(super) const API: &str = "api";

/// How often something is checked again that was overtaken by others' changes.
const TRIES: usize = 10;

/// The most characters of what is recorded of a change.
const RECORDED: TextLimit = TextLimit::characters(300);

/// The tag of the state of something that the API manages.
pub(super) fn tag_of<T>(managed: &Managed<T>) -> EntityTag {
    EntityTag::new(managed.revision)
}

/// The tag of something of the configuration file: what it says.
pub(super) fn tag_in_file(item: &impl Serialize) -> EntityTag {
    let json = serde_json::to_vec(item).unwrap_or_default();
    let digest = hex::encode(Sha256::digest(json));
    EntityTag::new(format_args!("file-{}", digest.get(..16).unwrap_or_default()))
}

/// Something as an answer shows it, with the tag of its state.
pub(super) struct Tagged<S> {
    /// The tag.
    pub(super) tag: EntityTag,
    /// What is shown.
    pub(super) shown: S,
}

impl<S: Serialize> IntoResponse for Tagged<S> {
    fn into_response(self) -> Response {
        ([(header::ETAG, self.tag.to_string())], Json(self.shown)).into_response()
    }
}

/// The place in the configuration file of what has this key: `projects[0]`.
///
/// # Errors
/// A problem when the records do not answer.
pub(super) async fn file_place<T: ConfiguredItem>(
    api: &Shared,
    key: &str,
) -> Result<Option<String>, Problem> {
    let file = api.table.configuration_of_file(api.clock.now()).await?;
    Ok(T::position(&file, key).map(|index| format!("{}[{index}]", T::SECTION)))
}

/// Who manages what has this key.
pub(super) fn manager_of<T: ConfiguredItem>(file: &Configuration, key: &str) -> &'static str {
    if T::position(file, key).is_some() { FILE } else { API }
}

/// Refuses to change what the configuration file has.
///
/// # Errors
/// A conflict that names the place in the file.
pub(super) async fn refuse_of_file<T: ConfiguredItem>(api: &Shared, key: &str) -> Result<(), Problem> {
    match file_place::<T>(api, key).await? {
        None => Ok(()),
        Some(place) => {
            let detail = format!(
                "`{key}` is managed by the configuration file, at {place}; change it there, and put the file in force"
            );
            Err(Problem::new(Code::Conflict, detail))
        }
    }
}

/// What the API manages under this key and is in force.
///
/// # Errors
/// Not found where there is no such thing.
pub(super) async fn live<T: ConfiguredItem>(api: &Shared, key: &str) -> Result<Managed<T>, Problem> {
    let managed = api.table.managed::<T>(key).await?;
    managed.filter(|managed| managed.archived.is_none()).ok_or_else(|| Problem::not_found(T::KIND))
}

/// What the API manages under this key, in the state that the caller saw.
///
/// # Errors
/// A conflict where the configuration file has it; as [`live`] and [`IfMatch::check`].
pub(super) async fn seen<T: ConfiguredItem>(
    api: &Shared,
    key: &str,
    if_match: &IfMatch,
) -> Result<Managed<T>, Problem> {
    refuse_of_file::<T>(api, key).await?;
    let managed = live::<T>(api, key).await?;
    if_match.check(&tag_of(&managed))?;
    Ok(managed)
}

/// What is configured, read again for each try to change it: as it is now, and not as it was read a minute ago.
pub(super) struct Tries<'a> {
    api: &'a Shared,
    left: usize,
}

impl<'a> Tries<'a> {
    pub(super) fn new(api: &'a Shared) -> Self {
        Self { api, left: TRIES }
    }

    /// What is configured now.
    ///
    /// # Errors
    /// A conflict where others were faster too often.
    pub(super) async fn directory(&mut self) -> Result<Directory, Problem> {
        let Some(left) = self.left.checked_sub(1) else {
            let detail = "others are changing the configuration at the same time; send the request again";
            return Err(Problem::new(Code::Conflict, detail));
        };
        self.left = left;
        self.api.table.forget_configuration();
        Ok(self.api.control.directory().await?)
    }
}

/// What was created; `None` where it must be checked again.
///
/// # Errors
/// A conflict where there is such a thing already, or too many.
pub(super) fn created<T: ConfiguredItem>(
    written: Written<T>,
    key: &str,
) -> Result<Option<Managed<T>>, Problem> {
    let detail = match written {
        Written::Written(created) => return Ok(Some(*created)),
        Written::Overtaken => return Ok(None),
        Written::Changed => format!("there is a {} with the {} `{key}` already", T::KIND, T::KEY),
        Written::TooMany => format!(
            "there are {} {} already; those that were deleted are forgotten after 90 days",
            T::MOST,
            T::KINDS
        ),
    };
    Err(Problem::new(Code::Conflict, detail))
}

/// What was written over the state that the caller saw; `None` where it must be checked again.
///
/// # Errors
/// Precondition failed where somebody was faster.
pub(super) fn replaced<T: ConfiguredItem>(written: Written<T>) -> Result<Option<Managed<T>>, Problem> {
    match written {
        Written::Written(written) => Ok(Some(*written)),
        Written::Overtaken => Ok(None),
        Written::Changed | Written::TooMany => Err(changed()),
    }
}

/// The providers that exist, if what is checked by them is known of any.
///
/// # Errors
/// A conflict where it is not.
pub(super) fn known_providers(
    directory: &Directory,
    is_known: impl Fn(&KnownProvider) -> bool,
) -> Result<&[KnownProvider], Problem> {
    let known = directory.known_providers();
    if !known.iter().any(is_known) {
        let detail = "the configuration in force was applied by an earlier version; apply it again with `ticketsmith config apply`";
        return Err(Problem::new(Code::Conflict, detail));
    }
    Ok(known)
}

/// What would be configured with this in the place of what has its key, and its index. It is the last one, where whatever it has in common with
/// another is found.
pub(super) fn configuration_with<T: ConfiguredItem>(
    directory: &Directory,
    item: &T,
) -> (Configuration, usize) {
    let mut configuration = Configuration::clone(directory.configuration());
    if let Some(present) = T::position(&configuration, item.key()) {
        T::all_mut(&mut configuration).remove(present);
    }
    let all = T::all_mut(&mut configuration);
    all.push(item.clone());
    let index = all.len() - 1;
    (configuration, index)
}

/// This, if nothing is wrong with it.
///
/// # Errors
/// Invalid, with every place that is not accepted.
pub(super) fn checked<T: ConfiguredItem>(
    item: T,
    problems: impl Iterator<Item = ConfigurationProblem>,
) -> Result<T, Problem> {
    let mut errors: Vec<_> =
        problems.map(|problem| InvalidField { path: problem.pointer, detail: problem.message }).collect();
    let size = serde_json::to_vec(&item).map_or(usize::MAX, |json| json.len());
    if size > T::LIMIT {
        let detail = format!("the {} has {size} bytes; accepted: at most {}", T::KIND, T::LIMIT);
        errors.push(InvalidField { path: String::new(), detail });
    }
    if errors.is_empty() { Ok(item) } else { Err(Problem::invalid(errors)) }
}

/// Refuses texts that are not written as names are.
pub(super) fn check_line(path: &str, given: &str, errors: &mut Vec<InvalidField>) {
    if given.trim() != given || given.chars().any(char::is_control) {
        let detail = "accepted: a text without control characters and without space around it";
        errors.push(InvalidField { path: path.to_owned(), detail: detail.to_owned() });
    }
}

/// Records what is done to what is configured, before it is done: the request's own record has only its path.
///
/// # Errors
/// A problem when it cannot be recorded; then nothing may be changed.
pub(super) async fn audit(api: &Shared, caller: &Caller, what: String) -> Result<(), Problem> {
    let record = AuditRecord {
        id: uuid::Uuid::new_v4().to_string(),
        kind: AuditKind::Configuration,
        at: api.clock.now(),
        who: who(caller).to_owned(),
        by: caller.credential().name(),
        what: cut_line(&what, RECORDED),
        about: None,
        whence: None,
        status: None,
    };
    Ok(api.table.audit(&record).await?)
}

/// Who asks, as records name them.
pub(super) fn who(caller: &Caller) -> &str {
    caller.actor().person.as_ref().unwrap_or(&caller.actor().id)
}
