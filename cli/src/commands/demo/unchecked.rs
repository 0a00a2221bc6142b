//! The checks that a project of the demo declares for itself, where this machine cannot run them.

use domain::configuration::Configuration;

/// Why the checks that a project declares cannot be run on this machine, and what to do; `None` if they can, or if it declares none.
pub(super) async fn why(configuration: &Configuration, project: Option<&str>) -> Option<String> {
    let _declared = configuration.project(project?)?.checks.as_ref()?;
    crate::server::checks::probe().await.err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn a_project_without_checks_misses_none() {
        let project = json!({"key": "SHOP", "repository": "acme/shop"});
        let configuration: Configuration = serde_json::from_value(json!({"projects": [project]})).unwrap();
        assert_eq!(why(&configuration, Some("SHOP")).await, None);
        assert_eq!(why(&configuration, None).await, None);
    }
}
