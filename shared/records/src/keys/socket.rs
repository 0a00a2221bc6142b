//! Keys of sockets at an account's gateway. A topic is the followed subject: `execution/<name>` or `project/<folded key>`.
//!
//! | what is asked | how | `pk` | `sk` |
//! |---|---|---|---|
//! | whom a ticket was given to, once | update | `SOCKET#ticket/<sha256>` | `TICKET` |
//! | who follows something | query | `SOCKET#<topic>` | `SOCKET#<connection>` |
//! | how far a socket is, and who sends to it | get, update | `SOCKET#<topic>` | `CURSOR#<connection>` |
//! | what a connection follows | get | `SOCKET#connection/<connection>` | `PLACE` |
//! | open sockets, the oldest first | query `gsi1`, then batch get | `gsi1pk` = `SOCKETS` | `gsi1sk` = `<opened>#<topic>#<connection>` |

use super::Key;

/// How the partitions begin, and the sort keys of open sockets.
pub(crate) const SOCKET: &str = "SOCKET#";

/// The partition of `gsi1` that holds every open socket.
pub(crate) const SOCKETS: &str = "SOCKETS";

pub(crate) fn ticket(sha256: &str) -> Key {
    Key::new(format!("{SOCKET}ticket/{sha256}"), "TICKET")
}

pub(crate) fn partition(topic: &str) -> String {
    format!("{SOCKET}{topic}")
}

pub(crate) fn opened(topic: &str, id: &str) -> Key {
    Key::new(partition(topic), format!("{SOCKET}{id}"))
}

pub(crate) fn cursor(topic: &str, id: &str) -> Key {
    Key::new(partition(topic), format!("CURSOR#{id}"))
}

pub(crate) fn place(id: &str) -> Key {
    Key::new(format!("{SOCKET}connection/{id}"), "PLACE")
}
