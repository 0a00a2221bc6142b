//! Whose turn it is at reviewers: runs go to work while fewer of our pull requests are open than a project's `capacity` allows, those that came
//! first before the others.

use domain::configuration::Capacity;
use records::ReviewPlace;
use std::collections::BTreeMap;

/// How people count in a line.
const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/// The runs that may take the place that they wait for. Nobody passes an earlier run that waits for a place in the same line, even
/// if that run waits for a place in another line as well.
pub fn may_pass(places: &[ReviewPlace], limit: u32) -> Vec<&ReviewPlace> {
    let mut claimed = BTreeMap::<&str, u32>::new();
    for line in places.iter().filter(|place| place.is_taken()).flat_map(|place| &place.lines) {
        *claimed.entry(line).or_default() += 1;
    }
    let mut passing = Vec::new();
    for place in waiting(places) {
        let mut has_room = true;
        for line in &place.lines {
            let before = claimed.entry(line).or_default();
            has_room &= *before < limit;
            *before += 1;
        }
        if has_room {
            passing.push(place);
        }
    }
    passing
}

/// A run's turn in the lines that it waits in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn<'p> {
    place: &'p ReviewPlace,
    /// How many wait before it.
    before: usize,
    /// How many wait, itself included.
    of: usize,
}

/// The turn of a run, by the name of the execution that began it; `None` when it does not wait.
pub fn turn_of<'p>(places: &'p [ReviewPlace], run: &str) -> Option<Turn<'p>> {
    let line = waiting(places);
    let place = line.iter().copied().find(|place| place.run == run)?;
    // A run that waits for other reviewers is in another line.
    let shares = |other: &ReviewPlace| other.lines.iter().any(|line| place.lines.contains(line));
    let line: Vec<&ReviewPlace> = line.into_iter().filter(|other| shares(other)).collect();
    let before = line.iter().position(|other| other.run == run)?;
    Some(Turn { place, before, of: line.len() })
}

impl Turn<'_> {
    /// What the run waits for, for people, who call pull requests by this name.
    pub fn in_words(&self, project: &str, capacity: Capacity, called: &str) -> String {
        let owners: Vec<&str> = self
            .place
            .lines
            .iter()
            .map(|line| line.split_once('/').map_or(project, |(_, name)| name))
            .collect();
        let most = match capacity.open_pull_requests {
            1 => format!("1 of our {called}s is"),
            more => format!("{more} of our {called}s are"),
        };
        format!(
            "It is {} in line of {}: at most {most} open for {} at a time. It continues by itself when one is merged or closed.",
            ordinal(self.before),
            self.of,
            owners.join(" and ")
        )
    }
}

/// Those who wait, in the order in which they came.
fn waiting(places: &[ReviewPlace]) -> Vec<&ReviewPlace> {
    let mut waiting: Vec<&ReviewPlace> = places.iter().filter(|place| !place.is_taken()).collect();
    waiting.sort_by(|one, other| (one.since, &one.run).cmp(&(other.since, &other.run)));
    waiting
}

fn ordinal(before: usize) -> String {
    if let Some(word) = ORDINALS.get(before) {
        return (*word).to_owned();
    }
    let number = before + 1;
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::configuration::CapacityPer;
    use jiff::{SignedDuration, Timestamp};

    /// Places in the order in which their runs came: the run, whether it has the place, and its lines.
    fn places(given: &[(&str, bool, &[&str])]) -> Vec<ReviewPlace> {
        let at = |number: usize| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number as i64);
        let mut places: Vec<ReviewPlace> = given
            .iter()
            .enumerate()
            .map(|(number, (run, taken, lines))| ReviewPlace {
                run: (*run).to_owned(),
                execution: (*run).to_owned(),
                lines: lines.iter().map(|line| (*line).to_owned()).collect(),
                since: at(number),
                taken_at: taken.then(|| at(number)),
                ask_at: None,
                asked: 0,
            })
            .collect();
        // The table gives them in another order.
        places.reverse();
        places
    }

    fn passing(places: &[ReviewPlace], limit: u32) -> Vec<&str> {
        may_pass(places, limit).into_iter().map(|place| place.run.as_str()).collect()
    }

    #[test]
    fn those_who_came_first_pass_while_there_is_room() {
        const LINE: &[&str] = &["project"];
        let places = places(&[("a", true, LINE), ("b", false, LINE), ("c", false, LINE), ("d", false, LINE)]);
        assert_eq!(passing(&places, 1), Vec::<&str>::new());
        assert_eq!(passing(&places, 3), ["b", "c"]);
        assert_eq!(passing(&places, 9), ["b", "c", "d"]);
    }

    #[test]
    fn nobody_passes_one_who_waits_for_the_same_reviewer_and_another() {
        let both: &[&str] = &["owner/@ada", "owner/@bob"];
        let places = places(&[
            ("a", true, &["owner/@ada"]),
            ("b", false, both),
            ("c", false, &["owner/@bob"]),
            ("d", false, &["owner/@cy"]),
        ]);
        assert_eq!(passing(&places, 1), ["d"], "c does not take from @bob what b waits for");
        assert_eq!(passing(&places, 2), ["b", "c", "d"]);
        let capacity = Capacity { open_pull_requests: 1, per: CapacityPer::Codeowner };
        let words = turn_of(&places, "b").unwrap().in_words("SHOP", capacity, "pull request");
        assert_eq!(
            words,
            "It is first in line of 2: at most 1 of our pull requests is open for @ada and @bob at a time. It continues by itself \
             when one is merged or closed."
        );
        let merge = turn_of(&places, "b").unwrap().in_words("SHOP", capacity, "merge request");
        assert!(merge.contains("at most 1 of our merge requests is open"), "{merge}");
        assert!(
            turn_of(&places, "c")
                .unwrap()
                .in_words("SHOP", capacity, "pull request")
                .contains("second in line of 2")
        );
        assert!(
            turn_of(&places, "d")
                .unwrap()
                .in_words("SHOP", capacity, "pull request")
                .contains("first in line of 1")
        );
        assert_eq!(turn_of(&places, "a"), None);
    }

    #[test]
    fn people_are_told_their_turn_as_people_count() {
        let told = [0, 2, 9, 10, 11, 12, 20, 21, 22, 110].map(ordinal);
        assert_eq!(
            told,
            ["first", "third", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd", "111th"]
        );
    }
}
