//! The results of a reply's calls: a function of only the session's version and the calls.

use super::guides::guides;
use super::import::{Commit, Imported, groups, ignore_files, is_imported};
use super::kept::{Said, SessionState, Told};
use super::overlay::{FileChanges, stored_changes};
use super::repetition::Noticed;
use super::report::Report;
use super::work::Session;
use crate::artifacts::AgentQuestion;
use crate::context::Context;
use domain::plugins::{Content, Part, ToolCall, TreeEntry};
use domain::{ActionError, CommitSha};
use edits::{
    AgentPaths, Base, Edits, Finish, IgnoredPaths, Outcome, ProtectedPaths, RUN_CHECKS, ToolEnd, Workspace,
    shown_text,
};
use records::SessionPhase;
use std::collections::BTreeSet;

/// The most calls that a turn runs.
const MOST_CALLS: usize = 16;
/// So many files that calls need are loaded at once; the others, when the turn runs again.
const MOST_LACKING: usize = 200;
/// How often in a row a model that calls no tool, or whose reply is cut off, is told how to continue.
const MOST_NUDGES: u32 = 2;

const NUDGE: &str = "You called no tool, so nothing happened. Go on with your tools; when the work is done, call `finish`; if you cannot go on \
without a person, call `ask_person`.";
const MISNAMED: &str = "Your last reply called an invalid tool name, so it was discarded and nothing was run. Use only the exact names of your tools, and \
put everything else in the input.";
const CUT_OFF: &str = "Your last reply reached the most tokens that one reply may have, so its end is missing, and a call at its end was not \
made. Go on in smaller pieces: call one tool at a time, and spread a long text over several calls, each with a part of it.";
const TOO_MANY: &str = "Not run: one turn runs at most 16 calls. Call it again.";
const HANDED_OVER: &str = "The work is handed over.";
const NOT_YET: &str = "Not handed over yet: people said something while you were at work. Take it into account, then call `finish` again.";
const FAILED_BEFORE: &str = "Not handed over: an earlier call of this turn failed, and you have not seen its error yet. Look at it, then call `finish` \
again.";
const NOT_GIVEN: &str =
    "The code host does not give the content of this file, so it can be neither moved nor deleted.";
const AFTER_THE_LAST: &str = "Not run: it came after a call that ends a turn.";

/// How a turn ends that a call ended.
enum LastCall {
    Ask(AgentQuestion),
    Load(Vec<String>),
    Check(Option<String>),
    Finish(Finish),
}

/// The results of a turn's calls.
struct Turn {
    results: Vec<Told>,
    last: Option<LastCall>,
    /// Whether the model repeats itself despite a warning.
    is_stuck: bool,
    edits: Option<Edits>,
    /// Instructions of the folders below which something was read for the first time.
    guides: Vec<Part>,
}

/// How a turn's calls went.
enum Performed {
    Done(Box<Turn>),
    /// Imported files have expired.
    Expired,
    /// Calls need the contents of these files, which were not imported.
    Lacks(Vec<String>),
}

/// Runs the calls in the model's last reply.
///
/// # Errors
/// `Rejected` if there is no such session; the errors of the records.
pub async fn run_tools(context: &Context<'_>, session: &str) -> Result<Report, ActionError> {
    let mut session = Session::read(context, session).await?;
    if session.head.phase != SessionPhase::Tools {
        return Ok(Report::of(&session));
    }
    // What people have said since goes with the results of the calls. A turn waits only once for files, so that further words do not hold it up.
    let has_waited = std::mem::take(&mut session.state.words_link);
    if !has_waited && session.has_unread_files().await? {
        return Ok(Report::of(&session.wait_for_files().await?));
    }
    let messages = session.messages().await?;
    let calls = messages.last().map(|said| said.calls.clone()).unwrap_or_default();
    let session = match calls.is_empty() {
        true => session.nudge().await?,
        false => session.run(&calls).await?,
    };
    Ok(Report::of(&session))
}

impl Session<'_> {
    /// Tells a model that called nothing, and perhaps said nothing either, to continue, and asks people after enough reminders.
    async fn nudge(mut self) -> Result<Self, ActionError> {
        if self.is_cut_off_too_often() {
            return self
                .ask_about_cut_replies(Vec::new())
                .record(Vec::new(), None, FileChanges::default())
                .await;
        }
        let is_cut_off = self.state.cut_off > 0;
        if !is_cut_off {
            self.state.nudges += 1;
        }
        if is_cut_off || self.state.nudges <= MOST_NUDGES {
            self.head.phase = SessionPhase::Think;
            let words = match (is_cut_off, self.state.misnamed) {
                (true, _) => CUT_OFF,
                (false, true) => MISNAMED,
                (false, false) => NUDGE,
            };
            let nudge = Said::ours(vec![Part::text(words)]);
            return self.record_with_words(nudge, None, FileChanges::default()).await;
        }
        let last = match domain::stored::cut_inline(&self.state.last_text) {
            last if last.trim().is_empty() => String::new(),
            last => format!(" It said last: {last}"),
        };
        let question =
            format!("The agent {} stopped without a result.{last} How should it go on?", self.head.agent);
        self.ask_for_help(question, Vec::new());
        self.record(Vec::new(), None, FileChanges::default()).await
    }

    /// Whether the model was told often enough that its replies are too long.
    fn is_cut_off_too_often(&self) -> bool {
        self.state.cut_off > MOST_NUDGES
    }

    /// Asks people about a model whose replies are cut off again and again. The results of the turn wait for the answer.
    fn ask_about_cut_replies(mut self, results: Vec<Told>) -> Self {
        let question = format!(
            "The last {} replies of the agent {} were cut off, because each reached the most tokens that a reply may have. How should it \
             go on? `max_output_tokens` of the AI provider is how many that are.",
            self.state.cut_off, self.head.agent
        );
        self.ask_for_help(question, results);
        self
    }

    async fn run(mut self, calls: &[ToolCall]) -> Result<Self, ActionError> {
        self.state.nudges = 0;
        let before = self.state.workspace.changes.clone();
        // The turn runs once the files are there.
        let turn = match self.perform(calls).await? {
            Performed::Done(turn) => *turn,
            lacking => {
                self.head.phase = SessionPhase::Load;
                match lacking {
                    Performed::Lacks(paths) => (self.state.wanted, self.state.runs_again) = (paths, true),
                    _ => self.state.expired = true,
                }
                return self.record(Vec::new(), None, FileChanges::default()).await;
            }
        };
        let files = stored_changes(self.context, &self.head, &before, &self.state.workspace.changes).await?;
        let Turn { mut results, last, is_stuck, edits, mut guides } = turn;
        if self.state.cut_off > 0 {
            guides.push(Part::text(CUT_OFF));
        }
        if let Some(told) = results.iter_mut().rev().find(|told| !told.awaited) {
            told.text.push_str(&self.what_is_left());
        }
        match last {
            Some(LastCall::Ask(question)) => {
                self.head.phase = SessionPhase::Ask;
                self.state.question = Some(question);
                (self.state.pending, self.state.guides) = (results, guides);
                self.record(Vec::new(), None, files).await
            }
            Some(LastCall::Load(paths)) => {
                self.head.phase = SessionPhase::Load;
                self.state.wanted = paths;
                (self.state.pending, self.state.guides) = (results, guides);
                self.record(Vec::new(), None, files).await
            }
            Some(LastCall::Check(name)) => {
                self.head.phase = SessionPhase::Check;
                self.state.check = name;
                (self.state.pending, self.state.guides) = (results, guides);
                self.record(Vec::new(), None, files).await
            }
            // An agent ends when nobody has another message for it. Those that come in its last turn wait for a successor.
            Some(LastCall::Finish(_)) if self.used_up().is_none() && self.has_words().await? => {
                self.head.phase = SessionPhase::Think;
                for told in results.iter_mut().filter(|told| told.text.starts_with(HANDED_OVER)) {
                    NOT_YET.clone_into(&mut told.text);
                }
                let mut said = said(results);
                said.message.parts.extend(guides);
                self.record_with_words(said, None, files).await
            }
            Some(LastCall::Finish(finish)) => {
                self.head.phase = SessionPhase::Done;
                self.state.result = Some(self.result(finish, edits).await?);
                self.record(vec![said(results)], None, files).await
            }
            None if is_stuck => {
                let question = format!(
                    "The agent {} repeats itself: the same call gives it the same result. How should it go on?",
                    self.head.agent
                );
                self.ask_for_help(question, results);
                self.state.guides = guides;
                self.record(Vec::new(), None, files).await
            }
            None if self.is_cut_off_too_often() => {
                self.state.guides = guides;
                self.ask_about_cut_replies(results).record(Vec::new(), None, files).await
            }
            None => {
                self.head.phase = SessionPhase::Think;
                let mut said = said(results);
                // Next to the results, not in them, so that a file's content cannot imitate it.
                said.message.parts.extend(guides);
                self.record_with_words(said, None, files).await
            }
        }
    }

    /// Performs the calls on the workspace. Nothing has changed if files are needed first.
    async fn perform(&mut self, calls: &[ToolCall]) -> Result<Performed, ActionError> {
        let (prefix, opening) = (self.prefix().await?, self.opening().await?);
        let context = self.context;
        let project = context.scope().project_of(self.head.repository.as_ref())?;
        let protected = ProtectedPaths::new(&project.protected_paths)?;
        let paths = AgentPaths::new(&prefix.definition.paths)?;
        // The tools offered when the generation began; the model sees no others.
        let checks = prefix.tools.iter().any(|tool| tool.name == RUN_CHECKS);
        let offered = opening.offered(&prefix.definition, checks)?;
        // An agent without a repository has no files, so nothing is read under this name.
        let nothing = "0".repeat(40).parse::<CommitSha>();
        let nothing = nothing.map_err(|error| ActionError::internal(error.to_string()))?;
        let commit = self.base().cloned().unwrap_or(nothing);
        let of = Commit::new(context, project, &commit);
        let (mut tree, mut ignored, mut imported) = (Vec::new(), IgnoredPaths::default(), Vec::new());
        if self.base().is_some() {
            let Some(kept) = of.tree().await? else { return Ok(Performed::Expired) };
            tree = kept;
            let rules = ignore_files(&tree);
            if !rules.is_empty() {
                let Some(contents) = of.group(&rules).await? else { return Ok(Performed::Expired) };
                let read = rules.iter().zip(&contents);
                let texts = read
                    .filter_map(|(path, content)| Some((path.as_str(), shown_text(content.as_ref()?).ok()?)));
                ignored = IgnoredPaths::read(texts);
            }
            imported = self.imported_groups(&tree, &paths);
        }
        let imported = Imported::new(of, imported);
        let loaded = self.state.loaded.is_some().then(|| imported.paths());
        let base = Base {
            tree: &tree,
            contents: &imported,
            protected: &protected,
            ignored: &ignored,
            paths: &paths,
            loaded: loaded.as_ref(),
        };
        let workspace = Workspace::new(base, offered, self.state.workspace.clone());
        let mut workspace = workspace.reviewing(opening.review.as_ref());
        let mut repetition = self.state.repetition.clone();
        repetition.begin_turn();
        let known = imported.paths();
        let mut lacking = BTreeSet::new();
        let mut turn =
            Turn { results: Vec::new(), last: None, is_stuck: false, edits: None, guides: Vec::new() };
        for (at, call) in calls.iter().enumerate() {
            let told = |text: &str, is_error, awaited| Told {
                call: call.id.clone(),
                text: text.to_owned(),
                is_error,
                awaited,
            };
            if turn.last.is_some() {
                turn.results.push(told(AFTER_THE_LAST, true, false));
                continue;
            }
            if at >= MOST_CALLS {
                turn.results.push(told(TOO_MANY, true, false));
                continue;
            }
            let end = match workspace.run(call).await {
                Ok(end) => end,
                Err(_) if imported.has_expired() => return Ok(Performed::Expired),
                Err(error) => return Err(error),
            };
            match end {
                ToolEnd::Result { mut text, is_error } => {
                    match repetition.notice(call, &text, is_error) {
                        Some(Noticed::Warn(warning)) => text.push_str(&format!("\n\n{warning}")),
                        Some(Noticed::Park) => turn.is_stuck = true,
                        None => {}
                    }
                    turn.results.push(told(&text, is_error, false));
                }
                ToolEnd::Ask(question) => {
                    turn.results.push(told("", false, true));
                    let question = AgentQuestion { text: question.text, options: question.options };
                    turn.last = Some(LastCall::Ask(question));
                }
                // What was loaded and is lacking still is never given.
                ToolEnd::Lacks(paths) if paths.iter().any(|path| known.contains(path)) => {
                    turn.results.push(told(NOT_GIVEN, true, false));
                }
                ToolEnd::Lacks(paths) => {
                    lacking.extend(paths);
                    if lacking.len() >= MOST_LACKING {
                        break;
                    }
                }
                ToolEnd::Load(paths) => {
                    turn.results.push(told("", false, true));
                    turn.last = Some(LastCall::Load(paths));
                }
                ToolEnd::Check(name) => {
                    turn.results.push(told("", false, true));
                    turn.last = Some(LastCall::Check(name));
                }
                // In the last turn, the agent could not call it again, and its work would be lost.
                ToolEnd::Finish(finish)
                    if finish.outcome != Outcome::Blocked
                        && self.used_up().is_none()
                        && turn.results.iter().any(|told| told.is_error) =>
                {
                    turn.results.push(told(FAILED_BEFORE, true, false));
                }
                ToolEnd::Finish(finish) => {
                    turn.results.push(told(HANDED_OVER, false, false));
                    turn.last = Some(LastCall::Finish(finish));
                }
            }
        }
        if !lacking.is_empty() {
            return Ok(Performed::Lacks(lacking.into_iter().collect()));
        }
        turn.guides = guides(&opening, calls, &turn.results, &mut self.state.guided);
        turn.edits = self.base().cloned().map(|base| workspace.edits(base));
        self.state.workspace = workspace.into_state();
        self.state.repetition = repetition;
        Ok(Performed::Done(Box::new(turn)))
    }

    /// The groups in which the files are kept that tools may read.
    pub(super) fn imported_groups(&self, tree: &[TreeEntry], paths: &AgentPaths) -> Vec<Vec<String>> {
        match &self.state.loaded {
            Some(loaded) => loaded.clone(),
            None => {
                let texts = tree.iter().filter(|entry| paths.contains(&entry.path) && is_imported(entry));
                groups(texts).into_iter().chain(self.state.others.iter().cloned()).collect()
            }
        }
    }

    /// How many turns and dollars are left, coarsely: a number that changes with every turn draws attention that it does not deserve.
    fn what_is_left(&self) -> String {
        let turns = self.head.bounds.turns.saturating_sub(self.head.turns_in_round());
        let turns = if turns > 10 { format!("about {}", turns / 10 * 10) } else { turns.to_string() };
        match self.head.bounds.usd {
            Some(most) => {
                let left = most.saturating_sub(self.head.spent_in_round()).as_usd();
                format!("\n\n[Left: {turns} turns, about ${left:.1}.]")
            }
            None => format!("\n\n[Left: {turns} turns.]"),
        }
    }
}

/// The message that gives a model the results of its calls, in their order.
fn said(results: Vec<Told>) -> Said {
    Said::ours(results.into_iter().map(Told::into_part).collect())
}

/// The same with the awaited result, or with words after the results if no call awaits one.
pub(super) fn said_with(state: &mut SessionState, text: &str, is_error: bool) -> Said {
    let mut results = std::mem::take(&mut state.pending);
    let awaited = results.iter_mut().find(|told| told.awaited);
    let words = match awaited {
        Some(told) => {
            (told.text, told.is_error, told.awaited) = (text.to_owned(), is_error, false);
            None
        }
        None => Some(Part::new(Content::Text(text.to_owned()))),
    };
    let mut said = said(results);
    said.message.parts.append(&mut state.guides);
    said.message.parts.extend(words);
    said
}
