//! Which of the providers in use is meant.

use crate::list::find;
use crate::references::{references, tracker_references};
use domain::configuration::{Configuration, Instance, InstanceName, Project};
use domain::reference::References;
use domain::{ActionError, ErrorKind, PluginType};
use provider::Model;

/// The name of the provider that has a ticket: the project's tracker if the ticket has that tracker's form, or else
/// whichever writes them so (`owner/name#12` is in the code host wherever the project keeps its own tickets), else the project's tracker.
pub fn tracker_of(
    configuration: &Configuration,
    project: Option<&Project>,
    task_id: Option<&str>,
) -> Option<InstanceName> {
    let own = project.and_then(|project| project.providers.get(&PluginType::TaskManagement));
    let Some(task_id) = task_id else { return own.cloned() };
    let own_instance = own.and_then(|name| configuration.instance(name.as_str()));
    let only_own = References {
        trackers: own_instance.and_then(tracker_references).into_iter().collect(),
        ..References::default()
    };
    let read = only_own.read(task_id).or_else(|| references(configuration).read(task_id));
    read.map(|ticket| ticket.instance).or_else(|| own.cloned())
}

/// The name of the chat where people are answered: the one that `place` names, or whose provider it names, since they wrote there; or else the
/// project's; else the first one there is.
pub fn chat_of(
    configuration: &Configuration,
    project: Option<&Project>,
    place: Option<&str>,
) -> Option<InstanceName> {
    let own = project.and_then(|project| project.providers.get(&PluginType::Communication));
    let is_chat = |instance: &Instance<'_>| {
        find(instance.provider()).is_ok_and(|spec| spec.serves.contains(&PluginType::Communication))
    };
    let chats: Vec<_> = configuration.instances().filter(is_chat).collect();
    let is_place = |chat: &&Instance<'_>| place == Some(chat.name.as_str());
    let is_senders = |chat: &&Instance<'_>| place == Some(chat.provider());
    let own_chat = chats.iter().find(|chat| Some(chat.name) == own);
    let of_provider = own_chat.filter(is_senders).or_else(|| chats.iter().find(is_senders));
    let there = chats.iter().find(is_place).or(of_provider);
    there.or(own_chat).or_else(|| chats.first()).map(|chat| chat.name.clone())
}

/// The instances other than the project's own whose models an agent may name, in the order of the configuration.
pub fn other_models<'a>(
    configuration: &'a Configuration,
    own: &InstanceName,
) -> impl Iterator<Item = Instance<'a>> {
    let serves = |instance: &Instance<'_>| {
        find(instance.provider()).is_ok_and(|spec| spec.serves.contains(&PluginType::AiProvider))
    };
    configuration.instances().filter(move |instance| instance.name != own && serves(instance))
}

/// The model with this name: of the project's own instance, if its models have such names or no instance's do, or else of the first of the
/// [`other_models`], connected, whose models have. One that cannot be connected prevents nothing if another one serves.
///
/// # Errors
/// Why an instance cannot be connected, if it may be the one that is meant.
pub fn model_among(
    name: &str,
    own: Model,
    others: impl IntoIterator<Item = Result<Model, ActionError>>,
) -> Result<Model, ActionError> {
    let named = |model: Model| Model { name: name.to_owned(), ..model };
    if own.provider.names(name) {
        return Ok(named(own));
    }
    let mut refused = None;
    for other in others {
        match other {
            Ok(other) if other.provider.names(name) => return Ok(named(other)),
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::Rejected => {
                refused.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    refused.map_or_else(|| Ok(named(own)), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::configuration::Section;
    use domain::plugins::RepositoryAccess;
    use http_client::Options;
    use secrecy::SecretString;
    use serde_json::json;

    fn model(provider: &str) -> Model {
        let name: InstanceName = provider.parse().unwrap();
        let section: Section = serde_json::from_value(json!({"model": "m"})).unwrap();
        let instance = Instance { name: &name, section: &section };
        let (spec, secret) = (find(provider).unwrap(), SecretString::from(r#"{"api_key": "key"}"#));
        let access = RepositoryAccess::ReadContents;
        let connector = spec.connector(instance, Options::new().unwrap(), secret, access);
        (spec.connect)(&connector).unwrap().model.unwrap()
    }

    #[test]
    fn a_model_is_served_where_its_name_is_known() {
        let broken = || Err(ActionError::rejected("there is no secret"));
        let chosen = |name: &str, others: Vec<Result<Model, ActionError>>| {
            model_among(name, model("claude"), others)
                .map(|model| (model.instance.to_string(), model.name))
                .map_err(|error| error.message)
        };
        let served = |instance: &str, name: &str| Ok((instance.to_owned(), name.to_owned()));
        let sonnet = "claude-sonnet-4-6";
        assert_eq!(chosen(sonnet, vec![broken()]), served("claude", sonnet));
        let others = || vec![broken(), Ok(model("openai"))];
        assert_eq!(chosen("gpt-5.6-terra", others()), served("openai", "gpt-5.6-terra"));
        assert_eq!(chosen("no-such", vec![Ok(model("openai"))]), served("claude", "no-such"));
        assert_eq!(chosen("no-such", others()), Err("there is no secret".into()), "it may be the one");
        let unavailable = Err(ActionError::unavailable("later"));
        let others = vec![unavailable, Ok(model("openai"))];
        assert_eq!(chosen("gpt-5.6-terra", others), Err("later".into()), "what is chosen stays the same");
    }

    fn configuration() -> Configuration {
        serde_json::from_value(json!({
            "projects": [
                {"key": "SHOP", "repository": "acme/shop", "providers": {"task_management": "jira", "version_control": "github"}},
                {"key": "OLD", "repository": "acme/old",
                 "providers": {"task_management": "old-jira", "version_control": "ghe", "communication": "slack"}},
            ],
            "plugins": {
                "jira": {"base_url": "https://acme.atlassian.net"},
                "old-jira": {"provider": "jira", "base_url": "https://jira.acme.example"},
                "github": {},
                "ghe": {"provider": "github", "base_url": "https://git.acme.example/api/v3"},
                "chat": {"provider": "slack"},
                "slack": {},
            },
        }))
        .unwrap()
    }

    #[test]
    fn a_ticket_is_where_it_is_written_like_that() {
        let configuration = configuration();
        let old = configuration.project("OLD");
        let check = |task_id: Option<&str>, expected: &str| {
            assert_eq!(tracker_of(&configuration, old, task_id).unwrap().as_str(), expected, "{task_id:?}");
        };
        check(Some("OLD-1"), "old-jira");
        check(None, "old-jira");
        check(Some("something else"), "old-jira");
        check(Some("acme/old#1"), "ghe");
        check(Some("acme/shop#1"), "github");
    }

    #[test]
    fn people_are_answered_where_they_wrote() {
        let configuration = configuration();
        let check = |project: &str, place: Option<&str>, expected: &str| {
            let chat = chat_of(&configuration, configuration.project(project), place);
            assert_eq!(chat.unwrap().as_str(), expected, "{project} {place:?}");
        };
        check("OLD", Some("slack"), "slack");
        check("OLD", Some("chat"), "chat");
        check("OLD", None, "slack");
        check("SHOP", Some("slack"), "slack");
        check("SHOP", None, "chat");
    }
}
