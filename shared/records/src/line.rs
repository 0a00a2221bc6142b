//! The line of a project: its open executions, some of which are at work while the others wait until one of those ends or is parked.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{from_item, text};
use crate::keys;
use crate::place::Place;
use crate::table::Table;
use crate::update::Update;
use crate::write::Write;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::configuration::AtWork;
use jiff::Timestamp;

/// As many that wait before an execution are counted; of more, only that there are more.
pub const MOST_COUNTED: usize = 100;
/// As many places are read at a time.
const PAGE: usize = 200;

/// The line of a project: all that are at work or just begun, and the oldest waiting ones of each person, or only of some people if the
/// project is full.
#[derive(Debug, Clone)]
pub struct Line {
    /// The places, unordered.
    pub places: Vec<Place>,
    /// Whether nobody has more that wait than are here.
    pub is_whole: bool,
}

impl Line {
    fn at_work(&self) -> usize {
        self.places.iter().filter(|place| place.at_work).count()
    }

    /// Whether it has more executions that have waited since before a moment than are counted.
    fn counts_enough(&self, before: Option<Timestamp>) -> bool {
        let Some(moment) = before else { return true };
        let counted = self.places.iter().filter(|place| !place.at_work && place.begun_at < moment);
        counted.count() > MOST_COUNTED
    }
}

impl Table {
    /// The line of a project, with at least as many of each person's waiting executions as may go to work at once. What it costs depends on
    /// how many people wait, and not on how many executions of theirs. While as many are at work as the project allows, nobody may start, so
    /// reading stops after a page of those that wait.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn line(&self, project: &str, limits: AtWork) -> Result<Line, RecordsError> {
        self.read_line(project, limits, None).await
    }

    /// The same, including all executions that have waited since before a moment, or more than [`MOST_COUNTED`] of them.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn line_before(
        &self,
        project: &str,
        limits: AtWork,
        moment: Timestamp,
    ) -> Result<Line, RecordsError> {
        self.read_line(project, limits, Some(moment)).await
    }

    async fn read_line(
        &self,
        project: &str,
        limits: AtWork,
        counted_before: Option<Timestamp>,
    ) -> Result<Line, RecordsError> {
        let startable = limits.per_person.min(limits.per_project);
        let enough = usize::try_from(startable).unwrap_or(usize::MAX).max(MOST_COUNTED + 1);
        let room = usize::try_from(limits.per_project).unwrap_or(usize::MAX);
        let mut line = Line { places: Vec::new(), is_whole: true };
        let mut from = keys::PLACE.to_owned();
        loop {
            let partition = keys::project_partition(project);
            let page = self.query_between(partition, from, keys::after_places(), true, PAGE).await?;
            let is_last = page.len() < PAGE;
            for item in page {
                line.places.push(from_item(item)?);
            }
            let Some(last) = line.places.last().filter(|_| !is_last) else { return Ok(line) };
            // Those that wait in order are behind all others.
            if last.queued && line.at_work() >= room && line.counts_enough(counted_before) {
                line.is_whole = false;
                return Ok(line);
            }
            let of_same =
                line.places.iter().rev().take_while(|place| place.queued && place.account == last.account);
            from = if of_same.count() >= enough {
                line.is_whole = false;
                keys::after_queued(&last.account)
            } else {
                format!("{}\u{1}", last.key(project).sk)
            };
        }
    }

    /// The place of an execution in a line that was read; none if it is not in line.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn place_in(
        &self,
        line: &Line,
        execution: &ExecutionRecord,
    ) -> Result<Option<Place>, RecordsError> {
        let read = line.places.iter().find(|place| place.name == execution.name);
        if read.is_some() || line.is_whole {
            return Ok(read.cloned());
        }
        // It may be behind those that were read of the same person.
        let Some((project, place)) = execution.place(false) else { return Ok(None) };
        let queued = Place { queued: true, ..place };
        self.get(queued.key(project)).await?.map(from_item).transpose()
    }

    /// Lets an execution that was just begun wait where those of each person are in order. Nothing changes if it waits there already or has
    /// gone to work.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn queue(&self, project: &str, place: &Place) -> Result<(), RecordsError> {
        if place.queued || place.at_work {
            return Ok(());
        }
        let queued = Place { queued: true, ..place.clone() };
        let waits = (":no", AttributeValue::Bool(false));
        let moves = vec![
            Write::Remove(place.key(project), "#at_work = :no", waits),
            Write::Put { item: queued.to_item(project)?, condition: None },
        ];
        let _ = self.transact("wait in line", moves).await?;
        Ok(())
    }

    /// Removes the places of ended executions from a line, such as those that a restored table has again.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn clear_line(&self, project: &str, line: &mut Line) -> Result<(), RecordsError> {
        let at_work =
            line.places.iter().filter(|place| place.at_work).map(|place| place.name.clone()).collect();
        let known = self.executions_named(at_work).await?;
        let is_open = |name: &str| known.iter().any(|one| one.name == name && !one.outcome.is_final());
        for place in line.places.iter().filter(|place| place.at_work && !is_open(&place.name)) {
            let leave = Write::Delete { key: keys::place(project, &place.name) };
            let _ = self.transact("leave the line", vec![leave]).await?;
        }
        line.places.retain(|place| !place.at_work || is_open(&place.name));
        Ok(())
    }

    /// Records that an execution in line goes to work. `false` if it is no longer in line.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn go_to_work(&self, project: &str, place: &Place) -> Result<bool, RecordsError> {
        let update = Update::new(keys::place(project, &place.name), "SET #at_work = :yes")
            .condition("attribute_exists(#pk)")
            .value(":yes", AttributeValue::Bool(true));
        if !place.queued && self.update("let an execution go to work", update).await?.is_ok() {
            return Ok(true);
        }
        // It may have been queued after it was read.
        self.leave_queue(project, place, Place { at_work: true, queued: false, ..place.clone() }).await
    }

    /// Takes a place that still waits out of the line. `false` when it has gone to work, or was not in line.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn give_up_place(&self, execution: &ExecutionRecord) -> Result<bool, RecordsError> {
        let Some((project, place)) = execution.place(false) else { return Ok(false) };
        let waits = Update::new(keys::place(project, &place.name), "SET #account = :nobody, #at_work = :yes")
            .condition("#at_work = :no")
            .value(":nobody", text("nobody"))
            .value(":yes", AttributeValue::Bool(true))
            .value(":no", AttributeValue::Bool(false));
        if self.update("give up a place in line", waits).await?.is_ok() {
            return Ok(true);
        }
        let given_up = Place { account: "nobody".to_owned(), at_work: true, ..place.clone() };
        self.leave_queue(project, &place, given_up).await
    }

    /// Moves a place from where it waits in order. `false` if it does not wait there.
    async fn leave_queue(&self, project: &str, from: &Place, to: Place) -> Result<bool, RecordsError> {
        let queued = keys::queued_place(project, &from.account, from.begun_at, &from.name);
        let moves = vec![
            Write::Remove(queued, "#name = :name", (":name", text(&from.name))),
            Write::Put { item: to.to_item(project)?, condition: None },
        ];
        Ok(self.transact("leave the places that wait", moves).await?.is_ok())
    }

    /// Removes a parked execution from the line: it is not at work.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn leave_line(&self, execution: &ExecutionRecord) -> Result<(), RecordsError> {
        let Some((project, place)) = execution.place(true) else { return Ok(()) };
        let leave = Write::Delete { key: keys::place(project, &place.name) };
        let _ = self.transact("leave the line", vec![leave]).await?;
        Ok(())
    }

    /// Restores the place of an execution that is at work again, even if others wait.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn rejoin_line(&self, execution: &ExecutionRecord) -> Result<(), RecordsError> {
        let Some((project, place)) = execution.place(true) else { return Ok(()) };
        let _ = self.put("go to work again", place.to_item(project)?, None).await?;
        Ok(())
    }
}
