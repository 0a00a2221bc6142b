//! The list of providers.

use domain::UnknownName;
use domain::configuration::{KnownAccount, KnownProvider, unknown_provider};
use provider::ProviderSpec;

/// Every provider, by the order of their names.
pub const ALL: &[&ProviderSpec] = &[
    &provider_bedrock::SPEC,
    &provider_claude::SPEC,
    &provider_cloudwatch::SPEC,
    &provider_confluence::SPEC,
    &provider_discord::SPEC,
    &provider_github::SPEC,
    &provider_gitlab::SPEC,
    &provider_jira::SPEC,
    &provider_linear::SPEC,
    &provider_notion::SPEC,
    &provider_openai::SPEC,
    &provider_prometheus::SPEC,
    &provider_slack::SPEC,
];

/// The providers that examples show where others could serve as well.
const SHOWN: &[&ProviderSpec] = &[
    &provider_claude::SPEC,
    &provider_confluence::SPEC,
    &provider_github::SPEC,
    &provider_jira::SPEC,
    &provider_slack::SPEC,
];

/// Whether examples show this provider where others could serve as well.
pub fn is_shown(spec: &ProviderSpec) -> bool {
    SHOWN.iter().any(|shown| shown.id == spec.id)
}

/// The provider of this name.
///
/// # Errors
/// [`UnknownName`] with the nearest name and those that exist.
pub fn find(id: &str) -> Result<&'static ProviderSpec, UnknownName> {
    let found = ALL.iter().copied().find(|spec| spec.id == id);
    found.ok_or_else(|| unknown_provider(id, ALL.iter().map(|spec| spec.id)))
}

/// What projects may choose from, as data.
pub(crate) fn known() -> Vec<KnownProvider> {
    let known = ALL.iter().map(|spec| KnownProvider {
        id: spec.id.to_owned(),
        serves: spec.serves.iter().copied().collect(),
        needs_section: !spec.secret.is_empty(),
        account: spec.account.map(|form| KnownAccount {
            name: form.name.to_owned(),
            example: form.example.to_owned(),
            pattern: form.pattern.to_owned(),
        }),
        is_flat: spec.repository_pages.is_some_and(|pages| pages.is_flat),
        pull_request: spec.repository_pages.map(|pages| pages.pull_requests.name()),
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::PluginType;
    use domain::reference::Pattern;

    #[test]
    fn the_list_is_in_order_and_each_entry_can_be_used() {
        assert!(ALL.is_sorted_by_key(|spec| spec.id));
        for spec in ALL {
            assert_eq!(find(spec.id).unwrap().name, spec.name);
            assert!(spec.unsupported.iter().all(|(_, why)| !why.is_empty()), "{}", spec.id);
            let is_code_host = spec.serves.contains(&PluginType::VersionControl);
            assert_eq!(spec.repository_pages.is_some(), is_code_host, "{}", spec.id);
            assert!(
                !spec.serves.is_empty() && spec.secret.is_empty() == spec.bundle.is_none(),
                "{}",
                spec.id
            );
            for pattern in spec.references {
                pattern.parse::<Pattern>().unwrap();
            }
            assert_eq!(
                spec.settings.schema().get("additionalProperties"),
                Some(&false.into()),
                "{}",
                spec.id
            );
        }
        for account in known().into_iter().filter_map(|provider| provider.account) {
            assert!(account.accepts(&account.example) && !account.accepts("ada@acme.example"), "{account:?}");
        }
        let message = find("gihub").unwrap_err().to_string();
        assert!(message.contains("`gihub`") && message.contains("github (did you mean that?)"), "{message}");
    }
}
