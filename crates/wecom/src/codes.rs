//! The error codes of the server API: what each means, and what a person should do.
//!
//! After the official list of global error codes. A code's class here feeds advice and metrics; whether a send is retried is decided by
//! [`Error::class`](crate::Error::class) alone.

mod table;

use table::TABLE;

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
    pub const fn label(self) -> &'static str {
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

const UNKNOWN: Entry = Entry {
    code: i64::MIN,
    trouble: Trouble::Unknown,
    label: "unlisted error code",
    advice: "look the code up at https://open.work.weixin.qq.com/devtool/query and quote the hint to WeChat Work's support",
};

/// The row of `code`; for an unlisted code one that says so.
pub fn look_up(code: i64) -> Entry {
    match TABLE.binary_search_by_key(&code, |entry| entry.code) {
        Ok(index) => TABLE[index],
        Err(_) => Entry { code, ..UNKNOWN },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(
            TABLE.is_sorted_by(|left, right| left.code < right.code),
            "{:?}",
            TABLE.windows(2).find(|pair| pair[0].code >= pair[1].code)
        );
        for entry in TABLE {
            assert!(!entry.label.is_empty() && entry.advice.len() > 10, "{entry:?}");
        }
        assert_eq!(look_up(60020).trouble, Trouble::Address);
        assert_eq!(look_up(123_456).label, "unlisted error code");
        assert_eq!(look_up(123_456).code, 123_456);
    }
}
