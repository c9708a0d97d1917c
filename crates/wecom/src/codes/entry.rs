//! Rows of the table: an error code, its kind of trouble, and the texts for people.

/// Kind of trouble that an error code tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The service is busy, or two writers were in conflict; it passes by itself.
    Transient,
    /// The access token is no longer valid.
    Token,
    /// The corporation's id or the app's secret is wrong, or withdrawn.
    Credentials,
    /// The app or the corporation calls too often.
    Rate,
    /// The request itself is wrong.
    Invalid,
    /// No recipient, or not all, can be reached.
    Recipient,
    /// A permission, visibility or setting is missing.
    Permission,
    /// The caller's IP address is not among the app's trusted ones (企业可信IP).
    Address,
    /// A quota of the corporation for a day or longer is used up.
    Quota,
    /// A card or message is no longer in the state that the call needs.
    Card,
    /// The group or robot that was sent to no longer exists.
    Gone,
    /// The code is not in the table.
    Unknown,
}

impl Trouble {
    /// Label in metrics, such as `rate`.
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

/// Row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number that the service answers with as `errcode`.
    pub code: i64,
    /// Kind of trouble.
    pub trouble: Trouble,
    /// Meaning in a few words, such as `invalid userid`.
    pub label: &'static str,
    /// Advice for people: one line that says what to do.
    pub advice: &'static str,
}

/// Codes of [`Trouble::Permission`] that are about one message or its recipients: other messages may be sent all the same.
const OF_A_MESSAGE: [i64; 15] = [
    43012, 50001, 60011, 60206, 60207, 60208, 81011, 85005, 86008, 86101, 92000, 92001, 92002,
    92003, 50002,
];

impl Entry {
    /// Whether people must repair something before the app can send any message.
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
