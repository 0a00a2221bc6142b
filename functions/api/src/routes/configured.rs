//! Items that the API configures in addition to the configuration file, such as projects, people and plugin instances: their common code.

use crate::api::Shared;
use crate::caller::Caller;
use crate::entity_tag::{EntityTag, IfMatch, changed};
use crate::problem::{Code, InvalidField, Problem};
use axum::http::header;
use axum::response::{IntoResponse, Json, Response};
use control::Directory;
use domain::configuration::{Configuration, KnownProvider, Problem as ConfigurationProblem};
use domain::text::{TextLimit, cut_line, is_hidden};
use records::{AuditKind, AuditRecord, ConfiguredItem, ListedItem, Managed, Written};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The manager of items in the configuration file.
pub(super) const FILE: &str = "file";

/// The manager of all others.
pub(super) const API: &str = "api";

/// How often something is checked again that was overtaken by others' changes.
const TRIES: usize = 10;

/// The most characters that are recorded of a change.
const RECORDED: TextLimit = TextLimit::characters(300);

/// The tag of the state of something that the API manages.
pub(super) fn tag_of<T>(managed: &Managed<T>) -> EntityTag {
    EntityTag::new(managed.revision)
}

/// The entity tag of an item in the configuration file, derived from its content.
pub(super) fn tag_in_file(item: &impl Serialize) -> EntityTag {
    let json = serde_json::to_vec(item).unwrap_or_default();
    let digest = hex::encode(Sha256::digest(json));
    EntityTag::new(format_args!("file-{}", digest.get(..16).unwrap_or_default()))
}

/// Something as an answer shows it, with the tag of its state.
pub(super) struct Tagged<S> {
    /// The tag.
    pub(super) tag: EntityTag,
    /// The response.
    pub(super) shown: S,
}

impl<S: Serialize> IntoResponse for Tagged<S> {
    fn into_response(self) -> Response {
        ([(header::ETAG, self.tag.to_string())], Json(self.shown)).into_response()
    }
}

/// The place of the item with this key in the configuration file: `projects[0]`, `plugins.jira`.
///
/// # Errors
/// A problem when the records do not answer.
pub(super) async fn file_place<T: ConfiguredItem>(
    api: &Shared,
    key: &str,
) -> Result<Option<String>, Problem> {
    let file = api.table.configuration_of_file(api.clock.now()).await?;
    Ok(T::place(&file, key))
}

/// The manager of the item with this key.
pub(super) fn manager_of<T: ConfiguredItem>(file: &Configuration, key: &str) -> &'static str {
    if T::place(file, key).is_some() { FILE } else { API }
}

/// Refuses to change an item in the configuration file.
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

/// The item with this key that the API manages and that is in force.
///
/// # Errors
/// Not found if there is none.
pub(super) async fn live<T: ConfiguredItem>(api: &Shared, key: &str) -> Result<Managed<T>, Problem> {
    let managed = api.table.managed::<T>(key).await?;
    managed.filter(|managed| managed.archived.is_none()).ok_or_else(|| Problem::not_found(T::KIND))
}

/// The item with this key that the API manages, in the version that the caller saw.
///
/// # Errors
/// A conflict if it is in the configuration file; the errors of [`live`] and [`IfMatch::check`].
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

/// The current configuration, read again for each attempt to change it, rather than a minute-old copy.
pub(super) struct Tries<'a> {
    api: &'a Shared,
    left: usize,
}

impl<'a> Tries<'a> {
    pub(super) fn new(api: &'a Shared) -> Self {
        Self { api, left: TRIES }
    }

    /// The current configuration.
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

/// The created item; `None` if it must be checked again.
///
/// # Errors
/// A conflict if it already exists, or there are too many.
pub(super) fn created<T: ConfiguredItem>(
    written: Written<T>,
    key: &str,
) -> Result<Option<Managed<T>>, Problem> {
    match written {
        Written::Written(created) => Ok(Some(*created)),
        Written::Overtaken => Ok(None),
        Written::Changed => Err(exists::<T>(key)),
        Written::TooMany => {
            let detail = format!(
                "there are {} {} already; those that were deleted are forgotten after 90 days",
                T::MOST,
                T::KINDS
            );
            Err(Problem::new(Code::Conflict, detail))
        }
    }
}

fn exists<T: ConfiguredItem>(key: &str) -> Problem {
    let detail = format!("there is a {} with the {} `{key}` already", T::KIND, T::KEY);
    Problem::new(Code::Conflict, detail)
}

/// Refuses to create an item that exists. This comes before the audit record, which is written before the change.
///
/// # Errors
/// A conflict if the API manages such an item.
pub(super) async fn refuse_existing<T: ConfiguredItem>(api: &Shared, key: &str) -> Result<(), Problem> {
    match api.table.managed::<T>(key).await? {
        Some(managed) if managed.archived.is_none() => Err(exists::<T>(key)),
        _ => Ok(()),
    }
}

/// The item written over the version that the caller saw; `None` if it must be checked again.
///
/// # Errors
/// Precondition failed where somebody was faster, unless any version may be changed.
pub(super) fn replaced<T: ConfiguredItem>(
    written: Written<T>,
    if_match: &IfMatch,
) -> Result<Option<Managed<T>>, Problem> {
    match written {
        Written::Written(written) => Ok(Some(*written)),
        Written::Overtaken => Ok(None),
        Written::Changed if *if_match == IfMatch::Any => Ok(None),
        Written::Changed | Written::TooMany => Err(changed()),
    }
}

/// The known providers, if any are needed for checks.
///
/// # Errors
/// A conflict if they are not known.
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

/// The configuration with this item in place of the one with its key, and its index. It is last if what it shares with
/// another is found.
pub(super) fn configuration_with<T: ListedItem>(directory: &Directory, item: &T) -> (Configuration, usize) {
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

/// Refuses texts that are not valid names.
pub(super) fn check_line(path: &str, given: &str, errors: &mut Vec<InvalidField>) {
    if given.trim() != given || given.chars().any(is_hidden) {
        let detail =
            "accepted: a text without control characters or invisible ones, and without space around it";
        errors.push(InvalidField { path: path.to_owned(), detail: detail.to_owned() });
    }
}

/// Records a configuration change before it is made: the request's own record has only its path.
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

/// The caller, as records name them.
pub(super) fn who(caller: &Caller) -> &str {
    caller.actor().person.as_ref().unwrap_or(&caller.actor().id)
}
