//! `create_page_from_template`: creates a page of documentation, or updates the page of an earlier plan; its inverse deletes or restores it.

use crate::action::{Action, Done, NoOutput};
use crate::actions::delete_page::DeletePage;
use crate::actions::update_page::UpdatePage;
use crate::agent::template_values;
use crate::context::Context;
use crate::page_look::digest;
use crate::planned_page::{Writing, WrittenPage};
use crate::spec::ActionSpec;
use domain::{ActionError, PluginType};
use jiff::Timestamp;
use minijinja::Value;
use records::Partition;
use schemars::JsonSchema;
use serde::Deserialize;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Which template: the name of a file in `prompts/pages/` without its ending, `feature_documentation`.
    #[schemars(extend("x-aliases" = ["template"]))]
    pub template_type: String,
    /// The page's title.
    pub title: String,
    /// The main text in Markdown.
    #[serde(default)]
    pub content: Option<String>,
    /// The space's key. Default: the project's.
    #[serde(default)]
    pub space: Option<String>,
    /// The id of the page it stands under.
    #[serde(default)]
    pub parent: Option<String>,
    /// The requirements, as `read_requirements` returned them: the page that was written for the same ones is updated, also under a new title,
    /// unless people have changed it. Default: a new page.
    #[serde(default)]
    pub plan_id: Option<String>,
}

/// Renders the template and creates the page, unless an earlier attempt did, or updates the page of an earlier plan. Templates are given `title`,
/// `content`, `project` and `date`.
///
/// # Errors
/// `Rejected` if there is no such template or no space; `Conflict` if the space has a page with that title; the wiki's errors.
pub struct CreatePageFromTemplate;

impl Action for CreatePageFromTemplate {
    type Input = Input;
    type Output = WrittenPage;

    const SPEC: ActionSpec = ActionSpec::of_plugin("create_page_from_template", PluginType::Documentation)
        .effect()
        .undone_by(&[DeletePage::SPEC.name, UpdatePage::SPEC.name])
        .writing(&[Partition::Plan]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<WrittenPage>, NoOutput> {
        let wiki = context.wiki().await?;
        let templates = context.templates().await?;
        let project = &context.scope().project;
        let space = input.space.or_else(|| project.space.clone()).ok_or_else(|| {
            ActionError::rejected(format!(
                "the step names no space, and the project {} has no `space` in the configuration",
                project.key
            ))
        })?;
        let path = template_path(&input.template_type)?;
        templates.text(&path)?;
        let said =
            digest(&[&input.template_type, &input.title, input.content.as_deref().unwrap_or_default()]);
        let text = |at: Timestamp| {
            let values = template_values([
                ("title", Value::from(input.title.clone())),
                ("content", Value::from(input.content.clone())),
                ("project", Value::from(project.key.clone())),
                ("date", Value::from(at.strftime("%Y-%m-%d").to_string())),
            ]);
            templates.render_page(&path, &values)
        };
        let (title, parent) = (input.title.clone(), input.parent.clone());
        let writing = Writing { context, wiki: &*wiki, space, parent, title, said, text: &text };
        Ok(match &input.plan_id {
            Some(plan_id) => writing.create_or_update(plan_id).await?,
            None => writing.create().await?,
        })
    }
}

fn template_path(name: &str) -> Result<String, ActionError> {
    let legal = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !legal {
        return Err(ActionError::rejected(format!(
            "`{name}` is not a page template; accepted: the name of a file in prompts/pages/ without its ending"
        )));
    }
    Ok(format!("prompts/pages/{name}.md"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::template::Templates;

    #[test]
    fn templates_are_named_by_plain_words() {
        assert_eq!(template_path("feature_documentation").unwrap(), "prompts/pages/feature_documentation.md");
        for name in ["", "../system/planning", "a.md", "a/b"] {
            assert!(template_path(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_shipped_page_shows_its_content() {
        let values = template_values([
            ("title", Value::from("Discounts")),
            ("content", Value::from("# How")),
            ("project", Value::from("SHOP")),
            ("date", Value::from("2026-11-22")),
        ]);
        let page =
            Templates::default().render_page("prompts/pages/feature_documentation.md", &values).unwrap();
        assert!(page.starts_with("# How\n") && page.contains("SHOP on 2026-11-22"), "{page}");
    }
}
