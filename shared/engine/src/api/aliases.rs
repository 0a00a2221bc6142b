//! Aliases of state machines, and the versions they point to.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{page, seconds, without_nulls};
use crate::arn::{Qualifier, StateMachineArn};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::NAME_CHARACTERS;
use crate::log::{AliasRow, NewAlias, Route};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct RoutingConfiguration {
    state_machine_version_arn: String,
    weight: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateStateMachineAlias {
    name: String,
    description: Option<String>,
    routing_configuration: Vec<RoutingConfiguration>,
}

pub(super) async fn create(engine: &Engine, request: CreateStateMachineAlias) -> Result<Value, EngineError> {
    let CreateStateMachineAlias { name, description, routing_configuration } = request;
    check_name(&name)?;
    let (state_machine_arn, routes) = routes(engine, &routing_configuration).await?;
    let machine = engine.inner.state_machine(&state_machine_arn).await?;
    if machine.deleting {
        return Err(EngineError::StateMachineDeleting(machine.arn));
    }
    let new = NewAlias { state_machine_arn: machine.arn.clone(), name, description, routes };
    let alias = match engine.inner.log.create_alias(new.clone(), engine.inner.now()).await? {
        Ok(alias) => alias,
        Err(existing) if existing.description == new.description && existing.routes == new.routes => existing,
        Err(_) => {
            return Err(EngineError::Conflict(
                "Failed to create alias because an alias with the same name and a different routing configuration \
                 already exists."
                    .to_owned(),
            ));
        }
    };
    Ok(json!({
        "stateMachineAliasArn": format!("{}:{}", machine.arn, alias.name),
        "creationDate": seconds(alias.created),
    }))
}

/// A name made of digits would look like a version.
fn check_name(name: &str) -> Result<(), EngineError> {
    let legal = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
    let digits_alone = name.chars().all(|character| character.is_ascii_digit());
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS || !name.chars().all(legal) || digits_alone {
        return Err(EngineError::Validation(format!(
            "'{name}' cannot name an alias; it has 1 to {NAME_CHARACTERS} letters, digits, '_', '-' and '.', and not \
             digits alone"
        )));
    }
    Ok(())
}

/// Checks the routing of an alias and returns its state machine and routes.
async fn routes(
    engine: &Engine,
    configuration: &[RoutingConfiguration],
) -> Result<(String, Vec<Route>), EngineError> {
    let invalid = |message: String| Err(EngineError::InvalidRouting(message));
    let arns = configuration.iter().map(|way| way.state_machine_version_arn.as_str());
    let received = format!("[{}]", arns.clone().collect::<Vec<_>>().join(", "));
    if !(1..=2).contains(&configuration.len()) {
        return invalid(format!("A routing configuration has one or two versions. Received: {received}"));
    }
    let mut machine = None;
    let mut routes: Vec<Route> = Vec::new();
    for way in configuration {
        let arn = &way.state_machine_version_arn;
        let parsed = StateMachineArn::parse(arn).ok_or_else(|| EngineError::InvalidArn(arn.clone()))?;
        let Some(Qualifier::Version(version)) = parsed.qualifier else {
            return invalid(format!(
                "Routing configuration must contain state machine version ARNs. Received: {received}"
            ));
        };
        if *machine.get_or_insert(parsed.unqualified) != parsed.unqualified {
            return invalid(format!("All versions must belong to one state machine. Received: {received}"));
        }
        if routes.iter().any(|route| route.version == version) {
            return invalid(format!(
                "Routing configuration must contain distinct state machine version ARNs. Received: {received}"
            ));
        }
        if engine.inner.log.version(parsed.unqualified.to_owned(), version).await?.is_none() {
            return Err(EngineError::ResourceNotFound(arn.clone()));
        }
        let weight = u8::try_from(way.weight).ok().filter(|weight| *weight <= 100);
        let Some(weight) = weight else {
            return invalid(format!("A weight is from 0 to 100, and not {}", way.weight));
        };
        routes.push(Route { version, weight });
    }
    let sum: i64 = configuration.iter().map(|way| way.weight).sum();
    if sum != 100 {
        let weights: Vec<i64> = configuration.iter().map(|way| way.weight).collect();
        return invalid(format!(
            "Sum of routing configuration weights must equal 100. Received: {}",
            json!(weights)
        ));
    }
    Ok((machine.unwrap_or_default().to_owned(), routes))
}

/// Takes the ARN of an alias apart: the state machine and the name.
fn parse(arn: &str) -> Result<(String, String), EngineError> {
    match StateMachineArn::parse(arn) {
        Some(StateMachineArn { unqualified, qualifier: Some(Qualifier::Alias(name)), .. }) => {
            Ok((unqualified.to_owned(), name.to_owned()))
        }
        _ => Err(EngineError::InvalidArn(arn.to_owned())),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateStateMachineAlias {
    state_machine_alias_arn: String,
    description: Option<String>,
    routing_configuration: Option<Vec<RoutingConfiguration>>,
}

pub(super) async fn update(engine: &Engine, request: UpdateStateMachineAlias) -> Result<Value, EngineError> {
    let UpdateStateMachineAlias { state_machine_alias_arn, description, routing_configuration } = request;
    let (machine, name) = parse(&state_machine_alias_arn)?;
    let routes = match &routing_configuration {
        Some(configuration) => {
            let (of, routes) = routes(engine, configuration).await?;
            if of != machine {
                return Err(EngineError::InvalidRouting(format!(
                    "The alias '{state_machine_alias_arn}' cannot lead to versions of '{of}'"
                )));
            }
            Some(routes)
        }
        None if description.is_none() => {
            let message = "Either the description or the routing configuration must be specified";
            return Err(EngineError::Validation(message.to_owned()));
        }
        None => None,
    };
    let now = engine.inner.now();
    match engine.inner.log.update_alias(machine, name, (description, routes), now).await? {
        true => Ok(json!({ "updateDate": seconds(now) })),
        false => Err(EngineError::ResourceNotFound(state_machine_alias_arn)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alias {
    state_machine_alias_arn: String,
}

pub(super) async fn describe(engine: &Engine, request: Alias) -> Result<Value, EngineError> {
    let (machine, name) = parse(&request.state_machine_alias_arn)?;
    let alias = engine.inner.log.alias(machine.clone(), name).await?;
    let alias =
        alias.ok_or_else(|| EngineError::ResourceNotFound(request.state_machine_alias_arn.clone()))?;
    let routing: Vec<RoutingConfiguration> = alias
        .routes
        .iter()
        .map(|route| RoutingConfiguration {
            state_machine_version_arn: format!("{machine}:{}", route.version),
            weight: route.weight.into(),
        })
        .collect();
    Ok(without_nulls(json!({
        "stateMachineAliasArn": request.state_machine_alias_arn,
        "name": alias.name,
        "description": alias.description,
        "routingConfiguration": routing,
        "creationDate": seconds(alias.created),
        "updateDate": seconds(alias.updated),
    })))
}

/// Deleting something that does not exist succeeds.
pub(super) async fn delete(engine: &Engine, request: Alias) -> Result<Value, EngineError> {
    let (machine, name) = parse(&request.state_machine_alias_arn)?;
    engine.inner.log.delete_alias(machine, name).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListStateMachineAliases {
    state_machine_arn: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The aliases of a state machine, or those that point to one of its versions, by name.
pub(super) async fn list(engine: &Engine, request: ListStateMachineAliases) -> Result<Value, EngineError> {
    let arn = &request.state_machine_arn;
    let parsed = StateMachineArn::parse(arn).ok_or_else(|| EngineError::InvalidArn(arn.clone()))?;
    let machine = engine.inner.state_machine(parsed.unqualified).await?;
    let leads_there = |alias: &AliasRow| match parsed.qualifier {
        Some(Qualifier::Version(version)) => alias.routes.iter().any(|route| route.version == version),
        Some(Qualifier::Alias(name)) => alias.name == name,
        None => true,
    };
    let limit = page::size(request.max_results)?;
    let after = request.next_token.as_deref().map(page::last).transpose()?;
    let mut aliases = engine.inner.log.aliases(machine.arn.clone()).await?;
    aliases.retain(|alias| leads_there(alias) && after.as_ref().is_none_or(|after| alias.name > *after));
    let next = (aliases.len() > limit).then(|| page::token(&aliases[limit - 1].name));
    aliases.truncate(limit);
    let aliases: Vec<Value> = aliases
        .iter()
        .map(|alias| {
            json!({
                "stateMachineAliasArn": format!("{}:{}", machine.arn, alias.name),
                "creationDate": seconds(alias.created),
            })
        })
        .collect();
    Ok(without_nulls(json!({ "stateMachineAliases": aliases, "nextToken": next })))
}
