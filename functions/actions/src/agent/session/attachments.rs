//! Reads the files that are attached to the ticket or linked in words, within bounds.
//!
//! Like the ticket itself, they are data, written by anybody who can edit the ticket, and never a reason for the session to fail. A file that
//! cannot be read or shown is named, with the reason.

use super::listed::{Keeper, Linked, Listed, MOST_FILES, unreadable};
use super::shown_files::{AttachedFile, NAME, REASON, Shown, one_line};
use crate::agent::picture::Picture;
use crate::agent::price::most_prompt_tokens;
use crate::context::Context;
use crate::done::NoOutput;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{ActionError, Attachment, Task};
use providers::Model;
use std::time::Duration;
use tokio::time::Instant;

/// One text file, in bytes.
const MOST_OF_A_TEXT: usize = 64 * 1024;
/// All text files of a ticket, in bytes.
const MOST_OF_TEXTS: usize = 128 * 1024;
/// One picture, in bytes: in base64, it is within what every provider takes.
const MOST_OF_A_PICTURE: usize = 3_500_000;
/// All pictures of a ticket, in bytes.
const MOST_OF_PICTURES: usize = 7_000_000;
/// The pictures of a ticket.
const MOST_PICTURES: usize = 5;
/// The pixels of a picture's side: <https://platform.claude.com/docs/en/build-with-claude/vision>.
const MOST_PIXELS: u32 = 8_000;
/// How long trackers and the chat are asked for files, all together.
const MOST_TIME: Duration = Duration::from_secs(90);

/// Extensions of files that are neither text nor a picture that models accept: they are not even read.
const OTHER_ENDS: &[&str] = &[
    "7z", "avi", "avif", "bin", "bmp", "bz2", "class", "dll", "dmg", "doc", "docx", "dylib", "eps", "exe",
    "gz", "heic", "ico", "iso", "jar", "m4a", "mkv", "mov", "mp3", "mp4", "msi", "odp", "ods", "odt", "ogg",
    "otf", "pdf", "ppt", "pptx", "psd", "rar", "so", "tar", "tgz", "tif", "tiff", "ttf", "wasm", "wav",
    "webm", "woff", "woff2", "xls", "xlsx", "xz", "zip", "zst",
];
const PICTURE_ENDS: &[&str] = &["gif", "jpeg", "jpg", "png", "webp"];
/// The beginnings of such files' media types.
const OTHER_TYPES: &[&str] = &[
    "application/gzip",
    "application/msword",
    "application/pdf",
    "application/vnd.",
    "application/x-7z",
    "application/x-bzip",
    "application/x-gzip",
    "application/x-rar",
    "application/x-tar",
    "application/x-zip",
    "application/zip",
    "audio/",
    "font/",
    "image/",
    "video/",
];
/// The last one comes from a tracker that knows only that it is a picture.
const PICTURE_TYPES: &[&str] =
    &["image/gif", "image/jpeg", "image/jpg", "image/png", "image/webp", "image/*"];

/// What a file probably is, by what the tracker says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Picture,
    /// Anything that may be text.
    Text,
    Other,
}

impl Kind {
    fn of(file: &Attachment) -> Self {
        let media_type = file.media_type.as_deref().unwrap_or_default().to_ascii_lowercase();
        let end = file.name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
        let is_markup = media_type.ends_with("+xml") || media_type.ends_with("+json");
        let is_one_of = |types: &[&str]| types.iter().any(|known| media_type.starts_with(known));
        match () {
            () if is_one_of(PICTURE_TYPES) => Self::Picture,
            () if is_one_of(OTHER_TYPES) && !is_markup => Self::Other,
            () if PICTURE_ENDS.contains(&end.as_str()) => Self::Picture,
            // Trackers take the type of a text from its name, too, and then some are wrong: `.ts` is a video for them.
            () if OTHER_ENDS.contains(&end.as_str()) && !media_type.starts_with("text/") => Self::Other,
            () => Self::Text,
        }
    }
}

/// What is left of the bounds.
pub(super) struct Room {
    texts: usize,
    pictures: usize,
    picture_bytes: usize,
    until: Instant,
}

/// The most bytes of texts that a model is shown: a token is a byte or more, so that files leave most of a small model's prompt to the work.
pub(super) fn most_of_texts(model: &Model) -> usize {
    let most = most_prompt_tokens(model);
    most.map_or(MOST_OF_TEXTS, |most| usize::try_from(most).unwrap_or(usize::MAX)).min(MOST_OF_TEXTS)
}

/// Reads the files of a ticket, and `linked` ones of the words that ask for the work, for a session with this id. Where there are none,
/// that costs no request.
///
/// # Errors
/// When the table does not answer.
pub(super) async fn attached(
    context: &Context<'_>,
    task: Option<&Task>,
    linked: Linked,
    model: &Model,
    session: &str,
) -> Result<Vec<AttachedFile>, ActionError> {
    let mut all = Vec::new();
    if let Some(task) = task.filter(|task| !task.attachments.is_empty()) {
        let keeper = match context.tracker().await {
            Ok(tracker) => Ok(Keeper::Tracker { tracker, task_id: task.task_id.clone() }),
            Err(NoOutput::Failed(error)) => Err(unreadable(&error.message)),
            Err(NoOutput::Skipped(why)) => Err(unreadable(&why)),
            Err(NoOutput::Parked) => Err(unreadable("the tracker is not connected")),
        };
        all.extend(task.attachments.iter().map(|file| Listed { keeper: keeper.clone(), file: file.clone() }));
    }
    let own = all.len();
    let is_new = |id: &str| all[..own].iter().all(|known| known.file.id != id);
    // What is attached to the ticket is shown, wherever else it is linked.
    let unasked = linked.unasked().filter(|id| is_new(id)).count();
    let new: Vec<_> = linked.files.into_iter().filter(|linked| is_new(&linked.file.id)).collect();
    all.extend(new);
    let more = linked.more + all.len().saturating_sub(MOST_FILES);
    all.truncate(MOST_FILES);
    all.extend(Listed::others(more));
    all.extend(Listed::unasked(unasked));
    read_all(context, &all, &mut Room::of(Some(most_of_texts(model))), session).await
}

/// Reads files in their order, as far as there is room.
///
/// # Errors
/// When the table does not answer.
pub(super) async fn read_all(
    context: &Context<'_>,
    listed: &[Listed],
    room: &mut Room,
    session: &str,
) -> Result<Vec<AttachedFile>, ActionError> {
    let mut files = Vec::new();
    for Listed { keeper, file } in listed {
        let read = match keeper {
            Ok(keeper) => room.read(keeper, file).await,
            Err(why) => Err(why.clone()),
        };
        let mut size = file.size;
        let content = match read {
            Ok(bytes) => {
                size = Some(bytes.len() as u64);
                room.show(context, bytes, session).await?
            }
            Err(why) => Shown::Nothing(one_line(&why, REASON)),
        };
        if let Shown::Nothing(why) = &content {
            tracing::info!(session, why, "a file is not shown");
        }
        let author = file.author.as_deref().map(|author| one_line(author, NAME));
        let id = file.id.clone();
        files.push(AttachedFile { id, name: one_line(&file.name, NAME), author, size, content });
    }
    Ok(files)
}

impl Room {
    /// The whole of it; without a model's own bound on texts, the general one.
    pub(super) fn of(most_of_texts: Option<usize>) -> Self {
        Self {
            texts: most_of_texts.unwrap_or(MOST_OF_TEXTS).min(MOST_OF_TEXTS),
            pictures: MOST_PICTURES,
            picture_bytes: MOST_OF_PICTURES,
            until: Instant::now() + MOST_TIME,
        }
    }

    /// Leaves less of it, by what these files take.
    pub(super) fn take(&mut self, files: &[AttachedFile]) {
        for file in files {
            let size = file.size.and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
            match &file.content {
                Shown::Text(text) => self.texts = self.texts.saturating_sub(text.len()),
                Shown::Picture { .. } => {
                    self.pictures = self.pictures.saturating_sub(1);
                    self.picture_bytes = self.picture_bytes.saturating_sub(size);
                }
                Shown::Nothing(_) => {}
            }
        }
    }

    /// The content of a file that may be shown, or why it is not shown.
    async fn read(&self, keeper: &Keeper, file: &Attachment) -> Result<Vec<u8>, String> {
        let (most, of_one, what) = match Kind::of(file) {
            Kind::Other => {
                return Err(
                    "it is neither text nor a picture of the types PNG, JPEG, GIF and WebP".to_owned()
                );
            }
            Kind::Picture if self.pictures == 0 => {
                return Err(format!("only {MOST_PICTURES} pictures are shown"));
            }
            Kind::Picture => (self.picture_bytes, MOST_OF_A_PICTURE, "pictures"),
            Kind::Text => (self.texts, MOST_OF_A_TEXT, "text files"),
        };
        let bytes = |count: usize| format!("{count} bytes");
        if file.size.is_some_and(|size| size > of_one as u64) {
            return Err(format!("it is too large; {what} of at most {} are shown", bytes(of_one)));
        }
        if most == 0 || file.size.is_some_and(|size| size > most as u64) {
            return Err(format!("the earlier {what} leave only {} for it", bytes(most)));
        }
        let reading = keeper.read(file, most.min(of_one));
        match tokio::time::timeout_at(self.until, reading).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(format!("it could not be read: {}", error.message)),
            Err(_) => Err("it could not be read: reading files took too long".to_owned()),
        }
    }

    /// The shown part of a file, whose bytes determine its kind.
    async fn show(
        &mut self,
        context: &Context<'_>,
        bytes: Vec<u8>,
        session: &str,
    ) -> Result<Shown, ActionError> {
        let nothing = |why: &str| Ok(Shown::Nothing(why.to_owned()));
        if let Some(picture) = Picture::of(&bytes) {
            if self.pictures == 0 || bytes.len() > self.picture_bytes {
                return nothing("the earlier pictures leave no room for it");
            }
            if picture.width.max(picture.height) > MOST_PIXELS || picture.width.min(picture.height) == 0 {
                return nothing("it is too large; pictures of at most 8000 pixels a side are shown");
            }
            if !picture.is_whole {
                return nothing("it is damaged: its end is missing");
            }
            self.pictures -= 1;
            self.picture_bytes -= bytes.len();
            let (table, now) = (context.table(), context.clock().now());
            let base64 = table.store_for_session(session, &STANDARD.encode(&bytes), now).await?;
            return Ok(Shown::Picture { media_type: picture.media_type.to_owned(), base64 });
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return nothing("it is neither text in UTF-8 nor a picture of the types PNG, JPEG, GIF and WebP");
        };
        if text.contains('\0') {
            return nothing("it is binary");
        }
        if text.trim().is_empty() {
            return nothing("it is empty");
        }
        if text.len() > self.texts.min(MOST_OF_A_TEXT) {
            return nothing("it is too large");
        }
        self.texts -= text.len();
        Ok(Shown::Text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, media_type: Option<&str>) -> Kind {
        let media_type = media_type.map(str::to_owned);
        Kind::of(&Attachment { id: "1".into(), name: name.into(), media_type, size: None, author: None })
    }

    #[test]
    fn only_what_may_be_text_or_a_picture_is_read() {
        let octets = Some("application/octet-stream");
        for (name, media_type) in [
            ("a.txt", Some("text/plain")),
            ("a.log", octets),
            ("a.json", Some("application/json")),
            ("a.svg", Some("image/svg+xml")),
            ("Makefile", None),
            ("a.pdf", Some("text/plain")),
        ] {
            assert_eq!(kind(name, media_type), Kind::Text, "{name} {media_type:?}");
        }
        for (name, media_type) in [
            ("a.png", Some("image/png")),
            ("a.JPG", None),
            ("a.webp", octets),
            ("a", Some("IMAGE/GIF")),
            ("a", Some("image/*")),
        ] {
            assert_eq!(kind(name, media_type), Kind::Picture, "{name} {media_type:?}");
        }
        for (name, media_type) in [
            ("a.pdf", Some("application/pdf")),
            ("a.zip", octets),
            ("a.tiff", Some("image/tiff")),
            ("a.mp4", None),
            ("a.txt", Some("application/vnd.ms-excel")),
        ] {
            assert_eq!(kind(name, media_type), Kind::Other, "{name} {media_type:?}");
        }
    }
}
