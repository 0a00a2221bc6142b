//! Joins a person's accounts: with a code that one account asks for and the other one uses, and both confirm. A single account, and
//! somebody who only sees a code, gain nothing.

use crate::authorize::Operation;
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Directory;
use domain::Actor;
use domain::configuration::Configuration;
use jiff::{SignedDuration, Timestamp};
use records::{
    AuditKind, AuditRecord, JoinedAccount, LinkAccount, LinkCode, LinkSide, RecordsError, Table, Waiter,
};
use sha2::{Digest, Sha256};

/// How long a code counts.
const VALID_FOR: SignedDuration = SignedDuration::from_mins(15);

/// How many hex digits a code has: people type it.
const CODE: usize = 10;

/// What became of a request to join accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkResult {
    /// A new code.
    Code {
        /// The code that the other account enters.
        code: String,
        /// From when it is refused.
        valid_until: Timestamp,
    },
    /// The accounts that a code would join. Each decides whether to confirm.
    Pair {
        /// The caller's account.
        own: LinkAccount,
        /// The other one; `None` until somebody has used the code.
        other: Option<LinkAccount>,
    },
    /// The caller has confirmed, the other account has not.
    Confirmed {
        /// The account that still has to confirm.
        other: LinkAccount,
    },
    /// The accounts are joined.
    Joined(Box<JoinedAccount>),
    /// The account was separated.
    Separated(Box<JoinedAccount>),
    /// No code, or no joined account, of this caller's.
    Unknown,
    /// They may not; the reason is for them.
    Denied(String),
}

impl Control {
    /// The actor with the person filled in whom the configuration names, or else to whom the account was joined.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn identify(&self, configuration: &Configuration, actor: Actor) -> Result<Actor, RecordsError> {
        identify(&self.table, configuration, actor).await
    }

    /// The account that may not answer a question, as [`Actor::account`] names it now: it may have been joined to a person since.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn not_by(
        &self,
        configuration: &Configuration,
        waiter: &Waiter,
    ) -> Result<Option<String>, RecordsError> {
        not_by(&self.table, configuration, waiter).await
    }

    /// Gives the caller a code that joins their account with another one of theirs. A delivery gives one code.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn begin_link(&self, caller: &Caller<'_>) -> Result<LinkResult, RecordsError> {
        if let Some(denied) = self.may_link(caller).await? {
            return Ok(denied);
        }
        let now = self.clock.now();
        let first = account_of(caller.actor);
        let mut code = hex::encode(Sha256::digest(format!("link {} {}", first.source, caller.delivery)));
        code.truncate(CODE);
        let link = LinkCode {
            first,
            second: None,
            first_confirmed_at: None,
            second_confirmed_at: None,
            joined_at: None,
            valid_until: now + VALID_FOR,
        };
        self.table.put_link_code(&code, &link).await?;
        Ok(LinkResult::Code { code, valid_until: link.valid_until })
    }

    /// Shows the caller which accounts a code would join. The first account that sees it, other than the one that asked for it, is the
    /// one that it would be joined with.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn show_link(&self, caller: &Caller<'_>, code: &str) -> Result<LinkResult, RecordsError> {
        if let Some(denied) = self.may_link(caller).await? {
            return Ok(denied);
        }
        let now = self.clock.now();
        let own = account_of(caller.actor);
        let Some(link) = self.table.link_code(code, now).await? else { return Ok(LinkResult::Unknown) };
        if side_of(&link, &own) == Some(LinkSide::First) {
            return Ok(LinkResult::Pair { own, other: link.second });
        }
        if link.second.is_none() {
            if let Err(reason) = self.pair(caller.directory, &link.first, &own).await? {
                return Ok(LinkResult::Denied(reason));
            }
            self.table.claim_link_code(code, &own, now).await?;
        }
        let link = self.table.link_code(code, now).await?;
        Ok(match link.filter(|link| side_of(link, &own) == Some(LinkSide::Second)) {
            Some(link) => LinkResult::Pair { own, other: Some(link.first) },
            None => LinkResult::Unknown,
        })
    }

    /// Confirms a code for the caller's account. When both accounts have, the unassigned one is joined to the other one's person.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn confirm_link(&self, caller: &Caller<'_>, code: &str) -> Result<LinkResult, RecordsError> {
        if let Some(denied) = self.may_link(caller).await? {
            return Ok(denied);
        }
        let now = self.clock.now();
        let own = account_of(caller.actor);
        let Some(link) = self.table.link_code(code, now).await? else { return Ok(LinkResult::Unknown) };
        let Some(side) = side_of(&link, &own) else { return Ok(LinkResult::Unknown) };
        let Some(second) = &link.second else {
            let reason = "nobody has used this code yet; use it with your other account first";
            return Ok(LinkResult::Denied(reason.to_owned()));
        };
        if link.joined_at.is_some() {
            let joined = self.joined_by(&link).await?;
            return Ok(joined.map_or(LinkResult::Unknown, |joined| LinkResult::Joined(Box::new(joined))));
        }
        let (person, account, by) = match self.pair(caller.directory, &link.first, second).await? {
            Ok(pair) => pair,
            Err(reason) => return Ok(LinkResult::Denied(reason)),
        };
        let Some(link) = self.table.confirm_link_code(code, side, now).await? else {
            return Ok(LinkResult::Unknown);
        };
        let other = match side {
            LinkSide::First => link.second_confirmed_at.is_none().then(|| second.clone()),
            LinkSide::Second => link.first_confirmed_at.is_none().then(|| link.first.clone()),
        };
        if let Some(other) = other {
            return Ok(LinkResult::Confirmed { other });
        }
        let joined = JoinedAccount { account, by, person, at: now };
        let what = format!("join {} {} to {}", joined.account.source, joined.account.id, joined.person);
        let begun = self.audit_account(caller, what, now).await?;
        let done = self.table.join_account(code, &joined).await?;
        self.table.end_audit(&begun, if done { 200 } else { 409 }).await?;
        match done {
            true => {
                tracing::info!(source = %joined.account.source, "an account was joined to a person");
                Ok(LinkResult::Joined(Box::new(joined)))
            }
            false => Ok(match self.joined_by(&link).await? {
                Some(joined) => LinkResult::Joined(Box::new(joined)),
                None => LinkResult::Unknown,
            }),
        }
    }

    /// The accounts that were joined to the caller's person.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn joined_accounts(&self, caller: &Caller<'_>) -> Result<Vec<JoinedAccount>, RecordsError> {
        match &caller.actor.person {
            Some(person) => self.table.joined_accounts(person).await,
            None => Ok(Vec::new()),
        }
    }

    /// Separates an account that was joined to the caller's person.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn separate_account(
        &self,
        caller: &Caller<'_>,
        source: &str,
        id: &str,
    ) -> Result<LinkResult, RecordsError> {
        if let Some(denied) = self.may_link(caller).await? {
            return Ok(denied);
        }
        let joined = self.table.joined_account(source, id).await?;
        let is_theirs = |joined: &JoinedAccount| caller.actor.person.as_ref() == Some(&joined.person);
        let Some(joined) = joined.filter(is_theirs) else { return Ok(LinkResult::Unknown) };
        let now = self.clock.now();
        let what = format!("separate {} {} from {}", joined.account.source, joined.account.id, joined.person);
        let begun = self.audit_account(caller, what, now).await?;
        self.table.separate_account(&joined).await?;
        self.table.end_audit(&begun, 200).await?;
        Ok(LinkResult::Separated(Box::new(joined)))
    }

    async fn may_link(&self, caller: &Caller<'_>) -> Result<Option<LinkResult>, RecordsError> {
        Ok(self.denial(caller, &Operation::JoinAccounts).await?.map(LinkResult::Denied))
    }

    /// The accounts that a code joined, if it did.
    async fn joined_by(&self, link: &LinkCode) -> Result<Option<JoinedAccount>, RecordsError> {
        for account in [Some(&link.first), link.second.as_ref()].into_iter().flatten() {
            let joined = self.table.joined_account(account.source.as_str(), &account.id).await?;
            let by = |joined: &JoinedAccount| {
                joined.by.is(&link.first) || link.second.as_ref().is_some_and(|second| joined.by.is(second))
            };
            if let Some(joined) = joined.filter(by) {
                return Ok(Some(joined));
            }
        }
        Ok(None)
    }

    /// The person who owns one of the two accounts, the unassigned account, and the person's own; or why they cannot be joined.
    async fn pair(
        &self,
        directory: &Directory,
        first: &LinkAccount,
        second: &LinkAccount,
    ) -> Result<Result<(String, LinkAccount, LinkAccount), String>, RecordsError> {
        if first.source == second.source {
            return Ok(Err(format!("both accounts are at {}; join accounts of two services", first.source)));
        }
        let configuration = directory.configuration();
        let person = async |account: &LinkAccount| {
            let (source, id) = (account.source.clone(), account.id.clone());
            let actor = Actor { source, id, display_name: None, person: None };
            Ok::<_, RecordsError>(self.identify(configuration, actor).await?.person)
        };
        Ok(match (person(first).await?, person(second).await?) {
            (Some(person), None) => Ok((person, second.clone(), first.clone())),
            (None, Some(person)) => Ok((person, first.clone(), second.clone())),
            (Some(one), Some(other)) if one == other => Err(format!("both accounts are {one}'s already")),
            (Some(one), Some(other)) => Err(format!(
                "these are accounts of two people, {one} and {other}; an admin changes that under `users`"
            )),
            (None, None) => {
                Err("neither account belongs to anybody under `users`; begin with an account that \
                                 does, or ask an admin to add you"
                    .to_owned())
            }
        })
    }

    /// Records a change of an account's owner, before it is made.
    async fn audit_account(
        &self,
        caller: &Caller<'_>,
        what: String,
        now: Timestamp,
    ) -> Result<AuditRecord, RecordsError> {
        let account = account_of(caller.actor);
        let id = hex::encode(Sha256::digest(format!("{} {} {what}", account.source, caller.delivery)));
        let record = AuditRecord {
            id,
            kind: AuditKind::Account,
            at: now,
            who: caller.name().to_owned(),
            by: format!("{} {}", account.source, account.id),
            what,
            about: None,
            whence: None,
            status: None,
        };
        match self.table.begin_audit(&record).await {
            // The same delivery again.
            Ok(()) | Err(RecordsError::Conflict(_)) => Ok(record),
            Err(error) => Err(error),
        }
    }
}

/// As [`Control::identify`].
async fn identify(table: &Table, configuration: &Configuration, actor: Actor) -> Result<Actor, RecordsError> {
    let actor = configuration.identify(Actor { person: None, ..actor });
    if actor.person.is_some() || actor.source.is_own() {
        return Ok(actor);
    }
    let joined = table.joined_account(actor.source.as_str(), &actor.id).await?;
    // A person removed from the configuration has no accounts.
    Ok(configuration.identify(Actor { person: joined.map(|joined| joined.person), ..actor }))
}

/// As [`Control::not_by`].
pub(crate) async fn not_by(
    table: &Table,
    configuration: &Configuration,
    waiter: &Waiter,
) -> Result<Option<String>, RecordsError> {
    let Some(account) = &waiter.terms.not_by else { return Ok(None) };
    let parts = account.split_once(':').and_then(|(source, id)| Some((source.parse().ok()?, id)));
    let Some((source, id)) = parts else { return Ok(Some(account.clone())) };
    let actor = Actor { source, id: id.to_owned(), display_name: None, person: None };
    Ok(Some(identify(table, configuration, actor).await?.account()))
}

/// The account by which somebody speaks.
fn account_of(actor: &Actor) -> LinkAccount {
    let name = actor.display_name.clone().unwrap_or_else(|| actor.id.clone());
    LinkAccount { source: actor.source.clone(), id: actor.id.clone(), name }
}

fn side_of(link: &LinkCode, own: &LinkAccount) -> Option<LinkSide> {
    match &link.second {
        _ if link.first.is(own) => Some(LinkSide::First),
        Some(second) if second.is(own) => Some(LinkSide::Second),
        _ => None,
    }
}
