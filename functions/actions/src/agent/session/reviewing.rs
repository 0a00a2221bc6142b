//! A pull request in the first message: how it changes the files, and the threads that wait for an answer. All of it is data.

use crate::agent::fence::fence;
use edits::{Review, ReviewSubject};

/// The most of the diff that is shown at once, in bytes; `show_diff` shows the rest.
const MOST_SHOWN: usize = 48 * 1024;

/// The files of the change, the first ones with their lines. Empty if there is nothing to review.
pub(super) fn change(subject: &ReviewSubject) -> String {
    if subject.files.is_empty() {
        return String::new();
    }
    let mut text =
        "Each line has its number before and after the change. `comment_on_line` takes these numbers.\n"
            .to_owned();
    if let Some(since) = &subject.since {
        text.push_str(&format!(
            "\nYou reviewed this change before, at {since}. Lines that end with · were there then: say nothing about them. Files \
             that have not changed since are left out.\n"
        ));
    }
    let mut rest = Vec::new();
    for file in &subject.files {
        let shown = file.shown();
        if text.len() + shown.len() > MOST_SHOWN {
            rest.push(file.path.as_str());
            continue;
        }
        let was = match file.path == file.former_path {
            true => String::new(),
            false => format!(" (was {})", fence(&file.former_path)),
        };
        text.push_str(&format!("\n{}{was}\n{}\n", fence(&file.path), fence(shown.trim_end())));
    }
    if !rest.is_empty() {
        let listed = fence(&rest.join("\n"));
        text.push_str(&format!("\nNot shown here; call `show_diff` for each of them:\n{listed}\n"));
    }
    text
}

/// The threads, by the numbers that `answer_thread` takes. Empty where none waits.
pub(super) fn threads(subject: &ReviewSubject) -> String {
    let mut text = String::new();
    for (place, thread) in subject.threads.iter().enumerate() {
        let line =
            thread.line.map_or_else(|| "a line that is gone".to_owned(), |line| format!("line {line}"));
        text.push_str(&format!("\nThread {}, about {line} of {}:\n", place + 1, fence(&thread.path)));
        for comment in &thread.comments {
            let author = match (&comment.author, comment.is_ours) {
                (_, true) => "you".to_owned(),
                (Some(author), false) => fence(author),
                (None, false) => "somebody".to_owned(),
            };
            text.push_str(&format!("- {author}: {}\n", fence(&comment.text)));
        }
    }
    if !text.is_empty() {
        text.insert_str(0, "Call `answer_thread` for each of them before you finish: what became of it, and whether it is done.\n");
    }
    text
}

/// The comments on the pull request in an earlier generation. Empty if there are none.
pub(super) fn said(review: &Review) -> String {
    let mut text = String::new();
    for comment in &review.comments {
        let (line, side) = match comment.new_line {
            Some(line) => (Some(line), "after"),
            None => (comment.old_line, "before"),
        };
        let line = line.unwrap_or_default();
        text.push_str(&format!(
            "- line {line} ({side}) of {}: {}\n",
            fence(&comment.path),
            fence(&comment.text)
        ));
    }
    if !review.answers.is_empty() {
        text.push_str(&format!("- {} threads are answered.\n", review.answers.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plugins::{ReviewThread, ThreadComment};
    use edits::DiffFile;

    #[test]
    fn a_change_is_data_with_the_numbers_of_its_lines() {
        let sha = |digit: &str| digit.repeat(40).parse().unwrap();
        let comment = ThreadComment {
            author: Some("ada".into()),
            is_ours: false,
            marks: Vec::new(),
            text: "Name it.".into(),
        };
        let subject = ReviewSubject {
            number: 7,
            source: "x".into(),
            head: sha("b"),
            base: sha("a"),
            since: None,
            files: vec![DiffFile::parse("a.py", "b.py", "@@ -1 +1 @@\n-old\n+new\n")],
            threads: vec![ReviewThread {
                id: "T1".into(),
                path: "a.py".into(),
                line: None,
                is_resolved: false,
                comments: vec![comment],
            }],
        };
        let shown = change(&subject);
        assert!(shown.contains(&fence("     1        -old\n            1 +new")), "{shown}");
        assert!(shown.contains(&format!("{} (was {})", fence("a.py"), fence("b.py"))), "{shown}");
        let waiting = threads(&subject);
        assert!(waiting.contains("Thread 1, about a line that is gone"), "{waiting}");
        assert!(waiting.contains(&format!("- {}: {}", fence("ada"), fence("Name it."))), "{waiting}");
        assert_eq!(change(&ReviewSubject { files: Vec::new(), ..subject }), "");
    }
}
