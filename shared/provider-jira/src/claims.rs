//! The configuration's claims about the site.

use crate::jira::Jira;
use domain::configuration::same_status;
use domain::{ActionError, PermissionProblem};
use http_client::{Failure, Optional};
use provider::Claims;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Field {
    id: String,
    name: String,
}

impl Jira {
    /// Verifies the configuration's claims about the site: the account of the bot at `own_key`, people's accounts, the statuses of `project` and
    /// the custom fields.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn unmet_claims(
        &self,
        project: &str,
        own_key: &str,
        claims: &Claims,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let mut problems = Vec::new();
        if claims.own_account.is_some() {
            problems.extend(claims.own_account_problem(own_key, self.account_id().await?, true));
        }
        problems.extend(self.unknown_statuses(project, &claims.statuses).await?);
        problems.extend(self.unknown_fields().await?);
        for (person, account) in &claims.people {
            let request = self.client.get("/rest/api/3/user", &[]).query("accountId", account);
            match request.send().await.optional() {
                Ok(Some(_)) => {}
                Ok(None) => problems.push(Claims::unknown_account("Jira", person, account)),
                // An account that may not browse people cannot ask about them.
                Err(Failure { status: Some(403), .. }) => break,
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(problems)
    }

    async fn unknown_statuses(
        &self,
        project: &str,
        statuses: &[String],
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        if statuses.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.status_names(project).await?;
        let unknown = statuses.iter().filter(|status| !names.iter().any(|name| same_status(name, status)));
        let problem = |status: &String| {
            PermissionProblem::missing(
                format!("the status {status}"),
                format!("{project} has no status with this name; accepted: {}", names.join(", ")),
                "correct it in the workflow, or map its name there under projects.statuses",
            )
        };
        Ok(unknown.map(problem).collect())
    }

    async fn unknown_fields(&self) -> Result<Vec<PermissionProblem>, ActionError> {
        let configured = self.custom_fields.configured();
        if configured.is_empty() {
            return Ok(Vec::new());
        }
        let fields: Vec<Field> = self.client.get("/rest/api/3/field", &[]).send().await?.json()?;
        let unknown = configured.into_iter().filter(|(_, id)| !fields.iter().any(|field| field.id == *id));
        let problem = |(name, id): (&str, &str)| {
            let custom = fields.iter().filter(|field| field.id.starts_with("customfield_"));
            let known: Vec<_> = custom.map(|field| format!("{} ({})", field.id, field.name)).collect();
            PermissionProblem::missing(
                format!("the custom field {id}"),
                format!("the site has none with this ID; its own: {}", known.join(", ")),
                format!("correct {}.custom_fields.{name}", self.client.section()),
            )
        };
        Ok(unknown.map(problem).collect())
    }
}
