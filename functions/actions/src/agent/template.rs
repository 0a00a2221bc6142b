//! Prompt templates: minijinja, strict about undefined names, with every value fenced as data.

use super::fence::fence;
use domain::{ActionError, PULL_REQUEST, naming_pull_requests};
use minijinja::value::{Object, ObjectRepr, ValueKind};
use minijinja::{Environment, Output, State, UndefinedBehavior, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The templates that come with Ticketsmith, by their paths from the folder of `ticketsmith.yaml`. A project's own file of the same
/// path replaces one.
pub const SHIPPED: &[(&str, &str)] = &[
    ("prompts/analyze_codebase.md", include_str!("../../../../prompts/analyze_codebase.md")),
    ("prompts/code_generation.txt", include_str!("../../../../prompts/code_generation.txt")),
    ("prompts/code_implementation.md", include_str!("../../../../prompts/code_implementation.md")),
    ("prompts/documentation.md", include_str!("../../../../prompts/documentation.md")),
    ("prompts/file_selection.md", include_str!("../../../../prompts/file_selection.md")),
    ("prompts/implementation_plan.md", include_str!("../../../../prompts/implementation_plan.md")),
    ("prompts/text.md", include_str!("../../../../prompts/text.md")),
    (
        "prompts/pages/feature_documentation.md",
        include_str!("../../../../prompts/pages/feature_documentation.md"),
    ),
    ("prompts/pages/project_plan.md", include_str!("../../../../prompts/pages/project_plan.md")),
    ("prompts/agents/development.md", include_str!("../../../../prompts/agents/development.md")),
    ("prompts/agents/planning.md", include_str!("../../../../prompts/agents/planning.md")),
    ("prompts/agents/review.md", include_str!("../../../../prompts/agents/review.md")),
    ("prompts/system/development.md", include_str!("../../../../prompts/system/development.md")),
    ("prompts/system/planning.md", include_str!("../../../../prompts/system/planning.md")),
];

/// How many instructions a template may take, each of about 64 bytes of memory: far more than a prompt of a model's whole context takes, and
/// less than a second.
const MOST_WORK: u64 = 1_000_000;

/// Words that a model follows, printed as they are. No filter creates one from a text, not even `safe`.
#[derive(Debug)]
pub(super) struct Authored(pub(super) String);

impl Object for Authored {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The templates of one installation: the shipped ones and, before them, a project's own.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    own: BTreeMap<String, String>,
    /// What the project's code host calls a pull request, if it is something else: the shipped templates say it, too.
    pull_request: Option<String>,
}

impl Templates {
    /// `own` maps paths from the folder of `ticketsmith.yaml` to texts.
    pub fn new(own: BTreeMap<String, String>) -> Self {
        let own = own.into_iter().map(|(path, text)| (normal(&path), text)).collect();
        Self { own, pull_request: None }
    }

    /// The same, with the shipped ones in the words of a code host that calls a pull request `name`.
    pub fn naming_pull_requests(self, name: String) -> Self {
        Self { pull_request: Some(name).filter(|name| name != PULL_REQUEST), ..self }
    }

    /// The text of a template. `./` before a path does not matter.
    ///
    /// # Errors
    /// `Rejected` when no template has that path, naming those that exist.
    pub fn text(&self, path: &str) -> Result<Cow<'_, str>, ActionError> {
        let wanted = normal(path);
        let shipped = || {
            let (_, text) = SHIPPED.iter().find(|(path, _)| *path == wanted)?;
            Some(match &self.pull_request {
                Some(name) => Cow::Owned(naming_pull_requests(text, name)),
                None => Cow::Borrowed(*text),
            })
        };
        let own = self.own.get(&wanted).map(|text| Cow::Borrowed(text.as_str()));
        own.or_else(shipped).ok_or_else(|| {
            ActionError::rejected(format!(
                "there is no template `{path}`; accepted: {}",
                self.paths().into_iter().collect::<Vec<_>>().join(", ")
            ))
        })
    }

    /// Renders a template for a model: every text it prints is fenced as data, whatever filters it uses, unless it is [`Authored`].
    ///
    /// # Errors
    /// `Rejected` if there is no such template, or it cannot be rendered; the error names the template, the line and the problem.
    pub fn render(&self, path: &str, context: &Value) -> Result<String, ActionError> {
        render(path, &self.text(path)?, context, Environment::new(), Some(print_fenced))
    }

    /// Renders a template for people: texts are printed as they are.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn render_page(&self, path: &str, context: &Value) -> Result<String, ActionError> {
        render(path, &self.text(path)?, context, Environment::new(), None)
    }

    fn paths(&self) -> BTreeSet<&str> {
        self.own.keys().map(String::as_str).chain(SHIPPED.iter().map(|(path, _)| *path)).collect()
    }
}

/// The names a template's text uses and does not define itself, for the compiler to compare with a step's inputs.
///
/// # Errors
/// The problem in the template, with its line.
pub fn variables(text: &str) -> Result<BTreeSet<String>, String> {
    let environment = Environment::new();
    let template = environment.template_from_str(text).map_err(|error| describe(&error))?;
    let own: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    Ok(template.undeclared_variables(false).into_iter().filter(|name| !own.contains(name.as_str())).collect())
}

fn normal(path: &str) -> String {
    path.trim_start_matches("./").to_owned()
}

type Printer = fn(&mut Output<'_>, &mut State<'_, '_>, &Value) -> Result<(), minijinja::Error>;

fn render(
    path: &str,
    text: &str,
    context: &Value,
    mut environment: Environment<'_>,
    printer: Option<Printer>,
) -> Result<String, ActionError> {
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MOST_WORK));
    // Nothing is HTML here, whatever a template's file name is.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    if let Some(printer) = printer {
        environment.set_formatter(printer);
    }
    environment.render_str(text, context.clone()).map_err(|error| {
        ActionError::rejected(format!("the template `{path}` cannot be rendered: {}", describe(&error)))
    })
}

/// Prints numbers and truth values as they are, nothing for an absent value, and everything else fenced: objects and lists as JSON.
fn print_fenced(
    output: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::None => Ok(()),
        _ if value.downcast_object_ref::<Authored>().is_some() => Ok(output.write_str(&value.to_string())?),
        ValueKind::String => Ok(output.write_str(&fence(&value.to_string()))?),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => {
            let json = serde_json::to_string_pretty(value).map_err(|error| {
                minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string())
            })?;
            Ok(output.write_str(&fence(&json))?)
        }
        _ => minijinja::escape_formatter(output, state, value),
    }
}

fn describe(error: &minijinja::Error) -> String {
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    match error.line() {
        Some(line) => format!("line {line}: {detail}"),
        None => detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::value::Serde;
    use serde_json::json;

    #[test]
    fn no_template_takes_for_ever() {
        let nested =
            "{% for a in range(100000) %}{% for b in range(100000) %}{{ a }}{% endfor %}{% endfor %}";
        let doubled = format!("{{% set a = 'xxxxxxxx' %}}{}{{{{ a }}}}", "{% set a = a ~ a %}".repeat(40));
        let joined = "{{ range(100000) | map('string') | join('x' * 100000) | length }}";
        let recursive = "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}";
        for text in [nested, &doubled, joined, recursive] {
            let error = own(text).render("prompts/x.md", &Value::from(Serde(json!({})))).unwrap_err();
            assert!(error.message.contains("`prompts/x.md` cannot be rendered"), "{error}");
        }
        // A large prompt is not one of these.
        let files: Vec<String> = (0..20_000).map(|number| format!("src/file{number}.rs")).collect();
        let listed = own("{% for file in files %}- {{ file | upper }}\n{% endfor %}{{ text }}");
        let context = json!({"files": files, "text": "x".repeat(4_000_000)});
        listed.render("prompts/x.md", &Value::from(Serde(context))).unwrap();
    }

    fn own(text: &str) -> Templates {
        Templates::new(BTreeMap::from([("./prompts/x.md".to_owned(), text.to_owned())]))
    }

    fn check(text: &str, context: serde_json::Value, expected: &str) {
        let rendered = own(text).render("prompts/x.md", &Value::from(Serde(context)));
        assert_eq!(rendered.unwrap(), expected);
    }

    #[test]
    fn every_text_is_fenced_and_numbers_are_not() {
        check("{{ n }} {{ absent }}.", json!({"n": 3, "absent": null}), "3 .");
        check("A {{ t.title }}.", json!({"t": {"title": "Hi"}}), &format!("A {}.", fence("Hi")));
        check("{{ list }}", json!({"list": ["a"]}), &fence("[\n  \"a\"\n]"));
        check("{{ list | join(', ') }}", json!({"list": ["a", "b"]}), &fence("a, b"));
    }

    #[test]
    fn no_filter_makes_a_text_from_outside_an_instruction() {
        for filter in ["safe", "escape", "e", "safe | safe", "string | safe"] {
            check(&format!("{{{{ title | {filter} }}}}"), json!({"title": "Hi"}), &fence("Hi"));
        }
        check("{{ title | safe ~ '!' }}", json!({"title": "Hi"}), &fence("Hi!"));
        check("{% set t = title | safe %}{{ t }}", json!({"title": "Hi"}), &fence("Hi"));
    }

    #[test]
    fn an_undefined_name_is_an_error_with_its_line() {
        let error =
            own("a\n{{ nope }}").render("./prompts/x.md", &Value::from(Serde(json!({})))).unwrap_err();
        assert!(error.message.contains("`./prompts/x.md`") && error.message.contains("line 2"), "{error}");
        let shipped = Templates::default().naming_pull_requests("merge request".into());
        assert!(shipped.text("prompts/agents/development.md").unwrap().contains("as a merge request"));
        let error = Templates::default().text("prompts/nope.md").unwrap_err();
        assert!(error.message.contains("prompts/code_generation.txt"), "{error}");
    }

    #[test]
    fn variables_are_the_names_a_template_needs() {
        let names = |text| variables(text).map(|names| names.into_iter().collect::<Vec<_>>().join(","));
        assert_eq!(names("{% for s in plan.steps %}{{ s }}{% endfor %}{{ range(2) }}").unwrap(), "plan");
        assert!(names("a\n{% if %}").unwrap_err().contains("line 2"));
        let templates = Templates::default();
        let generation = templates.text("./prompts/code_generation.txt").unwrap();
        assert_eq!(names(&generation).unwrap(), "branch,repository,task");
        for (path, text) in SHIPPED {
            assert!(variables(text).is_ok(), "{path}");
        }
    }
}
