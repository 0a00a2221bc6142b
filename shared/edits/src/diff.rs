//! A unified diff with the numbers of its lines, and which of them a review may be about.

use crate::numbers::ranges;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;
use std::time::Duration;

/// Two versions that take longer to compare are compared coarsely.
const TIME_FOR_A_DIFF: Duration = Duration::from_millis(500);

/// A file of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffFile {
    /// The path after the change.
    pub path: String,
    /// The path before it.
    pub former_path: String,
    /// The lines, in order; a line that is not adjacent to the previous one begins another hunk.
    pub lines: Vec<DiffLine>,
    /// Why lines are missing, if some are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<String>,
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffLine {
    /// Its number before the change, from 1; absent for an added line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<u64>,
    /// Its number after the change, from 1; absent for a removed line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<u64>,
    /// The line without its end.
    pub text: String,
    /// Whether it changed since the previous review. Without one, everything did.
    pub is_fresh: bool,
}

/// Which version of a file a line is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The version before the change.
    Before,
    /// The version after the change.
    After,
}

impl Side {
    /// The words for both.
    pub(crate) const NAMES: &'static [&'static str] = &["after", "before"];
}

impl DiffLine {
    /// Its number in one version.
    pub fn number(&self, side: Side) -> Option<u64> {
        match side {
            Side::Before => self.old,
            Side::After => self.new,
        }
    }
}

impl DiffFile {
    /// Reads the hunks of one file of a unified diff. A diff that ends within a hunk is read as far as possible, and the missing part is reported.
    pub fn parse(path: &str, former_path: &str, patch: &str) -> Self {
        let mut file = Self {
            path: path.to_owned(),
            former_path: former_path.to_owned(),
            lines: Vec::new(),
            omitted: None,
        };
        let (mut old, mut new) = (Left::default(), Left::default());
        for line in patch.strip_suffix('\n').unwrap_or(patch).split('\n') {
            if old.count == 0 && new.count == 0 {
                if let Some((before, after)) = header(line) {
                    (old, new) = (before, after);
                } else if !line.starts_with('\\') {
                    break;
                }
                continue;
            }
            // Some programs leave out the space of an unchanged empty line.
            let (sign, text) = match line.chars().next() {
                Some(sign @ (' ' | '-' | '+' | '\\')) => (sign, line.get(1..).unwrap_or_default()),
                None => (' ', line),
                Some(_) => break,
            };
            let (old, new) = match sign {
                ' ' => (old.take(), new.take()),
                '-' => (old.take(), None),
                '+' => (None, new.take()),
                _ => continue,
            };
            let text = text.to_owned();
            file.lines.push(DiffLine { old, new, text, is_fresh: true });
        }
        if old.count > 0 || new.count > 0 {
            file.omitted = Some("the code host does not show the rest".to_owned());
        }
        file
    }

    /// The line with this number.
    pub fn line(&self, side: Side, number: u64) -> Option<&DiffLine> {
        self.lines.iter().find(|line| line.number(side) == Some(number))
    }

    /// Whether a review may say something about it.
    pub fn is_fresh(&self) -> bool {
        self.lines.iter().any(|line| line.is_fresh)
    }

    /// The numbers of reviewable lines, in words: `3–5, 9`. Empty if there are none.
    pub fn fresh_lines(&self, side: Side) -> String {
        ranges(self.lines.iter().filter(|line| line.is_fresh).filter_map(|line| line.number(side)))
    }

    /// The numbers of all lines in the diff, in words.
    pub fn shown_lines(&self, side: Side) -> String {
        ranges(self.lines.iter().filter_map(|line| line.number(side)))
    }

    /// Leaves only what changed between the version of the review before and the present one: a line that was there then is not fresh, and
    /// a removed one only if it was removed since. `None` means that the file did not exist.
    pub fn keep_fresh(&mut self, earlier: Option<&str>, present: Option<&str>) {
        let (earlier, present) = (lines(earlier.unwrap_or_default()), lines(present.unwrap_or_default()));
        let diff = TextDiff::configure()
            .timeout(TIME_FOR_A_DIFF)
            .diff_slices(earlier.as_slice(), present.as_slice());
        let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
        for change in diff.iter_all_changes() {
            match (change.tag(), change.new_index()) {
                (ChangeTag::Insert, Some(index)) => {
                    added.insert(u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1));
                }
                (ChangeTag::Delete, _) => {
                    removed.insert(change.value().trim_end_matches(['\n', '\r']).to_owned());
                }
                _ => {}
            }
        }
        for line in &mut self.lines {
            line.is_fresh = match (line.old, line.new) {
                (None, Some(new)) => added.contains(&new),
                (Some(_), None) => removed.contains(line.text.trim_end_matches('\r')),
                // Lines unchanged by the change are not changed since, either.
                _ => false,
            };
        }
    }

    /// The diff as a model is shown it: each line with its number before and after the change.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        let mut last: Option<&DiffLine> = None;
        for line in &self.lines {
            let follows = last.is_none_or(|last| {
                [Side::Before, Side::After].into_iter().all(|side| {
                    last.number(side).zip(line.number(side)).is_none_or(|(one, other)| one + 1 == other)
                })
            });
            if !follows {
                text.push_str("       ⋮\n");
            }
            last = Some(line);
            let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
            let sign = match (line.old, line.new) {
                (None, _) => '+',
                (_, None) => '-',
                _ => ' ',
            };
            let seen = if line.is_fresh { "" } else { " ·" };
            text.push_str(&format!(
                "{:>6} {:>6} {sign}{}{seen}\n",
                number(line.old),
                number(line.new),
                line.text
            ));
        }
        if let Some(omitted) = &self.omitted {
            text.push_str(&format!("({omitted})\n"));
        }
        text
    }
}

/// The lines as code hosts number them: a carriage return within a line ends none.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Where a version of a hunk is, and how many lines of it are still to come.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    next: u64,
    count: u64,
}

impl Left {
    fn take(&mut self) -> Option<u64> {
        self.count = self.count.checked_sub(1)?;
        let number = self.next;
        self.next = self.next.saturating_add(1);
        Some(number)
    }
}

/// Reads `@@ -12,3 +12,4 @@ fn main() {`.
fn header(line: &str) -> Option<(Left, Left)> {
    let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    Some((range(old)?, range(new)?))
}

fn range(text: &str) -> Option<Left> {
    let (next, count) = text.split_once(',').unwrap_or((text, "1"));
    Some(Left { next: next.parse().ok()?, count: count.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATCH: &str = "@@ -1,3 +1,4 @@ fn main() {\n a\n-b\n+B\n+b2\n c\n@@ -10 +11,2 @@\n j\n+k\n\\ No newline at end of file";

    fn numbers(file: &DiffFile) -> Vec<(Option<u64>, Option<u64>, &str)> {
        file.lines.iter().map(|line| (line.old, line.new, line.text.as_str())).collect()
    }

    #[test]
    fn every_line_has_the_numbers_that_people_see() {
        let file = DiffFile::parse("a", "a", PATCH);
        assert_eq!(
            numbers(&file),
            [
                (Some(1), Some(1), "a"),
                (Some(2), None, "b"),
                (None, Some(2), "B"),
                (None, Some(3), "b2"),
                (Some(3), Some(4), "c"),
                (Some(10), Some(11), "j"),
                (None, Some(12), "k"),
            ]
        );
        assert_eq!(file.omitted, None);
        assert_eq!(
            (file.fresh_lines(Side::After).as_str(), file.fresh_lines(Side::Before).as_str()),
            ("1–4, 11–12", "1–3, 10")
        );
        assert!(file.shown().contains("⋮"), "{}", file.shown());
    }

    #[test]
    fn a_diff_that_ends_early_says_so_and_has_no_invented_lines() {
        for cut in 0..PATCH.len() {
            let Some(part) = PATCH.get(..cut) else { continue };
            let file = DiffFile::parse("a", "a", part);
            let whole = DiffFile::parse("a", "a", PATCH);
            let known = numbers(&whole);
            assert!(
                numbers(&file)
                    .iter()
                    .all(|(old, new, _)| known.iter().any(|line| (&line.0, &line.1) == (old, new)))
            );
        }
        assert!(DiffFile::parse("a", "a", "@@ -1,3 +1,4 @@\n a").omitted.is_some());
        assert_eq!(DiffFile::parse("a", "a", "GIT binary patch").lines, []);
    }

    #[test]
    fn what_was_there_at_the_review_before_is_not_fresh() {
        let mut file = DiffFile::parse("a", "a", PATCH);
        // The review before saw `B`, and `b` was gone already; `b2` and `k` are new since.
        let between = "x\n".repeat(6);
        let (seen, present) = (format!("a\nB\nc\n{between}j\n"), format!("a\nB\nb2\nc\n{between}j\nk"));
        file.keep_fresh(Some(&seen), Some(&present));
        let fresh: Vec<_> =
            file.lines.iter().filter(|line| line.is_fresh).map(|line| line.text.as_str()).collect();
        assert_eq!(fresh, ["b2", "k"]);
        let mut file = DiffFile::parse("a", "a", PATCH);
        file.keep_fresh(Some("a\nb\nc\n"), Some("a\nB\nb2\nc\n"));
        assert!(file.line(Side::Before, 2).unwrap().is_fresh, "it was removed since");
        let mut file = DiffFile::parse("a", "a", PATCH);
        file.keep_fresh(Some("same\n"), Some("same\n"));
        assert!(!file.is_fresh());
        let mut file = DiffFile::parse("a", "a", "@@ -1,2 +1,3 @@\n x\ry\n-b\n+B\n+b2\n");
        file.keep_fresh(Some("x\ry\nB\n"), Some("x\ry\nB\nb2\n"));
        assert_eq!(file.fresh_lines(Side::After), "3", "a carriage return ends no line");
    }

    proptest! {
        #[test]
        fn a_diff_points_at_the_lines_of_both_versions(
            old in proptest::collection::vec("[ab]{0,2}", 0..30), new in proptest::collection::vec("[ab]{0,2}", 0..30),
        ) {
            let join = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let (before, after) = (join(&old), join(&new));
            let text = TextDiff::from_lines(&before, &after).unified_diff().context_radius(3).to_string();
            let file = DiffFile::parse("a", "a", &text);
            prop_assert_eq!(&file.omitted, &None);
            for line in &file.lines {
                for (number, version) in [(line.old, &old), (line.new, &new)] {
                    if let Some(number) = number {
                        prop_assert_eq!(&version[usize::try_from(number).unwrap() - 1], &line.text);
                    }
                }
            }
            let added = file.lines.iter().filter(|line| line.old.is_none()).count();
            let removed = file.lines.iter().filter(|line| line.new.is_none()).count();
            prop_assert_eq!(old.len() + added, new.len() + removed);
        }
    }
}
