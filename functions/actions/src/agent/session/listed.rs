//! Files that were found for an agent, before they are read: each with the service to read it from, or the reason that it is not shown.

use domain::plugins::{Communication, FileChannels, TaskManagement};
use domain::{ActionError, Attachment};
use std::collections::HashSet;
use std::sync::Arc;

/// No more files are looked at: a ticket lists as many, and words may link others.
pub(super) const MOST_FILES: usize = 60;

/// Where a file is kept.
#[derive(Clone)]
pub(super) enum Keeper {
    /// A tracker, and the ticket or pull request that it is asked about.
    Tracker { tracker: Arc<dyn TaskManagement>, task_id: String },
    /// The chat, and the channels whose files may be read.
    Chat { chat: Arc<dyn Communication>, channels: FileChannels },
}

impl Keeper {
    /// The content of a file. More than `most` bytes are refused.
    ///
    /// # Errors
    /// Those of the service, and `Rejected` if it does not give the file for this.
    pub(super) async fn read(&self, file: &Attachment, most: usize) -> Result<Vec<u8>, ActionError> {
        match self {
            Self::Tracker { tracker, task_id } => tracker.read_attachment(task_id, file, most).await,
            Self::Chat { chat, channels } => chat.read_attachment(file, channels, most).await,
        }
    }
}

/// A file with the service to read it from, or the reason that it is not shown.
pub(super) struct Listed {
    pub(super) keeper: Result<Keeper, String>,
    pub(super) file: Attachment,
}

impl Listed {
    /// A placeholder for the files that words link about something, when the service that knows them does not answer.
    pub(super) fn unknown(about: &str, why: String) -> Self {
        Self::unshown(format!("files linked in what was said about {about}"), unreadable(&why))
    }

    /// A placeholder for the files over the limit; `None` if there are none.
    pub(super) fn others(count: usize) -> Option<Self> {
        let name = match count {
            0 => return None,
            1 => "one more file".to_owned(),
            count => format!("{count} more files"),
        };
        Some(Self::unshown(name, format!("only {MOST_FILES} files are looked at")))
    }

    /// A placeholder for the files that only other material than the request for the work links; `None` if there are none.
    pub(super) fn unasked(count: usize) -> Option<Self> {
        let name = match count {
            0 => return None,
            1 => "one other linked file".to_owned(),
            count => format!("{count} other linked files"),
        };
        Some(Self::unshown(
            name,
            "only files linked in the request that started this work are read".to_owned(),
        ))
    }

    fn unshown(name: String, why: String) -> Self {
        let file = Attachment { id: String::new(), name, media_type: None, size: None, author: None };
        Self { keeper: Err(why), file }
    }
}

/// Files that words link, each once, as many as are looked at.
#[derive(Default)]
pub(super) struct Linked {
    pub(super) files: Vec<Listed>,
    /// How many others they link.
    pub(super) more: usize,
    known: HashSet<String>,
    /// Those that may not be read, because the request for the work does not link them.
    others: HashSet<String>,
}

impl Linked {
    /// Adds files that are kept in one place.
    pub(super) fn add(&mut self, keeper: &Keeper, files: Vec<Attachment>) {
        for file in files {
            if !self.known.insert(file.id.clone()) {
                continue;
            }
            match self.files.len() < MOST_FILES {
                true => self.files.push(Listed { keeper: Ok(keeper.clone()), file }),
                false => self.more += 1,
            }
        }
    }

    /// Notes files that may not be read, because the request for the work does not link them.
    pub(super) fn leave_out(&mut self, files: Vec<Attachment>) {
        self.others.extend(files.into_iter().map(|file| file.id));
    }

    /// The ids of the files that may not be read.
    pub(super) fn unasked(&self) -> impl Iterator<Item = &str> {
        self.others.difference(&self.known).map(String::as_str)
    }
}

/// The reason that a file is not shown whose service does not give it.
pub(super) fn unreadable(why: &str) -> String {
    format!("it could not be read: {why}")
}
