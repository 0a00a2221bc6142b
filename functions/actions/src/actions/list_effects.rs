//! `list_effects`: closes a run to new effects and lists its effects, newest first, page by page.

use crate::action::{Action, Done, NoOutput};
use crate::artifacts::EffectEntry;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::execution::{Inverse, execution_of};
use domain::{ActionError, Grant};
use records::{EffectRecord, EffectStatus, Partition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How many effects a page lists.
const PAGE: usize = 100;
/// How many effects whose answers were lost are looked for.
const MOST_SOUGHT: usize = 300;
/// How large a page may become, in bytes of JSON: it becomes a part of a state's data, which Step Functions limits to 256 KiB.
const PAGE_BYTES: usize = 150 * 1024;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The run: the name of its execution, as `status` shows it, or its ARN. Default: the execution's own.
    #[serde(default)]
    pub run: Option<String>,
    /// Which page: zero for the first one, then the `next` of the page before. Without it, everything is on one page.
    #[serde(default)]
    pub page: Option<u64>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The effects, newest first. Effects without an inverse stay. The first page may list only effects to look for.
    pub effects: Vec<EffectEntry>,
    /// The next page; absent after the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Closes the run, waits out who is still acting, and lists what stands.
///
/// # Errors
/// `Rejected` if there is no such run; `Unavailable` while an effect of the run is being performed, with how long to wait; the
/// table's errors.
pub struct ListEffects;

impl Action for ListEffects {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("list_effects").writing(&[Partition::Run]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (table, clock) = (context.table(), context.clock());
        let run = match &input.run {
            Some(named) => {
                let run = find_run(context, named).await?;
                if !may_take_back(context, &run).await? {
                    return Err(unknown(named));
                }
                run
            }
            None => context.scope().run.clone(),
        };
        let now = clock.now();
        table.close_run(&run, now).await?;
        let effects = table.journal_of(&run).await?;
        if let Some(until) =
            effects.iter().filter(|effect| effect.is_leased(now)).map(|effect| effect.lease_until).max()
        {
            return Err(NoOutput::Failed(ActionError {
                retry_after: until.duration_since(now).try_into().ok(),
                ..ActionError::unavailable(format!(
                    "a step of the run is still at work, at least until {until}; the rollback waits for it"
                ))
            }));
        }
        let ours: Vec<EffectRecord> = effects
            .into_iter()
            .filter(|effect| !effect.existed && context.has_effect(&effect.action))
            .collect();
        Ok(Done::for_good(match input.page {
            None => Output { effects: done(ours).collect(), next: None },
            Some(page) => self::page(ours, page),
        }))
    }
}

/// The ARN of a run that somebody named.
async fn find_run(context: &Context<'_>, named: &str) -> Result<String, NoOutput> {
    let table = context.table();
    if table.knows_run(named).await? {
        return Ok(named.to_owned());
    }
    let name = named.rsplit(':').next().unwrap_or(named);
    let execution = table.execution(name).await?;
    let run = execution.and_then(|execution| match execution.run() {
        Some(run) if name == named || execution.arn.as_deref() == Some(named) => Some(run.to_owned()),
        None if named.contains(':') => Some(named.to_owned()),
        _ => None,
    });
    run.ok_or_else(|| unknown(named))
}

fn unknown(named: &str) -> NoOutput {
    ActionError::rejected(format!(
        "there is no run `{named}`; accepted: the name of an execution, as `status` shows it, or its ARN"
    ))
    .into()
}

/// Whether this run may take back what another one did. Whoever starts a workflow may name any run as its input, and may do no more than in their
/// project: what was done elsewhere is taken back by `undo`, which finds out whether they may have that done, and by the installation's own credentials.
async fn may_take_back(context: &Context<'_>, run: &str) -> Result<bool, NoOutput> {
    let (scope, table) = (context.scope(), context.table());
    if run == scope.run {
        return Ok(true);
    }
    let began = table.execution(execution_of(run)).await?;
    if began.and_then(|began| began.project).as_ref() == Some(&scope.project.key) {
        return Ok(true);
    }
    let admission = table.admission(&scope.run).await?;
    Ok(admission
        .is_some_and(|admission| matches!(admission.grant, Grant::Undo | Grant::ByHand | Grant::Earlier)))
}

/// A page: first the effects to look for, so that found ones are listed with the rest; then the completed ones, newest first.
fn page(effects: Vec<EffectRecord>, page: u64) -> Output {
    if page == 0 {
        let sought: Vec<EffectEntry> =
            effects.iter().filter(|effect| effect.is_doubtful()).take(MOST_SOUGHT).map(sought).collect();
        if !sought.is_empty() {
            return Output { effects: sought, next: effects.first().map(|newest| newest.sequence + 1) };
        }
    }
    let mut listed = Vec::new();
    let mut bytes = 0;
    for effect in effects.into_iter().filter(|effect| page == 0 || effect.sequence < page) {
        let next = effect.sequence + 1;
        for entry in done([effect]) {
            bytes += json!(entry).to_string().len();
            if listed.len() == PAGE || (bytes > PAGE_BYTES && !listed.is_empty()) {
                return Output { effects: listed, next: Some(next) };
            }
            listed.push(entry);
        }
    }
    Output { effects: listed, next: None }
}

fn done(effects: impl IntoIterator<Item = EffectRecord>) -> impl Iterator<Item = EffectEntry> {
    effects.into_iter().filter(|effect| effect.status == EffectStatus::Done).map(|effect| EffectEntry {
        key: effect.key,
        action: effect.action,
        inverse: effect.inverse,
        seek: false,
    })
}

/// Called as its own inverse, the action looks for its effect.
fn sought(effect: &EffectRecord) -> EffectEntry {
    EffectEntry {
        key: effect.key.clone(),
        action: effect.action.clone(),
        inverse: Some(Inverse { action: effect.action.clone(), input: json!({}) }),
        seek: true,
    }
}
