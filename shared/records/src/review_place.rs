//! Places at reviewers: each run that will open a pull request takes one before its agent begins, in every line that the project's `capacity`
//! counts it in, and gives it back when the pull request is merged or closed, or when the run ends without one.
//!
//! A line is one item with the set of the runs that have a place in it. DynamoDB compares the set's size with the limit in the same write
//! that adds to it, so that of many runs at once, exactly as many pass as there is room for. A run is in all of its lines or in none: what
//! moves it is one transaction on its lines and on its own item, so that nothing is left half done whenever a function ends.

use crate::error::RecordsError;
use crate::item::{attribute, from_item, moment, number, text, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::{ABSENT, Write};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The first time that the code host is asked about a pull request comes this long after its run took a place.
pub const FIRST_ASKED_OF_REVIEW: SignedDuration = SignedDuration::from_mins(10);

/// How often a change is tried again because somebody else changed the same place at the same moment.
const ROUNDS: usize = 5;

/// A run's place at reviewers: one that it has, or one that it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewPlace {
    /// The name of the execution that began the run.
    pub run: String,
    /// The name of the execution that performs the run now.
    pub execution: String,
    /// The lines that it is counted in: `project`, `person/<account>`, `owner/<name>`.
    pub lines: Vec<String>,
    /// Since when it is in line: who came first goes first.
    #[serde(with = "timestamp")]
    pub since: Timestamp,
    /// When it took the place; absent while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub taken_at: Option<Timestamp>,
    /// When the code host is asked next whether its pull request is still open.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub ask_at: Option<Timestamp>,
    /// How often it was asked.
    #[serde(default)]
    pub asked: u32,
}

impl ReviewPlace {
    /// Whether it has the place, and does not wait for it.
    pub fn is_taken(&self) -> bool {
        self.taken_at.is_some()
    }

    fn expires_at(&self) -> i64 {
        retention::expires_at(self.since, retention::LISTED)
    }
}

impl Table {
    /// The places of a project: those that runs have, and those that they wait for, unordered.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn review_places(&self, project: &str) -> Result<Vec<ReviewPlace>, RecordsError> {
        let items = self.query(keys::capacity_partition(project), keys::PLACE_OF_RUN).await?;
        items.into_iter().map(from_item).collect()
    }

    /// The place of a run, by the name of the execution that began it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn review_place(&self, project: &str, run: &str) -> Result<Option<ReviewPlace>, RecordsError> {
        self.get(keys::place_of_run(project, run)).await?.map(from_item).transpose()
    }

    /// Puts a run in line, unless it is there: then it keeps its lines and its turn, and belongs to the execution that asks. Returns the place
    /// as it is.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn wait_for_review_place(
        &self,
        project: &str,
        place: &ReviewPlace,
    ) -> Result<ReviewPlace, RecordsError> {
        let key = keys::place_of_run(project, &place.run);
        let item = to_item(place, key.clone(), Some(place.expires_at()))?;
        for _ in 0..ROUNDS {
            if self.put("wait for a place at reviewers", item.clone(), Some(ABSENT)).await?.is_ok() {
                return Ok(place.clone());
            }
            let again = Update::new(key.clone(), "SET #execution = :execution")
                .condition("attribute_exists(#pk)")
                .value(":execution", text(&place.execution));
            // Refused means that it was given back in between.
            if let Ok(item) = self.update("keep a place at reviewers", again).await? {
                return from_item(item);
            }
        }
        Err(RecordsError::Unavailable(format!("the place of `{}` at reviewers keeps changing", place.run)))
    }

    /// Takes the place that a run waits for, if each of its lines has fewer than `limit`. Also true when it has it already.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn take_review_place(
        &self,
        project: &str,
        place: &ReviewPlace,
        limit: u32,
        now: Timestamp,
        ask_at: Timestamp,
    ) -> Result<bool, RecordsError> {
        let run = AttributeValue::Ss(vec![place.run.clone()]);
        let expires_at = retention::expires_at(now, retention::LISTED);
        let into = |line: &String| {
            let update = Update::new(
                keys::review_line(project, line),
                "SET #expires_at = :expires_at ADD #holders :run",
            )
            .condition(
                "attribute_not_exists(#holders) OR size(#holders) < :limit OR contains(#holders, :name)",
            )
            .value(":expires_at", number(expires_at))
            .value(":run", run.clone())
            .value(":name", text(&place.run))
            .value(":limit", number(limit));
            Write::Update(update)
        };
        let mut writes: Vec<Write> = place.lines.iter().map(into).collect();
        let taken = Update::new(
            keys::place_of_run(project, &place.run),
            "SET #taken_at = :now, #ask_at = :ask_at, #asked = :never",
        )
        .condition("attribute_exists(#pk) AND attribute_not_exists(#taken_at)")
        .value(":now", moment(now))
        .value(":ask_at", moment(ask_at))
        .value(":never", number(0));
        writes.push(Write::Update(taken));
        match self.transact("take a place at reviewers", writes).await? {
            Ok(()) => Ok(true),
            // Somebody else may have taken it for this run.
            Err(_) => Ok(self.review_place(project, &place.run).await?.is_some_and(|place| place.is_taken())),
        }
    }

    /// Gives back the place that a run has or waits for, as long as it belongs to the same execution. Returns whether it did. One that it had
    /// is remembered for [`Table::restore_review_place`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn give_back_review_place(
        &self,
        project: &str,
        place: &ReviewPlace,
    ) -> Result<bool, RecordsError> {
        let mut writes: Vec<Write> =
            place.lines.iter().map(|line| out_of(project, line, &place.run)).collect();
        let key = keys::place_of_run(project, &place.run);
        let condition = "#execution = :execution";
        writes.push(Write::Remove(key, condition, (":execution", text(&place.execution))));
        if place.is_taken() {
            let former = keys::former_place_of_run(project, &place.run);
            let item = to_item(place, former, Some(place.expires_at()))?;
            writes.push(Write::Put { item, condition: None });
        }
        Ok(self.transact("give back a place at reviewers", writes).await?.is_ok())
    }

    /// Gives a run the place again that it gave back last, whether or not there is room: its pull request is open again. Says whether it had
    /// one and has none now.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn restore_review_place(
        &self,
        project: &str,
        run: &str,
        now: Timestamp,
        ask_at: Timestamp,
    ) -> Result<bool, RecordsError> {
        let former = self.get(keys::former_place_of_run(project, run)).await?;
        let Some(former) = former.map(from_item::<ReviewPlace>).transpose()? else { return Ok(false) };
        let place = ReviewPlace { taken_at: Some(now), ask_at: Some(ask_at), asked: 0, ..former };
        let expires_at = retention::expires_at(now, retention::LISTED);
        let into = |line: &String| {
            let update = Update::new(
                keys::review_line(project, line),
                "SET #expires_at = :expires_at ADD #holders :run",
            )
            .value(":expires_at", number(expires_at))
            .value(":run", AttributeValue::Ss(vec![place.run.clone()]));
            Write::Update(update)
        };
        let mut writes: Vec<Write> = place.lines.iter().map(into).collect();
        let item = to_item(&place, keys::place_of_run(project, run), Some(expires_at))?;
        writes.push(Write::Put { item, condition: Some(ABSENT) });
        Ok(self.transact("give a place at reviewers again", writes).await?.is_ok())
    }

    /// Notes that the code host was asked whether a run's pull request is still open, and when to ask next.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn ask_again_of_review_place(
        &self,
        project: &str,
        place: &ReviewPlace,
        ask_at: Timestamp,
    ) -> Result<(), RecordsError> {
        let update = Update::new(
            keys::place_of_run(project, &place.run),
            "SET #ask_at = :ask_at, #asked = #asked + :one, #expires_at = :expires_at",
        )
        .condition("attribute_exists(#taken_at)")
        .value(":ask_at", moment(ask_at))
        .value(":one", number(1))
        .value(":expires_at", number(retention::expires_at(ask_at, retention::LISTED)));
        // A refusal means that it was given back in the meantime.
        let _ = self.update("ask again about a pull request", update).await?;
        Ok(())
    }

    /// Takes those out of a project's lines whose own place is gone, such as places that expired or were lost with a part of the table.
    /// Returns how many.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn clear_review_lines(&self, project: &str) -> Result<usize, RecordsError> {
        let lines = self.query(keys::capacity_partition(project), keys::REVIEW_LINE).await?;
        // Read after the lines: who is in a line has taken a place before.
        let places = self.review_places(project).await?;
        let has_place = |run: &str| places.iter().any(|place| place.run == run && place.is_taken());
        let mut cleared = 0;
        for item in lines {
            let line = attribute(&item, keys::SK).and_then(|sk| sk.strip_prefix(keys::REVIEW_LINE));
            let Some(line) = line else { continue };
            let holders = item.get("holders").and_then(|holders| holders.as_ss().ok()).into_iter().flatten();
            for run in holders.filter(|run| !has_place(run)) {
                let gone = Write::Check {
                    key: keys::place_of_run(project, run),
                    condition: "attribute_not_exists(#taken_at)",
                    value: None,
                };
                let writes = vec![gone, out_of(project, line, run)];
                cleared += usize::from(self.transact("clear a line of reviewers", writes).await?.is_ok());
            }
        }
        Ok(cleared)
    }

    /// Updates what a parked execution waits for, unless it has continued or waits for something else by now.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn say_again(&self, execution: &str, before: &str, question: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::execution(execution), "SET #question = :question")
            .condition("#question = :before")
            .value(":before", text(before))
            .value(":question", text(question));
        // Refused means that it has gone on.
        let _ = self.update("say again what an execution waits for", update).await?;
        Ok(())
    }
}

/// Takes a run out of a line; nothing happens when it is not in it.
fn out_of(project: &str, line: &str, run: &str) -> Write {
    let update = Update::new(keys::review_line(project, line), "DELETE #holders :run")
        .value(":run", AttributeValue::Ss(vec![run.to_owned()]));
    Write::Update(update)
}
