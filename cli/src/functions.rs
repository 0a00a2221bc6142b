//! Every function of Ticketsmith. `serve`, packages, infrastructure code, logs and grants are derived from this list.

use runtime::FunctionSpec;

/// All functions, grouped by executable.
pub(crate) fn all() -> Vec<FunctionSpec> {
    [
        actions::functions(), //
        api::functions(),
        events::functions(),
        webhooks::functions(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::Source;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_functions_share_a_name_or_a_route() {
        let functions = all();
        let names: BTreeSet<_> = functions.iter().map(|function| function.name).collect();
        assert_eq!(names.len(), functions.len());
        let routes: Vec<_> = functions
            .iter()
            .flat_map(|function| function.sources)
            .filter_map(|source| match source {
                Source::Http { method, path } => Some((method, path)),
                _ => None,
            })
            .collect();
        assert_eq!(routes.iter().collect::<BTreeSet<_>>().len(), routes.len());
    }

    #[test]
    fn documents_of_sources_are_json() {
        for function in all() {
            for source in function.sources {
                if let Source::EveryMinute { document } = source {
                    serde_json::from_str::<serde_json::Value>(document).unwrap();
                }
            }
        }
    }
}
