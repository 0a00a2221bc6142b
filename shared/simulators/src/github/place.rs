//! Where a remark in a review is.

/// A line of a diff, by its number before the change or after it.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Left(u64),
    Right(u64),
}

impl Place {
    pub(super) fn line(self) -> u64 {
        match self {
            Self::Left(line) | Self::Right(line) => line,
        }
    }

    pub(super) fn side(self) -> &'static str {
        match self {
            Self::Left(_) => "LEFT",
            Self::Right(_) => "RIGHT",
        }
    }
}
