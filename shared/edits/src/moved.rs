//! Files that are moved and deleted without being read, by the ids of their blobs.

use crate::file_edit::MovedContent;
use crate::rules::LARGEST_FILE;
use crate::shown::is_named_as_binary;
use crate::tree::not_a_file;
use domain::plugins::TreeEntry;

/// A smaller file may be a pointer of Git Large File Storage, which only its content shows.
const LARGEST_POINTER: u64 = 1024;

/// Whether a file's blob may have to be known by its id: what is certainly read needs none. The size may be unknown.
fn may_be_moved_unread(entry: &TreeEntry) -> bool {
    let is_unread = |size: u64| {
        size > LARGEST_FILE as u64 || (size >= LARGEST_POINTER && is_named_as_binary(&entry.path))
    };
    not_a_file(entry.kind).is_none() && entry.size.is_none_or(is_unread)
}

/// A tree without the ids that nobody needs, which are most of it: what is kept of a tree is kept so.
pub fn without_needless_ids(mut tree: Vec<TreeEntry>) -> Vec<TreeEntry> {
    for entry in tree.iter_mut().filter(|entry| !may_be_moved_unread(entry)) {
        entry.id = None;
    }
    tree
}

/// The content of a file that is moved or deleted without being read: too large for that, or not text by its name. `None` for every other one.
pub(crate) fn unread(entry: &TreeEntry) -> Option<MovedContent> {
    let (size, id) = (entry.size?, entry.id.clone()?);
    may_be_moved_unread(entry).then(|| MovedContent { from: entry.path.clone(), id, size })
}
