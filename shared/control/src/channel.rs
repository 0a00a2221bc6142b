//! Which project a channel of a chat belongs to.

use domain::configuration::{Configuration, Project};
use serde_json::{Map, Value};

/// The key of the one project whose channel a message was in: a message without a ticket is about that project.
pub(crate) fn project_of_channel<'c>(
    configuration: &'c Configuration,
    fields: &Map<String, Value>,
) -> Option<&'c str> {
    let said_in: Vec<&str> =
        ["channel", "channel_name"].iter().filter_map(|name| fields.get(*name)?.as_str()).collect();
    let is_here = |project: &&Project| {
        project.channel.as_deref().is_some_and(|channel| said_in.contains(&channel.trim_start_matches('#')))
    };
    let mut here = configuration.projects.iter().filter(is_here);
    let only = here.next().filter(|_| here.next().is_none())?;
    Some(&only.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_names_no_ticket_is_about_the_project_of_the_channel() {
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [
                {"key": "SHOP", "repository": "acme/shop", "channel": "#shop-dev"},
                {"key": "WEB", "repository": "acme/web", "channel": "C2"},
                {"key": "APP", "repository": "acme/app", "channel": "C3"},
                {"key": "API", "repository": "acme/api", "channel": "C3"},
            ],
        }))
        .unwrap();
        let project = |channel: &str, name: &str| {
            let fields = json!({"channel": channel, "channel_name": name});
            project_of_channel(&configuration, fields.as_object().unwrap()).map(str::to_owned)
        };
        assert_eq!(project("C1", "shop-dev").as_deref(), Some("SHOP"));
        assert_eq!(project("C2", "web-dev").as_deref(), Some("WEB"));
        assert_eq!(project("C3", "all"), None, "two projects have the channel");
        assert_eq!(project("C9", "random"), None);
    }
}
