//! Asks the services what each credential may do. Changes nothing and incurs no costs.

use super::secrets::Secrets;
use super::{Finding, called};
use domain::configuration::{Configuration, Instance};
use domain::plugins::RepositoryAccess;
use domain::{ActionError, PermissionProblem};
use http_client::Options;
use providers::{Connector, ProviderSpec};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks every service that serves a project about that project, with these secrets. Questions that projects share are asked once.
pub(super) async fn permissions(
    configuration: &Configuration,
    secrets: &Secrets,
    findings: &mut Vec<Finding>,
) {
    let options = match Options::new() {
        Ok(options) => options.request_timeout(ANSWER_TIMEOUT),
        Err(error) => return findings.push(Finding::new("permissions", Err(error.to_string()))),
    };
    let mut asked = BTreeSet::new();
    for project in &configuration.projects {
        for name in project.providers.values() {
            let Some(instance) = configuration.instance(name.as_str()) else { continue };
            // A missing secret has already been reported.
            let Some((spec, connector)) = connector(instance, secrets, &options) else { continue };
            let Some(about) = (spec.probed)(&connector, project) else { continue };
            let subject = format!("{}, {about}", called(instance));
            if asked.insert(subject.clone()) {
                report(findings, &subject, (spec.probe)(&connector, project).await);
            }
        }
    }
}

fn connector<'a>(
    instance: Instance<'a>,
    secrets: &Secrets,
    options: &Options,
) -> Option<(&'static ProviderSpec, Connector<'a>)> {
    let spec = providers::find(instance.provider()).ok()?;
    let secret = match spec.secret {
        [] => Default::default(),
        _ => secrets.get(&instance.secret())?.clone(),
    };
    Some((spec, spec.connector(instance, options.clone(), secret, RepositoryAccess::ReadMetadata)))
}

/// One finding per problem, or a single positive one.
fn report(findings: &mut Vec<Finding>, subject: &str, asked: Result<Vec<PermissionProblem>, ActionError>) {
    match asked {
        Err(error) => findings.push(Finding::new(subject, Err(error.to_string()))),
        Ok(problems) if problems.is_empty() => findings.push(Finding::new(subject, Ok(()))),
        Ok(problems) => {
            findings.extend(problems.iter().map(|problem| Finding::of_permission(subject, problem)));
        }
    }
}
