//! Reviewers' capacity: gives places back when pull requests are merged or closed and when runs end without one, gives them again when pull
//! requests are opened again, and resumes waiting runs, the oldest first. While a run waits, the code host is asked about changes that no delivery reports.

use crate::handle::Events;
use crate::look::Look;
use crate::reason::words_in;
use control::{may_pass, turn_of};
use domain::built_in_actions::CREATE_PULL_REQUEST;
use domain::configuration::{Capacity, Configuration, Project};
use domain::plugins::RepositoryAccess;
use domain::{ActionError, ErrorKind, RepositoryName};
use jiff::{SignedDuration, Timestamp};
use providers::Place;
use records::{ExecutionRecord, FIRST_ASKED_OF_REVIEW, ReviewPlace, Topic, Waiter};
use std::collections::{BTreeMap, BTreeSet};

/// How many waiting runs one sweep checks, and how many are told their position at a time.
const AT_A_TIME: usize = 100;

/// How many pull requests of a project the code host is asked about in one sweep, the oldest first.
const ASKED_AT_A_TIME: usize = 10;

/// The longest time between two questions about a pull request.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

impl Events {
    /// Handles an execution that began to wait in line: by now, its turn may have come.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn joined_line(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let Some(execution) = self.table.execution(&waiter.execution).await? else { return Ok(()) };
        if execution.outcome.is_final() {
            return Ok(self.table.forget_waiter(waiter).await?);
        }
        let Some(project) = execution.project.as_deref() else { return self.resume(waiter).await };
        // On the heap, as everywhere below: the futures of all changes form one, which is on its handler's stack.
        Box::pin(self.let_pass(project)).await?;
        let place = self.table.review_place(project, execution.began_as()).await?;
        self.resume_unless_waiting(waiter, place.as_ref()).await
    }

    /// Resumes a step that has its place. One that lost its place is resumed as well, and asks for another one.
    async fn resume_unless_waiting(
        &self,
        waiter: &Waiter,
        place: Option<&ReviewPlace>,
    ) -> Result<(), ActionError> {
        match place {
            Some(place) if !place.is_taken() => Ok(()),
            _ => self.resume(waiter).await,
        }
    }

    /// Gives a project's free places to waiting runs, the oldest first. Returns all places of the project, as they are then.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    async fn let_pass(&self, project: &str) -> Result<Vec<ReviewPlace>, ActionError> {
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        let mut places = self.table.review_places(project).await?;
        let Some(capacity) = capacity_of(&configuration, project) else {
            // The limit was removed from the configuration, so nobody waits anymore.
            let (taken, waiting): (Vec<_>, Vec<_>) = places.into_iter().partition(ReviewPlace::is_taken);
            for place in &waiting {
                self.table.give_back_review_place(project, place).await?;
                self.resume_in_line(place).await?;
            }
            return Ok(taken);
        };
        let limit = capacity.open_pull_requests;
        let mut passed = BTreeSet::new();
        for place in may_pass(&places, limit) {
            if self.table.take_review_place(project, place, limit, now, now + FIRST_ASKED_OF_REVIEW).await? {
                tracing::info!(execution = place.execution, "reviewers have room for it");
                self.resume_in_line(place).await?;
                passed.insert(place.run.clone());
            }
        }
        for place in places.iter_mut().filter(|place| passed.contains(&place.run)) {
            place.taken_at = Some(now);
        }
        self.tell_turns(project, capacity, &words_in(&configuration, Some(project)).name(), &places).await?;
        Ok(places)
    }

    /// Resumes the step that waits for a place. One that does not wait yet is handled when it does.
    async fn resume_in_line(&self, place: &ReviewPlace) -> Result<(), ActionError> {
        for waiter in self.table.waiters_of(&place.execution, &Topic::Capacity).await? {
            self.resume(&waiter).await?;
        }
        Ok(())
    }

    /// Updates the shown positions of the runs that wait for one of these places, if they changed.
    async fn tell_turns(
        &self,
        project: &str,
        capacity: Capacity,
        called: &str,
        places: &[ReviewPlace],
    ) -> Result<(), ActionError> {
        let mut waiting: Vec<&ReviewPlace> = places.iter().filter(|place| !place.is_taken()).collect();
        waiting.sort_by_key(|place| place.since);
        waiting.truncate(AT_A_TIME);
        let names = waiting.iter().map(|place| place.execution.clone()).collect();
        for execution in self.table.executions_named(names).await? {
            let Some(turn) = turn_of(places, execution.began_as()) else { continue };
            let question = turn.in_words(project, capacity, called);
            // If it waits for something now, that is its turn.
            if let Some(before) = execution.question.as_deref().filter(|before| *before != question) {
                self.table.say_again(&execution.name, before, &question).await?;
            }
        }
        Ok(())
    }

    /// Gives back the place of a run whose execution ended without an open pull request.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn give_back_place(&self, look: &Look) -> Result<(), ActionError> {
        let execution = &look.view.execution;
        let Some(project) = &execution.project else { return Ok(()) };
        let configuration = look.configuration.clone()?;
        if capacity_of(&configuration, project).is_none() {
            return Ok(());
        }
        let place = self.table.review_place(project, execution.began_as()).await?;
        // A place that a redrive has taken over is the redrive's.
        let Some(place) = place.filter(|place| place.execution == execution.name) else { return Ok(()) };
        if place.is_taken() && self.has_open_pull_request(execution).await? {
            return Ok(());
        }
        self.table.give_back_review_place(project, &place).await?;
        Box::pin(self.let_pass(project)).await.map(drop)
    }

    /// Gives back the place of the run that opened a pull request, which was merged or closed; or takes it again if the pull request was
    /// reopened. Then more places may be taken than the limit allows, and nobody passes until that changes.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn pull_request_changed(
        &self,
        repository: &str,
        number: u64,
    ) -> Result<(), ActionError> {
        let configuration = self.table.configuration(self.clock.now()).await?;
        if configuration.projects.iter().all(|project| project.capacity.is_none()) {
            return Ok(());
        }
        let Ok(repository) = repository.parse::<RepositoryName>() else { return Ok(()) };
        let Some(opened) = self.table.opened_pull_request(&repository, number).await? else { return Ok(()) };
        let Some(run) = opened.run else { return Ok(()) };
        let is_closed = self.table.was_closed(&repository, number).await?;
        if !is_closed {
            if capacity_of(&configuration, &opened.project).is_some() {
                let now = self.clock.now();
                let ask_at = now + FIRST_ASKED_OF_REVIEW;
                if self.table.restore_review_place(&opened.project, &run, now, ask_at).await? {
                    tracing::info!(run, number, "its pull request was opened again, so it counts again");
                }
            }
            return Ok(());
        }
        let Some(place) = self.table.review_place(&opened.project, &run).await? else { return Ok(()) };
        let execution = self.table.execution(&place.execution).await?;
        if let Some(execution) = execution {
            for (other, of_it) in self.opened_by(&execution).await? {
                let is_this = of_it == number && other.as_str().eq_ignore_ascii_case(repository.as_str());
                if !is_this && !self.table.was_closed(&other, of_it).await? {
                    return Ok(());
                }
            }
        }
        self.table.give_back_review_place(&opened.project, &place).await?;
        Box::pin(self.let_pass(&opened.project)).await.map(drop)
    }

    /// Whether a run opened a pull request that was not reported closed and was not taken back.
    async fn has_open_pull_request(&self, execution: &ExecutionRecord) -> Result<bool, ActionError> {
        for (repository, number) in self.opened_by(execution).await? {
            if !self.table.was_closed(&repository, number).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The pull requests that a run opened itself and did not take back.
    async fn opened_by(
        &self,
        execution: &ExecutionRecord,
    ) -> Result<Vec<(RepositoryName, u64)>, ActionError> {
        let Some(run) = execution.run() else { return Ok(Vec::new()) };
        let effects = self.table.effects_of(run).await?;
        let opened = effects
            .iter()
            .filter(|effect| effect.action.as_str() == CREATE_PULL_REQUEST && effect.undone_at.is_none())
            .filter_map(|effect| effect.output.as_ref())
            .filter(|output| output["created"] == true);
        Ok(opened
            .filter_map(|output| {
                Some((output["repository"].as_str()?.parse().ok()?, output["number"].as_u64()?))
            })
            .collect())
    }

    /// Resumes runs whose turn came unnoticed: because a delivery was lost, a function ended early, or the configuration changed.
    ///
    /// # Errors
    /// When the records do not answer. What fails of one project is logged, and tried again by the next sweep.
    pub(crate) async fn let_pass_where_room(&self) -> Result<(), ActionError> {
        let waiters = self.table.waiters_in_turn(&Topic::Capacity, AT_A_TIME).await?;
        if waiters.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        let names = waiters.iter().map(|waiter| waiter.execution.clone()).collect();
        let executions = self.table.executions_named(names).await?;
        let open: BTreeMap<&str, &ExecutionRecord> = executions
            .iter()
            .filter(|execution| !execution.outcome.is_final())
            .map(|execution| (execution.name.as_str(), execution))
            .collect();
        let mut by_project = BTreeMap::<&str, Vec<(&Waiter, &ExecutionRecord)>>::new();
        for waiter in &waiters {
            match open.get(waiter.execution.as_str()) {
                Some(execution) => {
                    let project = execution.project.as_deref().unwrap_or_default();
                    by_project.entry(project).or_default().push((waiter, execution));
                }
                None => self.table.forget_waiter(waiter).await?,
            }
        }
        for (key, waiting) in by_project {
            if let Some(project) = configuration.project(key)
                && let Err(error) = self.ask_of_oldest(&configuration, project, now).await
            {
                tracing::error!(project = key, %error, "it is not known which pull requests are still open");
            }
            if let Err(error) = self.look_again(key, &waiting).await {
                tracing::error!(project = key, %error, "who waits for reviewers was not let pass");
            }
        }
        Ok(())
    }

    /// Resumes a project's runs whose turn has come.
    async fn look_again(
        &self,
        project: &str,
        waiting: &[(&Waiter, &ExecutionRecord)],
    ) -> Result<(), ActionError> {
        let places = Box::pin(self.let_pass(project)).await?;
        let mut result = Ok(());
        for (waiter, execution) in waiting {
            let place = places.iter().find(|place| place.run == execution.began_as());
            // Answered twice, a token counts once.
            let resumed = self.resume_unless_waiting(waiter, place).await;
            result = result.and(resumed);
        }
        result
    }

    /// Asks about a project's longest-open pull requests, and gives back the places of those that are closed.
    async fn ask_of_oldest(
        &self,
        configuration: &Configuration,
        project: &Project,
        now: Timestamp,
    ) -> Result<(), ActionError> {
        let cleared = self.table.clear_review_lines(&project.key).await?;
        if cleared > 0 {
            tracing::warn!(project = project.key, cleared, "freed places that no run holds");
        }
        let mut due = self.table.review_places(&project.key).await?;
        due.retain(|place| place.is_taken() && place.ask_at.is_none_or(|ask_at| ask_at <= now));
        due.sort_by_key(|place| place.taken_at);
        for place in due.iter().take(ASKED_AT_A_TIME) {
            match self.still_holds(configuration, place).await {
                Ok(false) => {
                    tracing::info!(execution = place.execution, "its pull request is no longer open");
                    self.table.give_back_review_place(&project.key, place).await?;
                    continue;
                }
                Ok(true) => {}
                Err(error) => {
                    tracing::warn!(execution = place.execution, %error, "it is not known whether its pull request is open");
                }
            }
            self.table.ask_again_of_review_place(&project.key, place, now + interval(place.asked)).await?;
        }
        Ok(())
    }

    /// Whether a run still needs its place: it may open a pull request yet, or one that it opened is open.
    async fn still_holds(
        &self,
        configuration: &Configuration,
        place: &ReviewPlace,
    ) -> Result<bool, ActionError> {
        let Some(execution) = self.table.execution(&place.execution).await? else { return Ok(false) };
        let opened = self.opened_by(&execution).await?;
        if opened.is_empty() {
            return Ok(!execution.outcome.is_final());
        }
        for (repository, number) in opened {
            if !self.table.was_closed(&repository, number).await?
                && self.is_open(configuration, &repository, number).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a pull request is open, according to the code host. One that it does not know, or no longer shows us, is not.
    async fn is_open(
        &self,
        configuration: &Configuration,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<bool, ActionError> {
        let Some(project) = configuration.project_of_repository(repository.as_str()) else {
            return Ok(false);
        };
        let place = Place { configuration, project, task_id: None };
        let host = self.feedback.providers.code_host(place, RepositoryAccess::ReadConversations).await;
        let host = host.map_err(ActionError::from)?;
        let Some(reviews) = host.reviews() else { return Ok(true) };
        match reviews.read_pull_request(repository, number).await {
            Ok(read) => Ok(read.is_open),
            Err(error) if error.kind == ErrorKind::Rejected => {
                tracing::warn!(%repository, number, %error, "a pull request no longer exists");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// How long until an open pull request is checked again.
fn interval(asked: u32) -> SignedDuration {
    LONGEST.min(FIRST_ASKED_OF_REVIEW * (1 << asked.min(3)))
}

fn capacity_of(configuration: &Configuration, project: &str) -> Option<Capacity> {
    configuration.project(project)?.capacity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_at_doubling_intervals_up_to_an_hour() {
        let minutes = [0, 1, 2, 3, 4, 99].map(|asked| interval(asked).as_mins());
        assert_eq!(minutes, [10, 20, 40, 60, 60, 60]);
    }
}
