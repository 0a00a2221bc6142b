//! A configured person's identity and groups.

use domain::Actor;
use domain::configuration::{Configuration, User};

pub(super) fn is_or_belongs_to(configuration: &Configuration, actor: &Actor, name: &String) -> bool {
    actor.person.as_ref() == Some(name) && user(configuration, actor).is_some()
        || is_member(configuration, actor, name)
}

pub(super) fn is_member(configuration: &Configuration, actor: &Actor, group: &str) -> bool {
    let members = configuration.groups.get(group);
    user(configuration, actor).zip(members).is_some_and(|(user, members)| members.contains(&user.name))
}

pub(super) fn user<'a>(configuration: &'a Configuration, actor: &Actor) -> Option<&'a User> {
    let person = actor.person.as_ref()?;
    configuration.users.iter().find(|user| user.name == *person)
}
