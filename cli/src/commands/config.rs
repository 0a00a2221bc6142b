//! `ticketsmith config`: checks and applies `ticketsmith.yaml`.

use crate::account::Stage;
use crate::configuration_file::{ConfigurationFile, example, lines_in};
use crate::confirm::confirm;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::in_force;
use crate::place::PlaceArgument;
use crate::server::opt_in::unknown_workflows;
use crate::server::workflows::Workflows;
use clap::Subcommand;
use domain::configuration::{Configuration, Instance, Project, secret_id};
use domain::{Bundle, PluginType};
use jiff::Timestamp;
use records::RecordsError;
use similar::TextDiff;
use std::path::{Path, PathBuf};

/// `ticketsmith config …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Check the file and report every problem.
    #[command(after_help = "Example:\n  ticketsmith config check --config ticketsmith.yaml")]
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
        config: PathBuf,
    },
    /// Print a complete configuration with every key explained.
    #[command(after_help = "Example:\n  ticketsmith config example > ticketsmith.yaml")]
    Example,
    /// Print the configuration as a file: the file in force, together with the projects, people and services managed by the API.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        #[command(flatten)]
        place: PlaceArgument,
    },
    /// Check the file, show its changes, and apply them.
    #[command(after_help = APPLY_EXAMPLES)]
    Apply {
        /// The configuration.
        #[arg(default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
        config: PathBuf,
        /// Do not prompt.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        place: PlaceArgument,
    },
}

const APPLY_EXAMPLES: &str = "\
Examples:
  ticketsmith config apply ticketsmith.yaml --stage prod
  ticketsmith config apply ticketsmith.yaml --data .ticketsmith --yes

Functions see the change within a minute. When `serve` starts, it applies its own file again.

Exit codes: 0 applied, or nothing to change · 1 not confirmed · 2 the file is invalid · 3 neither `serve` nor the stage is reachable";

const EXPORT_EXAMPLES: &str = "\
Examples:
  ticketsmith config export > ticketsmith.yaml
  ticketsmith config export --stage prod > ticketsmith.yaml

Used as the file, it configures the same. The file then manages all its projects, people and services, and the API none of them.

Exit codes: 0 printed · 1 nothing is configured · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// Usage errors that name every problem; negative when the person does not confirm; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Check { config } => {
            let file = ConfigurationFile::load(&config)?;
            let unknown = unknown(&config, &file)?;
            let projects: Vec<_> =
                file.configuration.projects.iter().map(|project| project.key.as_str()).collect();
            println!("{}: OK; projects: {}", config.display(), projects.join(", "));
            for project in &file.configuration.projects {
                if let Some(unset) = unset(project) {
                    println!("{}: {unset}", project.key);
                }
                for problem in unsupported(&file.configuration, project) {
                    println!("{}: {problem}", project.key);
                }
            }
            for section in unused(&file.configuration) {
                println!("{section}");
            }
            for line in unknown {
                println!("{line}");
            }
            Ok(())
        }
        Arguments::Example => {
            print!("{}", example());
            Ok(())
        }
        Arguments::Export { place } => export(&place).await,
        Arguments::Apply { config, yes, place } => apply(&config, yes, &place).await,
    }
}

/// Workflows that projects name but that do not exist next to the file. If no workflows are there, the shipped ones count, because `serve` runs
/// those; a stage may have others, so then an unknown name is not an error.
///
/// # Errors
/// A usage error with all of them, if there are workflows next to the file.
fn unknown(path: &Path, file: &ConfigurationFile) -> Outcome<Vec<String>> {
    // Mistakes in workflows are what `workflow check` is for.
    let Ok(workflows) = Workflows::load(&file.folder) else { return Ok(Vec::new()) };
    let lines = lines_in(path, &unknown_workflows(&workflows, &file.configuration))?;
    match file.folder.join("workflows").is_dir() && !lines.is_empty() {
        true => Err(Exit::usage(lines.join("\n"))),
        false => Ok(lines),
    }
}

/// The plugin types that no provider serves in a project, and what that means for its workflows.
fn unset(project: &Project) -> Option<String> {
    let is_unset = |plugin: &PluginType| !project.providers.contains_key(plugin);
    let unset: Vec<_> = PluginType::ALL.into_iter().filter(is_unset).map(PluginType::as_str).collect();
    (!unset.is_empty()).then(|| {
        format!(
            "no provider for {}; steps that need one are skipped, unless their action requires it",
            unset.join(", ")
        )
    })
}

/// The actions that a project's providers cannot do, with the reasons.
fn unsupported(configuration: &Configuration, project: &Project) -> Vec<String> {
    let serving = project.providers.values().filter_map(|name| {
        let provider = configuration.instance(name.as_str()).map_or(name.as_str(), Instance::provider);
        Some((name, providers::find(provider).ok()?))
    });
    let refused =
        serving.flat_map(|(name, spec)| spec.unsupported.iter().map(move |refused| (name, refused)));
    refused
        .map(|(name, (action, why))| format!("{name} cannot do {action}, so its steps fail: {why}"))
        .collect()
}

/// The sections under `plugins` that no project names, with what they are good for all the same.
fn unused(configuration: &Configuration) -> Vec<String> {
    let is_used = |instance: &Instance<'_>| {
        configuration
            .projects
            .iter()
            .any(|project| project.providers.values().any(|name| name == instance.name))
    };
    let unused = configuration.instances().filter(|instance| !is_used(instance));
    let told = unused.map(|instance| {
        let (name, provider) = (instance.name, instance.provider());
        let serves_models =
            providers::find(provider).is_ok_and(|spec| spec.serves.contains(&PluginType::AiProvider));
        let still = if serves_models {
            "; agents may name its models"
        } else if webhooks::SENDERS.iter().any(|sender| sender.name() == provider) {
            "; what it sends is accepted"
        } else {
            ""
        };
        format!("plugins.{name}: no project uses it{still}")
    });
    told.collect()
}

async fn export(place: &PlaceArgument) -> Outcome {
    let table = Connection::open(place).await?.table;
    match table.configuration(Timestamp::now()).await {
        Ok(configuration) => {
            let mut exported = Configuration::clone(&configuration);
            // A file refuses roles in projects that do not exist, and there they mean nothing.
            exported.forget_roles_nowhere();
            print!("{}", text(&exported)?);
        }
        Err(RecordsError::Missing(_)) => return Err(Exit::negative("nothing is configured there")),
        Err(error) => return Err(Exit::unreachable(error)),
    }
    Ok(())
}

async fn apply(path: &Path, yes: bool, place: &PlaceArgument) -> Outcome {
    let wanted = ConfigurationFile::load(path)?.configuration;
    if let Some(stage) = &place.stage {
        check_secrets(&wanted, stage, path)?;
    }
    let table = Connection::open(place).await?.table;
    let present = match table.configuration_of_file(Timestamp::now()).await {
        Ok(present) => Some(present),
        Err(RecordsError::Missing(_)) => None,
        Err(error) => return Err(Exit::unreachable(error)),
    };
    if present.as_deref() == Some(&wanted) {
        // Derived data may come from an earlier version.
        let put = in_force::put_file(&table, "config apply", &wanted);
        in_force::audited(&table, "config apply", put).await?;
        println!("{} is already in force", path.display());
        return Ok(());
    }
    let before = present.as_deref().map(text).transpose()?.unwrap_or_default();
    let after = text(&wanted)?;
    let changes = TextDiff::from_lines(&before, &after);
    print!("{}", changes.unified_diff().context_radius(3).header("in force", &path.display().to_string()));
    confirm("Apply these changes?", yes)?;
    let put = in_force::put_file(&table, "config apply", &wanted);
    let version = in_force::audited(&table, "config apply", put).await?;
    println!("version {version} takes effect within a minute");
    Ok(())
}

/// The configuration as functions see it, including defaults.
fn text(configuration: &Configuration) -> Outcome<String> {
    serde_saphyr::to_string(configuration).map_err(Exit::usage)
}

/// A stage's functions may read only the stage's own secrets.
fn check_secrets(configuration: &Configuration, stage: &Stage, path: &Path) -> Outcome {
    let credentials = configuration.instances().filter_map(|instance| {
        let bundle = providers::find(instance.provider()).ok()?.bundle?;
        let entry = format!("#{}", instance.name);
        Some((format!("plugins.{}", instance.name), instance.secret().into_owned(), bundle, entry))
    });
    let webhooks = &configuration.webhooks.secret;
    let signing = ("webhooks".to_owned(), webhooks.clone(), Bundle::Signing, String::new());
    let problems: Vec<_> = std::iter::once(signing)
        .chain(credentials)
        .filter_map(|(section, secret, bundle, entry)| {
            let accepted = stage.secret(bundle);
            (secret_id(&secret) != accepted).then(|| {
                format!(
                    "{}: {section}.secret: the functions of the stage {} may not read `{secret}`; accepted: `{accepted}{entry}`",
                    path.display(),
                    stage.name()
                )
            })
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Exit::usage(problems.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_configures_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ticketsmith.yaml");
        std::fs::write(
            &path,
            r##"
projects:
  - { key: SHOP, repository: acme/shop, providers: { task_management: jira, version_control: github }, channel: "#shop",
      may_trigger: [engineering, repository-writers], statuses: { in_review: "no", done: "1.10" }, protected_paths: ["*.lock", "&a", "%x"],
      checks: { test: "npm test # all", minutes: 7 }, workflows: [code_review], ci_gate: always }
plugins: { jira: { base_url: "https://acme.atlassian.net", secret: ticketsmith/work#jira }, github: {}, slack: {} }
webhooks: { mention: "@bot", own_accounts: { github: "ticketsmith[bot]" } }
budgets: { per_task_usd: 2.5, per_project_month_usd: 100 }
notify: [approval]
groups: { engineering: [ada], "off": [] }
users: [{ name: ada, jira: 5e10, github: 0123, roles: [developer] }, { name: "null", roles: { SHOP: [viewer] } }]
"##,
        )
        .unwrap();
        let mut configuration = ConfigurationFile::load(&path).unwrap().configuration;
        let managed = serde_json::json!({
            "key": "acme/gift", "repository": "acme/gift", "base_branch": "trunk", "space": "~",
            "providers": {"task_management": "github", "version_control": "github"},
        });
        configuration.projects.push(serde_json::from_value(managed).unwrap());
        let person = serde_json::json!({"name": "grace", "jira": "1e5", "roles": {"acme/gift": ["admin"]}});
        configuration.users.push(serde_json::from_value(person).unwrap());
        std::fs::write(&path, text(&configuration).unwrap()).unwrap();
        assert_eq!(ConfigurationFile::load(&path).unwrap().configuration, configuration);
    }

    #[test]
    fn a_workflow_that_is_not_there_is_refused_or_told_at_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ticketsmith.yaml");
        let providers = "providers: { version_control: github }";
        let text = format!(
            "plugins: {{ github: {{}} }}\nprojects:\n  - {{ key: SHOP, repository: acme/shop, {providers}, workflows: [code_revew] }}\n"
        );
        std::fs::write(&path, text).unwrap();
        let check = || unknown(&path, &ConfigurationFile::load(&path).unwrap());
        let is_told = |line: &str| {
            line.contains("ticketsmith.yaml:3:")
                && line.contains("projects[0].workflows[0]: no workflow `code_revew` has `opt_in: true`")
        };
        let told = check().unwrap();
        assert!(told.len() == 1 && is_told(&told[0]), "{told:?}");
        assert!(told[0].contains("did you mean `code_review`?"), "{told:?}");
        std::fs::create_dir(folder.path().join("workflows")).unwrap();
        let own = folder.path().join("workflows/code_revew.yaml");
        let workflow =
            "name: Mine\nopt_in: true\nsteps:\n  - { name: note, type: set, variables: { a: b } }\n";
        std::fs::write(&own, workflow).unwrap();
        assert_eq!(check().unwrap(), Vec::<String>::new());
        std::fs::write(&own, workflow.replace("opt_in: true\n", "")).unwrap();
        let refused = check().unwrap_err().to_string();
        assert!(is_told(&refused), "{refused}");
    }

    #[test]
    fn plugin_types_without_a_provider_are_listed() {
        let project = |providers: serde_json::Value| {
            let json = serde_json::json!({"key": "SHOP", "repository": "acme/shop", "providers": providers});
            unset(&serde_json::from_value(json).unwrap())
        };
        let all = serde_json::json!({
            "task_management": "jira", "version_control": "github", "documentation": "confluence",
            "communication": "slack", "ai_provider": "openai", "monitoring": "cloudwatch",
        });
        assert_eq!(project(all), None);
        let most =
            project(serde_json::json!({"version_control": "github", "ai_provider": "openai"})).unwrap();
        let expected = "no provider for task_management, documentation, communication, monitoring; steps that need one are skipped, unless their action requires it";
        assert_eq!(most, expected);
    }

    #[test]
    fn what_a_provider_cannot_do_is_said_with_the_reason() {
        let check = |monitoring: &str| {
            let configuration: Configuration = serde_json::from_value(serde_json::json!({
                "projects": [{"key": "SHOP", "repository": "acme/shop", "providers": {"monitoring": monitoring}}],
                "plugins": {"numbers": {"provider": "prometheus", "base_url": "https://prometheus.example"}},
            }))
            .unwrap();
            unsupported(&configuration, &configuration.projects[0])
        };
        let expected = "numbers cannot do emit_event, so its steps fail: Prometheus keeps numbers over time, and no events";
        assert_eq!(check("numbers"), [expected]);
        assert_eq!(check("cloudwatch"), Vec::<String>::new());
    }

    #[test]
    fn sections_that_no_project_uses_are_listed() {
        let configuration: Configuration = serde_json::from_value(serde_json::json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop", "providers": {"version_control": "github"}}],
            "plugins": {"github": {}, "old": {"provider": "jira"}, "openai": {}, "notion": {}},
        }))
        .unwrap();
        let expected = [
            "plugins.notion: no project uses it",
            "plugins.old: no project uses it; what it sends is accepted",
            "plugins.openai: no project uses it; agents may name its models",
        ];
        assert_eq!(unused(&configuration), expected);
    }

    #[test]
    fn a_stage_reads_its_own_secrets_only() {
        let check = |jira: &str| {
            let json = serde_json::json!({
                "projects": [],
                "plugins": {"jira": {"base_url": "https://acme.atlassian.net", "secret": jira}},
                "webhooks": {"secret": "ticketsmith-dev/signing"},
            });
            let configuration = serde_json::from_value(json).unwrap();
            check_secrets(&configuration, &"dev".parse().unwrap(), Path::new("c.yaml"))
        };
        check("ticketsmith-dev/work#jira").unwrap();
        for wrong in ["ticketsmith/work#jira", "ticketsmith-dev/models#jira"] {
            let message = check(wrong).unwrap_err().to_string();
            assert!(message.contains("accepted: `ticketsmith-dev/work#jira`"), "{message}");
        }
    }
}
