//! A file of an issue, as a simulated GitHub keeps it.

/// A file that somebody put into an issue.
pub(super) struct Upload {
    /// Where it is below `/user-attachments`: `assets/UUID` or `files/NUMBER/NAME`.
    pub(super) path: String,
    /// Its name in the store.
    pub(super) stored: String,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    pub(super) is_private: bool,
    /// Whether it is linked, but gone.
    pub(super) deleted: bool,
}
