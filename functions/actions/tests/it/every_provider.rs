//! Every action that changes something, with every provider that can do it: whatever answer is lost, and wherever the function is killed
//! between sending and recording, the service holds what one undisturbed attempt leaves there.
//!
//! What is to be covered comes from the lists of actions and providers, so that a new one is covered, or this test fails until it knows how
//! to set it up. What each kind of provider can do makes the file longer than others.
//!
//! `TICKETSMITH_SEED` repeats one seed, `TICKETSMITH_SEEDS` says how many there are instead of ten.

use crate::crashes::{Random, number};
use crate::world::{BRANCH, EXECUTION, RUN, World};
use actions::actions::ALL;
use domain::plugins::LineComment;
use domain::{ActionError, Clock, ErrorKind, PluginType};
use edits::{Review, ReviewSubject};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The number of tries of a step before the run gives up.
const MOST_TRIES: usize = 200;

/// How many writes to the table a step makes, about.
const WRITES: u64 = 12;

/// Where a provider's actions happen.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    provider: &'static str,
    plugin: PluginType,
    /// The project's key.
    pub(crate) project: String,
    /// An existing ticket.
    ticket: String,
}

fn worlds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/simulators/worlds")
}

/// Makes the built-in world one whose project uses this provider for this plugin type.
pub(crate) fn use_provider(
    world: &mut simulators::World,
    provider: &'static str,
    plugin: PluginType,
) -> Site {
    let site = |project: &str, ticket: &str| Site {
        provider,
        plugin,
        project: project.to_owned(),
        ticket: ticket.to_owned(),
    };
    let site = match (provider, plugin) {
        ("github", PluginType::TaskManagement) => site("SHOP", "acme/shop#1"),
        ("confluence" | "github" | "jira" | "slack", _) => site("SHOP", "SHOP-1"),
        ("gitlab", _) => {
            *world = simulators::World::load_stack(&worlds().join("shop.yaml"), "gitlab").unwrap();
            site("acme/web/shop", "acme/web/shop#1")
        }
        ("cloudwatch" | "prometheus", _) => {
            world.add_section(&format!("{provider}: {{}}")).unwrap();
            let region = (provider == "cloudwatch").then_some("eu-central-1");
            world.configuration["plugins"][provider] = json!({ "region": region });
            site("SHOP", "SHOP-1")
        }
        // The others have a separate world next to their tests.
        _ => {
            let own = worlds().join(format!("../../provider-{provider}/tests/it/world.yaml"));
            let text = std::fs::read_to_string(&own).unwrap_or_else(|error| {
                unreachable!(
                    "say here how the built-in world gets `{provider}`, or add {}: {error}",
                    own.display()
                )
            });
            let document: Value = serde_saphyr::from_str(&text).unwrap();
            world.add_section(&text).unwrap();
            let mut secrets: Map<String, Value> = Map::new();
            for (name, fields) in world.secrets.by_name() {
                let fields = fields.iter().map(|(field, value)| {
                    (field.clone(), json!(secrecy::ExposeSecret::expose_secret(value)))
                });
                secrets.insert(name.clone(), Value::Object(fields.collect()));
            }
            for (name, fields) in document["secrets"].as_object().unwrap() {
                let known = secrets.entry(name).or_insert_with(|| json!({})).as_object_mut().unwrap();
                known.extend(fields.as_object().unwrap().clone());
            }
            world.secrets = serde_json::from_value(secrets.into()).unwrap();
            world.configuration["plugins"][provider] = document["configuration"]["plugins"][provider].clone();
            let section = &document[provider];
            if let Some(page) = section["pages"][0]["id"].as_str() {
                world.configuration["projects"][0]["space"] = json!(page);
            }
            let key = document["configuration"]["projects"][0]["key"].as_str().unwrap_or("SHOP").to_owned();
            let ticket = section["issues"][0]["key"].as_str().unwrap_or("SHOP-1").to_owned();
            world.configuration["projects"][0]["key"] = json!(key);
            // Those of the built-in world's tracker.
            world.configuration["projects"][0]["statuses"] = json!({});
            site(&key, &ticket)
        }
    };
    world.configuration["projects"][0]["providers"][plugin.as_str()] = json!(provider);
    for section in world.configuration["plugins"].as_object_mut().unwrap().values_mut() {
        if section.is_object() {
            section.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            section["rate_limit"] = json!("1000/s");
        }
    }
    site
}

/// A world in which steps are performed, with or without faults, and the service's state after each.
struct Performed {
    world: World,
    site: Site,
    /// Draws faults; none if there is no seed.
    random: Option<Random>,
    /// Each action with the resulting shape of the service's state, and whether its receipt reports uncertainty.
    shapes: Vec<(String, Value, bool)>,
}

impl Performed {
    async fn start(provider: &'static str, plugin: PluginType, random: Option<Random>) -> Self {
        let mut site = None;
        let world = World::start_gated(|world| site = Some(use_provider(world, provider, plugin))).await;
        let performed = Self { world, site: site.unwrap(), random, shapes: Vec::new() };
        performed.world.begin().await;
        performed
    }

    async fn dispatch(&self, state: &str, action: &str, input: &Value) -> Result<Value, ActionError> {
        let payload = json!({
            "v": 1, "run": RUN, "key": format!("{RUN}/{state}"), "project": self.site.project,
            "actor": {"source": "jira", "id": "712020:ada"}, "input": input, "task_token": "token",
        });
        self.world.dispatch(action, payload).await
    }

    /// A step that changes nothing. It may hit a fault drawn for an earlier one.
    async fn read(&self, state: &str, action: &str, input: Value) -> Value {
        for _ in 0..MOST_TRIES {
            match self.dispatch(state, action, &input).await {
                Ok(output) => return output,
                Err(error) => {
                    let passes = matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled);
                    assert!(passes, "{} {action}: {:?}: {error}", self.site.provider, error.kind);
                    self.world.clock.advance(SignedDuration::from_secs(70));
                }
            }
        }
        unreachable!("{} {action} did not end", self.site.provider);
    }

    /// Performs a step until it succeeds, while answers are lost and invocations killed.
    async fn perform(&mut self, state: &str, action: &str, input: Value) -> Value {
        let mut left = self.random.as_mut().map_or(0, |random| random.below(4));
        let mut waited = 0;
        for _ in 0..MOST_TRIES {
            let is_disturbed = left > 0;
            left = left.saturating_sub(1);
            if is_disturbed {
                self.disturb();
            }
            let tried = self.world.gate.unless_killed(self.dispatch(state, action, &input)).await;
            self.world.gate.open();
            match tried {
                Some(Ok(output)) => {
                    let is_unknown = output["confirmed"] == false;
                    let may_be = !is_unknown || self.random.is_some();
                    assert!(may_be, "{action}: nothing was lost, and it says unknown: {output}");
                    self.shapes.push((action.to_owned(), shape(&self.world.simulation.state()), is_unknown));
                    return output;
                }
                // The dead worker's lease passes.
                None => self.world.clock.advance(SignedDuration::from_secs(70)),
                Some(Err(error)) if error.kind == ErrorKind::Unconfirmed => {
                    self.world.clock.advance(SignedDuration::from_secs(30));
                    waited += 1;
                    if waited % 20 == 0 {
                        // After ten minutes, the workflow asks people, who see the outcome.
                        assert!(error.message.contains("http"), "it names no place to look: {error}");
                        let key = format!("{RUN}/{state}");
                        self.world.table.effect_asked(RUN, &key, self.world.clock.now()).await.unwrap();
                    }
                }
                Some(Err(error)) => {
                    let passes = matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled);
                    assert!(passes, "{} {action}: {:?}: {error}", self.site.provider, error.kind);
                    self.world.clock.advance(SignedDuration::from_secs(70));
                }
            }
        }
        unreachable!("{} {action} did not end", self.site.provider);
    }

    /// Draws the fault of the next attempt.
    fn disturb(&mut self) {
        let Some(random) = &mut self.random else { return };
        let service = self.site.provider;
        let method = ["POST", "PUT", "PATCH", "DELETE"][usize::try_from(random.below(4)).unwrap()];
        // Most services change things only by `POST`.
        let method = if random.below(2) == 0 { "POST" } else { method };
        let write = usize::try_from(random.below(WRITES)).unwrap();
        match random.below(5) {
            0 => self.world.fault(json!({"service": service, "path": "/", "status": 502})),
            1 => self.world.fault(json!({"service": service, "method": method, "path": "/", "status": 502})),
            2 => {
                self.world.fault(json!({"service": service, "method": method, "path": "/", "truncated": true,
                                         "after_effect": true}))
            }
            3 => self.world.gate.kill_after(write),
            _ => self.world.gate.kill_before(write),
        }
    }

    /// Takes effects back, as a rollback does.
    async fn take_back(&mut self) {
        let listed = self.read("Rollback", "list_effects", json!({})).await;
        for effect in listed["effects"].as_array().unwrap() {
            let Some(action) = effect["inverse"]["action"].as_str() else { continue };
            let key = effect["key"].as_str().unwrap().strip_prefix(&format!("{RUN}/")).unwrap();
            let input = effect["inverse"]["input"].clone();
            self.perform(&format!("{key}/undo"), action, input).await;
        }
    }

    async fn at_code_host(&mut self) {
        let file = json!([{"path": "notes.txt", "content": "Notes.\nMore.\n"}]);
        self.perform("Branch", "create_branch", json!({"branch": BRANCH})).await;
        let commit = json!({"branch": BRANCH, "message": "Notes", "files": file});
        self.perform("Commit", "commit_changes", commit).await;
        let opened = json!({"source_branch": BRANCH, "title": "Notes", "draft": true});
        let opened = self.perform("Open", "create_pull_request", opened).await;
        let number = opened["number"].clone();
        self.perform("Ready", "mark_ready", json!({"number": number})).await;
        let read = self.read("Read", "read_pull_request", json!({"number": number})).await;
        assert_eq!(opened["reference"], read["reference"], "comments on it go where it is");
        let said = LineComment {
            path: "notes.txt".into(),
            former_path: "notes.txt".into(),
            old_line: None,
            new_line: Some(1),
            text: "Which notes?".into(),
        };
        let review = Review { comments: vec![said], answers: Vec::new() };
        let review = self.world.table.store(EXECUTION, &review, self.world.clock.now()).await.unwrap();
        let review = json!({"subject": read["review"], "review": review, "summary": "One question."});
        self.perform("Review", "submit_review", review).await;
        let read = self.read("Reread", "read_pull_request", json!({"number": number})).await;
        let subject = serde_json::from_value(read["review"].clone()).unwrap();
        let subject: ReviewSubject = self.world.table.load(&subject).await.unwrap();
        assert_eq!(subject.threads.len(), 1, "{} has the thread once", self.site.provider);
        self.perform("Answer", "answer_threads", json!({"threads": read["review"], "otherwise": "All."}))
            .await;
        self.take_back().await;
    }

    async fn at_tracker(&mut self) {
        let ticket = self.site.ticket.clone();
        self.perform("Comment", "add_comment", json!({"task_id": ticket, "comment": "Done"})).await;
        self.perform("Move", "update_task_status", json!({"task_id": ticket, "status": "in_review"})).await;
        self.perform("Ticket", "create_task", json!({"title": "Follow up"})).await;
        self.perform("Epic", "create_epic", json!({"title": "Sale"})).await;
        let task = |key: &str, title: &str, depends_on: &[&str]| {
            json!({"key": key, "title": title, "acceptance_criteria": ["It works."],
                   "epic": "sale", "depends_on": depends_on, "size": "medium"})
        };
        let tasks =
            [task("codes", "Know the codes", &[]), task("cart", "Take codes in the cart", &["codes"])];
        let plan = json!({"title": "A sale", "summary": "Codes.", "tasks": tasks,
                          "epics": [{"key": "sale", "title": "All codes", "description": "All of it."}]});
        let plan: domain::ProjectPlan = serde_json::from_value(plan).unwrap();
        let plan = json!(self.world.table.store(EXECUTION, &plan, self.world.clock.now()).await.unwrap());
        let asked = self.read("ReviewPlan", "review_plan", json!({"plan": plan})).await;
        self.world.approves(&asked["question"]).await;
        for item in ["sale", "codes", "cart"] {
            let input = json!({"plan": plan, "plan_id": ticket, "item": item});
            self.perform(&format!("Create.{item}"), "create_planned_task", input).await;
        }
        let input = json!({"plan": plan, "plan_id": ticket, "item": "cart"});
        self.perform("Link.cart", "link_planned_task", input).await;
        self.take_back().await;
    }

    async fn at_wiki(&mut self) {
        let page = json!({"template_type": "feature_documentation", "title": "Notes", "content": "How."});
        let page = self.perform("Page", "create_page_from_template", page).await["page_id"].clone();
        self.perform("Change", "update_page", json!({"page_id": page, "content": "Otherwise."})).await;
        self.take_back().await;
    }

    async fn in_chat(&mut self) {
        let mut sent = self.perform("Tell", "send_message", json!({"message": "Done"})).await;
        sent.as_object_mut().unwrap().retain(|name, _| ["channel", "message_id"].contains(&name.as_str()));
        sent["message"] = json!("All done");
        self.perform("Update", "update_message", sent).await;
        self.perform("Ask", "request_approval", json!({"question": "May it be sent?"})).await;
    }

    async fn at_monitoring(&mut self, unsupported: &BTreeSet<&str>) {
        if !unsupported.contains("emit_event") {
            self.perform("Event", "emit_event", json!({"name": "deployed", "detail": {"team": "checkout"}}))
                .await;
        }
        let metric = json!({"metric": "deploys_total", "value": 2.0, "unit": "count"});
        self.perform("Metric", "emit_metric", metric).await;
    }

    /// Every action that the provider can do, in an order that makes sense.
    async fn everything(mut self, unsupported: &BTreeSet<&str>) -> Self {
        match self.site.plugin {
            PluginType::VersionControl => Box::pin(self.at_code_host()).await,
            PluginType::TaskManagement => Box::pin(self.at_tracker()).await,
            PluginType::Documentation => Box::pin(self.at_wiki()).await,
            PluginType::Communication => Box::pin(self.in_chat()).await,
            PluginType::Monitoring => Box::pin(self.at_monitoring(unsupported)).await,
            PluginType::AiProvider => unreachable!("a model changes nothing outside"),
        }
        self.world.assert_no_violations();
        self
    }
}

/// The state without values that differ from world to world: IDs, times, digests. Counts stay.
fn shape(value: &Value) -> Value {
    let is_id = |name: &str| name.len() > 15 && name.contains(|c: char| c.is_ascii_digit());
    match value {
        Value::Object(fields) => {
            // A value that is pushed again replaces itself, and is scraped again; Slack names blocks at random.
            let fields = fields.iter().filter(|(name, _)| !["scraped", "block_id"].contains(&name.as_str()));
            let (ids, names): (Vec<_>, Vec<_>) = fields.partition(|(name, _)| is_id(name));
            let mut shown: Map<String, Value> =
                names.into_iter().map(|(name, value)| (name.clone(), shape(value))).collect();
            if !ids.is_empty() {
                shown.insert("ids".into(), sorted(ids.into_iter().map(|(_, value)| shape(value))));
            }
            Value::Object(shown)
        }
        Value::Array(list) => {
            // Receivers recognize a repeated event by its key.
            let mut known = BTreeSet::new();
            let is_new = |one: &&Value| {
                one["Detail"]["idempotency_key"].as_str().is_none_or(|key| known.insert(key.to_owned()))
            };
            sorted(list.iter().filter(is_new).map(shape))
        }
        Value::String(text) if text.contains(|c: char| c.is_ascii_digit()) => json!("text"),
        Value::Number(number) if number.as_f64().is_some_and(|number| number.abs() >= 100.0) => {
            json!("number")
        }
        other => other.clone(),
    }
}

fn sorted(shapes: impl Iterator<Item = Value>) -> Value {
    let mut shapes: Vec<Value> = shapes.collect();
    shapes.sort_by_key(Value::to_string);
    Value::Array(shapes)
}

/// The actions that change something by a plugin of this type.
fn effects(plugin: PluginType) -> BTreeSet<&'static str> {
    let by_it = |spec: &actions::spec::ActionSpec| match spec.plugin {
        Some(of) => of == plugin,
        None => spec.credentials == [plugin],
    };
    ALL.iter()
        .filter(|action| action.spec.has_effect() && by_it(&action.spec))
        .map(|action| action.spec.name)
        .collect()
}

#[tokio::test]
async fn each_effect_happens_once_with_every_provider() {
    let seeds: Vec<u64> = match number("TICKETSMITH_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("TICKETSMITH_SEEDS").unwrap_or(10)).collect(),
    };
    let served =
        providers::ALL.iter().flat_map(|spec| spec.serves.iter().map(move |plugin| (*spec, *plugin)));
    for (spec, plugin) in served.filter(|(_, plugin)| *plugin != PluginType::AiProvider) {
        let unsupported: BTreeSet<&str> = spec.unsupported.iter().map(|(action, _)| *action).collect();
        let undisturbed = Box::pin(Performed::start(spec.id, plugin, None)).await;
        let undisturbed = Box::pin(undisturbed.everything(&unsupported)).await.shapes;
        let performed: BTreeSet<&str> = undisturbed.iter().map(|(action, _, _)| action.as_str()).collect();
        let expected: BTreeSet<&str> = effects(plugin).difference(&unsupported).copied().collect();
        assert_eq!(performed, expected, "the actions by which {} changes something", spec.id);
        for seed in &seeds {
            println!("TICKETSMITH_SEED={seed} {} as {plugin}", spec.id);
            let disturbed = Box::pin(Performed::start(spec.id, plugin, Some(Random(*seed)))).await;
            let disturbed = Box::pin(disturbed.everything(&unsupported)).await.shapes;
            assert_eq!(undisturbed.len(), disturbed.len(), "{}", spec.id);
            let mut before = None;
            for ((action, once, _), (_, after, is_unknown)) in undisturbed.iter().zip(&disturbed) {
                // The receipt lists effects with an unknown outcome.
                let is_absent = *is_unknown && before.is_some_and(|before: &Value| before == after);
                assert!(
                    once == after || is_absent,
                    "{} {action}, seed {seed}: once it leaves\n{once:#}\nand here\n{after:#}",
                    spec.id
                );
                before = Some(after);
            }
        }
    }
}
