//! `ticketsmith secrets`: sets, lists and deletes secrets. Never prints a value.

pub(super) mod account;
mod json;
pub(super) mod prompt;

use crate::configuration_file::ConfigurationFile;
use crate::confirm::confirm;
use crate::exit::{Exit, Outcome};
use crate::place::{DataArgument, PlaceArgument};
use crate::secret_forms::{Content, SecretForm, named};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::SecretFile;
use account::Account;
use clap::Subcommand;
use domain::configuration::secret_id;
use providers::nearest;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// `ticketsmith secrets …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Set a secret, or one entry of it, to the JSON on standard input. On a terminal, it asks for each field and does not show what is
    /// typed.
    #[command(after_help = examples())]
    Set {
        /// The secret's name in the configuration; `NAME#ENTRY` sets one entry and keeps the others.
        name: String,
        /// The configuration that says who reads the secret; if there is none, the names in the examples are known.
        #[arg(long, value_name = "FILE", default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
        config: PathBuf,
        #[command(flatten)]
        place: PlaceArgument,
    },
    /// List the names of all secrets that are set.
    List {
        #[command(flatten)]
        place: PlaceArgument,
    },
    /// Delete a secret, or one entry of it.
    Delete {
        /// The secret's name; `NAME#ENTRY` deletes one entry and keeps the others. A stage's secrets belong to its stack: only entries of
        /// theirs can be deleted.
        name: String,
        /// Do not prompt.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        place: PlaceArgument,
    },
}

/// One line per provider, with the forms of its secret.
fn examples() -> String {
    let with_secrets = || providers::ALL.iter().filter(|spec| !spec.secret.is_empty());
    let local = with_secrets().map(|spec| {
        let (id, forms) = (spec.id, spec.secret_forms());
        format!("  ticketsmith secrets set ticketsmith/{id:<10} < {:<15} {forms}\n", format!("{id}.json"))
    });
    let account = with_secrets().filter_map(|spec| {
        let (id, bundle) = (spec.id, spec.bundle?.as_str());
        Some(format!(
            "  ticketsmith secrets set {:<29} --stage prod < {id}.json\n",
            format!("ticketsmith/{bundle}#{id}")
        ))
    });
    let sender = webhooks::SENDERS.first().map_or("NAME", |sender| sender.name());
    format!(
        "\
Examples, for `serve`:
{}  ticketsmith secrets set ticketsmith/signing    < signing.json    {}

In an AWS account, secrets group them by privilege:
{}  ticketsmith secrets set ticketsmith/signing           --stage prod < signing.json

To rotate a signing secret without losing a delivery, give both, which then both count; change it in the service; remove the old one:
  echo '[\"NEW\", \"OLD\"]' | ticketsmith secrets set ticketsmith/signing#{sender}
  echo '\"NEW\"'          | ticketsmith secrets set ticketsmith/signing#{sender}

A running `serve` takes a change up within a second, functions in an account within five minutes.

Exit codes: 0 set · 1 it was not confirmed · 2 the JSON is not what the secret's reader needs, or a file is not usable · 3 the stage is not reachable",
        local.collect::<String>(),
        webhooks::signing_form(),
        account.collect::<String>()
    )
}

/// Runs the command.
///
/// # Errors
/// Usage errors if the value does not meet its reader's needs or the file cannot be read or written; unreachable if Secrets
/// Manager does not answer or refuses.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Set { name, config, place } => {
            check_name(&name)?;
            let forms = forms(&config, &place)?;
            let readers = named(&forms, &name);
            let value = value(&name, &readers).await?;
            let id = secret_id(&name);
            match &place.stage {
                Some(_) => {
                    let account = Account::connect().await?;
                    let whole = with_entry(&name, value, account.get(id).await?.as_ref())?;
                    check(&name, &readers, &whole)?;
                    account.put(id, &text_of(&whole)).await?;
                }
                None => {
                    let with_value = |present: Option<&SecretString>| {
                        let whole = with_entry(&name, value, present)?;
                        check(&name, &readers, &whole)?;
                        Ok::<_, Exit>(Some(text_of(&whole)))
                    };
                    open(&place.data)?.update(id, with_value).map_err(Exit::usage)??;
                }
            }
            println!("{name} is set");
        }
        Arguments::List { place } => {
            let names = match &place.stage {
                Some(stage) => Account::connect().await?.names(stage).await?,
                None => existing(&place.data)?
                    .map(|file| file.names().map(str::to_owned).collect())
                    .unwrap_or_default(),
            };
            // Nothing at all could also mean that another folder was meant.
            if place.stage.is_none() && DataFolder::existing(&place.data.data).is_none() {
                eprintln!("no secret is set: there is no data folder {}", place.data.data.display());
            }
            for name in names {
                println!("{name}");
            }
        }
        Arguments::Delete { name, yes, place } => {
            check_name(&name)?;
            delete(&name, yes, &place).await?;
        }
    }
    Ok(())
}

/// The required form of the secrets: from the configuration, or by their usual names, which may not be the ones in use.
fn forms(config: &Path, place: &PlaceArgument) -> Outcome<Vec<SecretForm>> {
    let mut forms = Vec::new();
    if config.exists() {
        let file = ConfigurationFile::load(config).map_err(|error| {
            Exit::usage(format!("{error}\nthe configuration says who reads the secret; correct it first"))
        })?;
        forms = SecretForm::of(&file.configuration);
        forms.extend(SecretForm::of_sign_in(&file.configuration, place));
    }
    let is_told = |name: &str| forms.iter().any(|form| form.name == name);
    let usual: Vec<_> = SecretForm::by_convention().into_iter().filter(|form| !is_told(&form.name)).collect();
    forms.extend(usual);
    Ok(forms)
}

/// Refuses an impossible name. It may be the secret itself, so the error does not repeat it.
fn check_name(name: &str) -> Outcome {
    providers::secret_name_problem(name).map_or(Ok(()), |problem| Err(Exit::usage(problem)))
}

/// The value on standard input, or typed on a terminal.
async fn value(name: &str, readers: &[&SecretForm]) -> Outcome<Value> {
    if std::io::stdin().is_terminal() {
        let content = match readers {
            [only] if only.name == name => Some(&only.content),
            _ => None,
        };
        return prompt::ask(content).await;
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Exit::usage(format!("standard input cannot be read: {error}")))?;
    // Some Windows shells put a byte-order mark before piped input.
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    json::read(text)
}

/// Refuses a secret that one of its readers could not use. Of a whole secret, only the entries that it has are checked.
pub(super) fn check(name: &str, readers: &[&SecretForm], whole: &Value) -> Outcome {
    if let Some(entry) = signing_entry(name, readers) {
        if let Some(told) = unread_entry(entry, readers) {
            eprintln!("{told}");
        }
        let problem = whole.get(entry).and_then(webhooks::signing_entry_problem);
        return problem.map_or(Ok(()), |problem| {
            Err(Exit::usage(format!("{name} was not set: it {problem}; accepted: a text, or [NEW, OLD]")))
        });
    }
    if readers.is_empty() {
        eprintln!("nothing in the configuration reads {name}, so its fields were not checked");
    }
    let has_entry = |form: &&&SecretForm| {
        form.name.split_once('#').is_none_or(|(_, entry)| form.name == name || whole.get(entry).is_some())
    };
    for form in readers.iter().filter(has_entry) {
        let problem = match &form.content {
            Content::Signing(endpoints) => signing_problem(endpoints, whole),
            Content::Credentials { .. } | Content::SignIn => form.problem(whole),
        };
        if let Some(problem) = problem {
            let accepted = format!("accepted: {}", form.accepted());
            // A client that refused it has said so already.
            let told = if problem.contains(&accepted) { problem } else { format!("{problem}; {accepted}") };
            return Err(Exit::usage(format!("{} was not set: {told}", form.name)));
        }
    }
    Ok(())
}

/// Why signing secrets are not usable. Those of some senders may be missing, which is said: others are set later.
fn signing_problem(endpoints: &[String], whole: &Value) -> Option<String> {
    let is_there = |name: &String| whole.get(name).is_some();
    let (present, absent): (Vec<_>, Vec<_>) = endpoints.iter().cloned().partition(is_there);
    if present.is_empty() {
        return webhooks::signing_problem(whole, endpoints);
    }
    if !absent.is_empty() {
        eprintln!(
            "deliveries of {} are refused until their signing secrets are set as well",
            absent.join(", ")
        );
    }
    webhooks::signing_problem(whole, &present)
}

/// The entry, if the name refers to one of the signing secrets.
fn signing_entry<'a>(name: &'a str, readers: &[&SecretForm]) -> Option<&'a str> {
    let (_, entry) = name.split_once('#')?;
    readers.iter().any(|form| matches!(form.content, Content::Signing(_))).then_some(entry)
}

/// That no sender of webhooks has this name, and which one was probably meant.
fn unread_entry(entry: &str, readers: &[&SecretForm]) -> Option<String> {
    let endpoints = || {
        readers.iter().filter_map(|form| match &form.content {
            Content::Signing(endpoints) => Some(endpoints.iter().map(String::as_str)),
            Content::Credentials { .. } | Content::SignIn => None,
        })
    };
    if endpoints().flatten().any(|endpoint| endpoint == entry) {
        return None;
    }
    let meant = nearest(entry, endpoints().flatten()).map(|name| format!("; did you mean `{name}`?"));
    Some(format!(
        "no sender `{entry}` is known here, so nothing reads its signing secret{}",
        meant.unwrap_or_default()
    ))
}

/// The secret's new value: the given one, or the present one with the named entry replaced.
pub(super) fn with_entry(name: &str, value: Value, present: Option<&SecretString>) -> Outcome<Value> {
    let Some((id, entry)) = name.split_once('#') else { return Ok(value) };
    let mut bundle = bundle(id, present)?;
    bundle.insert(entry.to_owned(), value);
    Ok(Value::Object(bundle))
}

/// The entries of an existing secret, or none.
fn bundle(id: &str, present: Option<&SecretString>) -> Outcome<Map<String, Value>> {
    match present {
        None => Ok(Map::new()),
        Some(present) => serde_json::from_str(present.expose_secret())
            .map_err(|_| Exit::usage(format!("{id} is not a JSON object"))),
    }
}

pub(super) fn text_of(whole: &Value) -> SecretString {
    whole.to_string().into()
}

async fn delete(name: &str, yes: bool, place: &PlaceArgument) -> Outcome {
    let id = secret_id(name);
    let entry = name.split_once('#').map(|(_, entry)| entry);
    let absent = || Exit::negative(format!("{name} is not set; `ticketsmith secrets list` shows what is"));
    let without = |present: &SecretString, entry: &str| {
        let mut bundle = bundle(id, Some(present))?;
        bundle.remove(entry).ok_or_else(absent)?;
        Ok::<_, Exit>(text_of(&Value::Object(bundle)))
    };
    let question = format!("delete {name}? Everything that uses it fails until it is set again");
    if place.stage.is_some() {
        let entry = entry.ok_or_else(|| {
            Exit::usage(format!(
                "{name} belongs to the stage's stack; pass {name}#ENTRY to delete one entry of it"
            ))
        })?;
        let account = Account::connect().await?;
        let whole = without(&account.get(id).await?.ok_or_else(absent)?, entry)?;
        confirm(&question, yes)?;
        account.put(id, &whole).await?;
    } else {
        let mut file = existing(&place.data)?.ok_or_else(absent)?;
        let rest = |present: Option<&SecretString>| {
            let present = present.ok_or_else(absent)?;
            entry.map(|entry| without(present, entry)).transpose()
        };
        // If the name does not exist, say so without asking anything.
        rest(file.get(id))?;
        confirm(&question, yes)?;
        file.update(id, rest).map_err(Exit::usage)??;
    }
    println!("{name} is deleted");
    Ok(())
}

pub(super) fn open(data: &DataArgument) -> Outcome<SecretFile> {
    let folder = DataFolder::open(&data.data)
        .map_err(|error| Exit::usage(format!("{}: {error}", data.data.display())))?;
    SecretFile::open(&folder).map_err(Exit::usage)
}

/// The secrets of a data folder that exists; makes nothing.
fn existing(data: &DataArgument) -> Outcome<Option<SecretFile>> {
    let Some(folder) = DataFolder::existing(&data.data) else { return Ok(None) };
    SecretFile::existing(&folder).map_err(Exit::usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_entry_is_set_and_the_others_stay() {
        let present = SecretString::from(r#"{"slack":{"bot_token":"s"}}"#);
        let whole = with_entry("ticketsmith/work#jira", json!({"email": "e"}), Some(&present)).unwrap();
        assert_eq!(whole, json!({"slack": {"bot_token": "s"}, "jira": {"email": "e"}}));
        let whole = with_entry("ticketsmith/jira", json!({"email": "e"}), Some(&present)).unwrap();
        assert_eq!(whole, json!({"email": "e"}));
        assert!(with_entry("a#b", json!({}), Some(&"hunter2".into())).is_err());
    }

    #[test]
    fn a_name_that_no_secret_can_have_is_refused() {
        for name in ["", "a b", "ticketsmith/github#", "#jira", "a#b#c", "a\n"] {
            let refused = check_name(name).unwrap_err().to_string();
            assert!(refused.contains("not the name of a secret"), "{name:?}: {refused}");
        }
        check_name("ticketsmith/work#jira").unwrap();
    }

    #[test]
    fn what_its_reader_could_not_use_is_not_set() {
        let forms = SecretForm::by_convention();
        let check = |name: &str, whole: Value| {
            let checked = check(name, &named(&forms, name), &whole).map_err(|exit| exit.to_string());
            assert!(checked.as_ref().err().is_none_or(|error| !error.contains("hunter2")), "{checked:?}");
            checked.err()
        };
        let accepted = json!({"email": "e", "api_token": "hunter2"});
        assert_eq!(check("ticketsmith/jira", accepted.clone()), None);
        let refused = check("ticketsmith/jira", json!({"email": "hunter2"})).unwrap();
        assert!(
            refused.contains("`api_token` is missing") && refused.contains("accepted: {\"email\""),
            "{refused}"
        );
        // Of a bundle, the entries that are there.
        assert_eq!(check("ticketsmith/work", json!({"jira": accepted})), None);
        assert!(check("ticketsmith/work", json!({"jira": {"email": "e"}})).is_some());
        assert!(check("ticketsmith/work#slack", json!({"jira": accepted, "slack": {}})).is_some());
        assert_eq!(check("somebody/else", json!(1)), None);
        let whole = |entry: Value| json!({"github": entry});
        assert_eq!(check("ticketsmith/signing#github", whole(json!(["hunter2", "old"]))), None);
        assert_eq!(check("ticketsmith/signing#github", whole(json!("hunter2"))), None);
        let refused = check("ticketsmith/signing#github", whole(json!({"secret": "hunter2"}))).unwrap();
        assert!(refused.contains("a list of at most two"), "{refused}");
        let told = |entry: &str| unread_entry(entry, &named(&forms, "ticketsmith/signing"));
        assert_eq!(told("github"), None);
        assert!(told("githb").unwrap().ends_with("did you mean `github`?"), "{:?}", told("githb"));
        // The message lists what is accepted only once, whichever check refused it.
        let refused = check("ticketsmith/github", json!({"token": 5})).unwrap();
        assert_eq!(refused.matches("accepted: ").count(), 1, "{refused}");
        // A pasted line break would end in a header that no client can send.
        for text in ["t\n", " t", "t\u{a0}", "a\nb", "a b"] {
            let refused = check("ticketsmith/github", json!({"token": text})).unwrap();
            assert!(refused.contains("`token` has a blank or a line break"), "{refused}");
        }
        let refused = check("ticketsmith/github", json!({"app_id": "1"})).unwrap();
        assert!(
            refused.contains("`installation_id` is missing") && !refused.contains("`token` is missing"),
            "{refused}"
        );
    }
}
