//! Joins two changes of one text.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

/// A difference of larger parts, as lines times lines, would take minutes.
const LARGEST_DIFFERENCE: usize = 4_000_000;

/// Some lines of a text, and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk<'a> {
    old: Range<usize>,
    new: &'a [&'a str],
}

impl Hunk<'_> {
    /// Whether two changes are of the same lines or of neighbors, where one may be meant for what the other replaces.
    fn touches(&self, other: &Self) -> bool {
        self.old.start <= other.old.end && other.old.start <= self.old.end
    }
}

/// The text with both changes. `None` if both change the same lines or neighboring ones in different ways, or if a change is too
/// large to compare.
pub fn merge(before: &str, ours: &str, theirs: &str) -> Option<String> {
    let (before, ours, theirs) = (lines(before), lines(ours), lines(theirs));
    let mut our_hunks = hunks(&before, &ours)?.into_iter().peekable();
    let mut their_hunks = hunks(&before, &theirs)?.into_iter().peekable();
    let (mut merged, mut at) = (String::new(), 0);
    loop {
        let next = match (our_hunks.peek(), their_hunks.peek()) {
            (Some(our), Some(their)) if our == their => {
                their_hunks.next();
                our_hunks.next()
            }
            (Some(our), Some(their)) if our.touches(their) => return None,
            (Some(our), Some(their)) if our.old.start < their.old.start => our_hunks.next(),
            (Some(_), None) => our_hunks.next(),
            (_, Some(_)) => their_hunks.next(),
            (None, None) => break,
        };
        let Some(Hunk { old, new }) = next else { break };
        merged.extend(before.get(at..old.start).unwrap_or_default().iter().chain(new).copied());
        at = old.end;
    }
    merged.extend(before.get(at..).unwrap_or_default().iter().copied());
    Some(merged)
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The changes from one text to another, in order; `None` if there are too many lines to compare.
fn hunks<'a>(before: &[&str], after: &'a [&'a str]) -> Option<Vec<Hunk<'a>>> {
    let start = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let (old, new) = (&before[start..], &after[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    if old.len().saturating_mul(new.len()) > LARGEST_DIFFERENCE {
        return None;
    }
    let operations = capture_diff_slices(Algorithm::Myers, old, new).into_iter();
    let changes = operations.filter(|operation| !matches!(operation, DiffOp::Equal { .. }));
    let hunk = |operation: DiffOp| {
        let changed = operation.old_range();
        Hunk { old: start + changed.start..start + changed.end, new: &new[operation.new_range()] }
    };
    Some(changes.map(hunk).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "one\ntwo\nthree\nfour\nfive\n";

    fn check(ours: &str, theirs: &str, merged: Option<&str>) {
        assert_eq!(merge(BEFORE, ours, theirs).as_deref(), merged, "{ours:?} and {theirs:?}");
        assert_eq!(merge(BEFORE, theirs, ours).as_deref(), merged, "{theirs:?} and {ours:?}");
    }

    #[test]
    fn changes_of_different_lines_are_joined() {
        let first = "ONE\ntwo\nthree\nfour\nfive\n";
        check(first, "one\ntwo\nthree\nfour\nFIVE\n", Some("ONE\ntwo\nthree\nfour\nFIVE\n"));
        check(first, "one\ntwo\nthree\nfive\nsix", Some("ONE\ntwo\nthree\nfive\nsix"));
        check(first, BEFORE, Some(first));
        check(
            "zero\none\ntwo\nthree\nfour\nfive\n",
            "one\ntwo\nfour\nfive\n",
            Some("zero\none\ntwo\nfour\nfive\n"),
        );
        check(
            "one\r\ntwo\nthree\nfour\nfive\n",
            "one\ntwo\nthree\nfour\nfive",
            Some("one\r\ntwo\nthree\nfour\nfive"),
        );
    }

    #[test]
    fn what_both_change_in_the_same_way_is_changed_once() {
        let same = "one\ntwo\nthree\nfour\nfive\nsix\n";
        check(same, same, Some(same));
        check("ONE\ntwo\nthree\nfour\nfive\nsix\n", same, Some("ONE\ntwo\nthree\nfour\nfive\nsix\n"));
    }

    #[test]
    fn changes_of_the_same_or_neighboring_lines_are_not_joined() {
        check("one\ntwo\n3\nfour\nfive\n", "one\ntwo\nIII\nfour\nfive\n", None);
        check("one\ntwo\n3\nfour\nfive\n", "one\ntwo\nthree\n4\nfive\n", None);
        check("one\ntwo\nthree\nfour\nfive\nsix\n", "one\ntwo\nthree\nfour\nfive\nSIX\n", None);
        check("", "one\ntwo\nthree\nfour\nFIVE\n", None);
        check("one\n", "one\nTWO\nthree\nfour\nFIVE\n", None);
    }

    #[test]
    fn large_texts_are_bounded() {
        let text = |word: &str| (0..50_000).map(|number| format!("{word} {number}\n")).collect::<String>();
        assert_eq!(merge(&text("a"), &text("b"), &text("c")), None);
        let before = text("a");
        let (ours, theirs) = (format!("first\n{before}"), format!("{before}last\n"));
        assert_eq!(merge(&before, &ours, &theirs), Some(format!("first\n{before}last\n")));
    }
}
