//! A row of the table: one error code, the kind of trouble it tells of, and what people read.

/// What kind of trouble a code tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Busy or conflicting; goes away by itself.
    Transient,
    /// The access token is no longer good.
    Token,
    /// The corporation's id or the app's secret is wrong, or withdrawn.
    Credentials,
    /// Too many calls.
    Rate,
    /// The request itself is wrong.
    Invalid,
    /// A recipient cannot be reached.
    Recipient,
    /// A permission, visibility or setting is missing.
    Permission,
    /// The caller's address is not trusted.
    Address,
    /// A quota for long periods is used up.
    Quota,
    /// A card or message is no longer in the state that the call needs.
    Card,
    /// The channel no longer exists.
    Gone,
    /// Not in the list.
    Unknown,
}

impl Trouble {
    /// The label in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Token => "token",
            Self::Credentials => "credentials",
            Self::Rate => "rate",
            Self::Invalid => "invalid",
            Self::Recipient => "recipient",
            Self::Permission => "permission",
            Self::Address => "address",
            Self::Quota => "quota",
            Self::Card => "card",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The `errcode`.
    pub code: i64,
    /// What kind of trouble.
    pub trouble: Trouble,
    /// What it means, in a few words.
    pub label: &'static str,
    /// One line of what to do.
    pub advice: &'static str,
}

/// Codes about permission that depend on whom or what a message is for: others may be sent all the same.
const OF_A_MESSAGE: [i64; 15] = [
    43012, 50001, 60011, 60206, 60207, 60208, 81011, 85005, 86008, 86101, 92000, 92001, 92002,
    92003, 50002,
];

impl Entry {
    /// Whether people must repair something before any message can be sent.
    pub fn is_to_repair(&self) -> bool {
        match self.trouble {
            Trouble::Credentials | Trouble::Address => true,
            Trouble::Permission => !OF_A_MESSAGE.contains(&self.code),
            Trouble::Transient
            | Trouble::Token
            | Trouble::Rate
            | Trouble::Invalid
            | Trouble::Recipient
            | Trouble::Quota
            | Trouble::Card
            | Trouble::Gone
            | Trouble::Unknown => false,
        }
    }
}
