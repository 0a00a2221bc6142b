//! Problems in the accounts of people.

use super::{Configuration, Instance, KnownAccount, KnownProvider, Problem};
use crate::nearest::instead_of;
use std::collections::BTreeSet;

/// The keys of a person that are not accounts.
const OTHER_KEYS: [&str; 2] = ["name", "roles"];

impl Configuration {
    /// The accounts of people at services without accounts, or that are impossible. `known` are the existing providers.
    pub fn account_problems(&self, known: &[KnownProvider]) -> Vec<Problem> {
        self.problems_of_accounts(known, &OTHER_KEYS)
    }

    fn problems_of_accounts(&self, known: &[KnownProvider], beside: &[&str]) -> Vec<Problem> {
        let has_people = |id: &str| account_of(known, id).is_some();
        let ids = known.iter().map(|provider| provider.id.as_str()).filter(|id| has_people(id));
        let instances = self.instances().filter(|instance| has_people(instance.provider()));
        // The name of a provider means none of several instances, unless one has this very name.
        let is_ambiguous = |id: &str| {
            self.instance(id).is_none()
                && self.instances().filter(|instance| instance.provider() == id).count() > 1
        };
        let places: BTreeSet<_> = ids
            .filter(|id| !is_ambiguous(id))
            .chain(instances.map(|instance| instance.name.as_str()))
            // This is not a provider: people only sign in with it.
            .chain(self.sign_in.oidc.as_ref().map(|_| "oidc"))
            .collect();
        let accepted = beside.iter().chain(&places).copied();
        let mut problems = Vec::new();
        for (index, user) in self.users.iter().enumerate() {
            for (key, account) in &user.accounts {
                let message = if places.contains(key.as_str()) {
                    self.account_problem(known, key, account)
                } else {
                    Some(unknown_key(key, accepted.clone()))
                };
                let place = ["users", &index.to_string(), key];
                problems.extend(message.map(|message| Problem::new(place, message)));
            }
        }
        problems
    }

    /// Why this cannot be an account at an instance, or at the only instance of a provider; `None` if it can.
    pub fn account_problem(&self, known: &[KnownProvider], name: &str, account: &str) -> Option<String> {
        let provider = self.instance(name).map_or(name, Instance::provider);
        let form = account_of(known, provider)?;
        (!form.accepts(account))
            .then(|| format!("`{account}` is not a {}; accepted: one like `{}`", form.name, form.example))
    }

    /// All problems of the person at this index, in the words of `config check`. Places are relative to the person, those of accounts
    /// below `accounts`. `known` are the providers that exist.
    pub fn problems_of_person(&self, index: usize, known: &[KnownProvider]) -> Vec<Problem> {
        let above = format!("/users/{index}");
        let problems = self.problems().into_iter().chain(self.problems_of_accounts(known, &[]));
        let inside = problems.filter_map(|problem| problem.inside(&above));
        let is_account = |problem: &Problem| {
            let key = problem.pointer.split('/').nth(1).unwrap_or_default();
            !OTHER_KEYS.contains(&key)
        };
        inside
            .map(|problem| if is_account(&problem) { problem.below(["accounts"]) } else { problem })
            .collect()
    }
}

fn account_of<'a>(known: &'a [KnownProvider], id: &str) -> Option<&'a KnownAccount> {
    known.iter().find(|provider| provider.id == id)?.account.as_ref()
}

/// That a key is not accepted, with the nearest accepted one.
pub fn unknown_key<'a>(key: &str, accepted: impl IntoIterator<Item = &'a str>) -> String {
    format!("unknown key; {}", instead_of(key, "accepted", accepted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_with_one_person_is_said_at_its_place() {
        let account = |name: &str, pattern: &str| KnownAccount {
            name: name.to_owned(),
            example: "ada-l".to_owned(),
            pattern: pattern.to_owned(),
        };
        let provider = |id: &str, account| KnownProvider {
            is_flat: false,
            pull_request: None,
            id: id.to_owned(),
            serves: BTreeSet::new(),
            needs_section: true,
            account,
        };
        let known = [
            provider("github", Some(account("GitHub login", "[a-z-]+"))),
            provider("slack", Some(account("Slack member ID", "[UW][A-Z0-9]+"))),
            provider("qqqqqq", None),
        ];
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop"}],
            "users": [
                {"name": "ada", "github": "ada-l", "gihub": "x"},
                {"name": "bob", "github": "Ada-L", "slack": "ada", "qqqqqq": "x", "roles": {"WEB": ["viewer"]}},
            ],
        }))
        .unwrap();
        let found = configuration.problems_of_person(1, &known);
        let found: Vec<_> =
            found.iter().map(|problem| (problem.pointer.as_str(), problem.message.as_str())).collect();
        let expected = [
            ("/accounts/github", "`Ada-L` is the account of `ada` already; an account belongs to one person"),
            ("/roles/WEB", "there is no project `WEB`; accepted: SHOP"),
            ("/accounts/github", "`Ada-L` is not a GitHub login; accepted: one like `ada-l`"),
            ("/accounts/qqqqqq", "unknown key; accepted: github, slack"),
            ("/accounts/slack", "`ada` is not a Slack member ID; accepted: one like `ada-l`"),
        ];
        assert_eq!(found, expected);
        let first = configuration.problems_of_person(0, &known);
        assert!(first.len() == 1 && first[0].message.contains("did you mean `github`?"), "{first:?}");
        // Only the whole text counts.
        assert!(!known[0].account.as_ref().unwrap().accepts("ada l"));
    }
}
