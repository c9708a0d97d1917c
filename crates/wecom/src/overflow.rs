//! What is done about texts that are too long.

/// Treatment of texts that are too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The text is cut, with a mark that says how much is missing, so that an alert still arrives.
    #[default]
    Truncate,
    /// The message is refused with [`MessageError::TooLong`](crate::MessageError::TooLong).
    Reject,
}
