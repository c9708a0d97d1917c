//! Recipients of a message (page 90236).

use serde::{Deserialize, Serialize};

/// Selectors, with the most ids that each may list.
const LIMITS: [(&str, usize); 3] = [("touser", 1000), ("toparty", 100), ("totag", 100)];

/// Longest id, in bytes: a userid has 64 at most (page 90313, code 40003), and ids of departments and tags are numbers.
pub(crate) const MAX_ID_BYTES: usize = 64;

/// Separators that people write instead of `|`, and that no id holds.
const OTHER_SEPARATORS: [char; 9] = [',', ';', '，', '；', '、', '｜', '￨', '│', '¦'];

/// Userid that stands for every member in the app's visible range.
const EVERYBODY: &str = "@all";

/// Recipients of a message: three selectors, each a list of ids with `|` between them. The message goes to their union; an empty selector is left out
/// of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// Userids of members, 1000 at most, or `@all` for everybody in the app's visible range. Small and capital letters are the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub touser: String,
    /// Ids of departments, 100 at most.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub toparty: String,
    /// Ids of tags, 100 at most.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub totag: String,
}

/// Reason why recipients cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientsError {
    /// All three selectors are empty.
    #[error(
        "no recipient: set touser, toparty or totag in the payload, or a default in the provider's configuration"
    )]
    Nobody,
    /// A selector lists too many ids.
    #[error("{field} lists {count} ids, at most {limit} are allowed; send it as several actions")]
    TooMany {
        /// Name of the selector, such as `touser`.
        field: &'static str,
        /// Number of ids that it lists.
        count: usize,
        /// Number of ids that it may list.
        limit: usize,
    },
    /// A selector has something else than `|` between its ids.
    #[error(
        "{field} has ids with {separator:?} between them: separate them with |, such as \"zhangsan|lisi\""
    )]
    Separator {
        /// Name of the selector.
        field: &'static str,
        /// Character between the ids.
        separator: char,
    },
    /// A selector has `@all` in a spelling, or in a place, that the service does not understand.
    #[error(
        "{field} has {written:?}: to send to everybody, write \"@all\" in touser, in small letters"
    )]
    Everybody {
        /// Name of the selector.
        field: &'static str,
        /// Id as it is written.
        written: String,
    },
    /// A selector lists an id that is longer than ids can be.
    #[error(
        "{field} lists an id of {bytes} bytes, at most {MAX_ID_BYTES} are allowed; ids are separated with |"
    )]
    TooLong {
        /// Name of the selector.
        field: &'static str,
        /// Length of the id, in bytes.
        bytes: usize,
    },
}

impl RecipientsError {
    /// Name of the selector that cannot be used; `None` when all are empty.
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::TooMany { field, .. }
            | Self::Separator { field, .. }
            | Self::TooLong { field, .. }
            | Self::Everybody { field, .. } => Some(field),
        }
    }
}

impl Recipients {
    /// Makes recipients of `given` (`touser`, `toparty`, `totag`), with a default for each selector that is `None`. An empty text is not `None`: it
    /// suppresses the default. Blanks around ids are removed.
    ///
    /// Errors when nobody is left, or a selector would be refused or misread by the service.
    pub fn resolve(given: [Option<&str>; 3], defaults: &Self) -> Result<Self, RecipientsError> {
        let [touser, toparty, totag] = given;
        let resolved = Self {
            touser: normalize(touser.unwrap_or(&defaults.touser)),
            toparty: normalize(toparty.unwrap_or(&defaults.toparty)),
            totag: normalize(totag.unwrap_or(&defaults.totag)),
        };
        let fields = [&resolved.touser, &resolved.toparty, &resolved.totag];
        if fields.iter().all(|field| field.is_empty()) {
            return Err(RecipientsError::Nobody);
        }
        for (ids, (field, limit)) in fields.into_iter().zip(LIMITS) {
            let count = ids.split('|').count();
            if count > limit {
                return Err(RecipientsError::TooMany {
                    field,
                    count,
                    limit,
                });
            }
            if let Some(separator) = ids
                .chars()
                .find(|letter| OTHER_SEPARATORS.contains(letter) || letter.is_whitespace())
            {
                return Err(RecipientsError::Separator { field, separator });
            }
            if let Some(written) = ids
                .split('|')
                .find(|id| is_meant_for_everybody(id) && (*id != EVERYBODY || field != LIMITS[0].0))
            {
                return Err(RecipientsError::Everybody {
                    field,
                    written: written.to_owned(),
                });
            }
            if let Some(bytes) = ids
                .split('|')
                .map(str::len)
                .find(|bytes| *bytes > MAX_ID_BYTES)
            {
                return Err(RecipientsError::TooLong { field, bytes });
            }
        }
        Ok(resolved)
    }

    /// Whether the message goes to everybody. The service then ignores departments and tags.
    pub fn is_everybody(&self) -> bool {
        self.touser.split('|').any(|id| id == EVERYBODY)
    }

    /// Userids of the members who are named, each once and in lower case, as the service compares them; none when the message goes to everybody.
    pub fn members(&self) -> Vec<String> {
        if self.is_everybody() {
            return Vec::new();
        }
        let mut members: Vec<String> = self
            .touser
            .split('|')
            .filter(|id| !id.is_empty())
            .map(str::to_lowercase)
            .collect();
        members.sort_unstable();
        members.dedup();
        members
    }
}

/// Whether an id is meant as `@all`, in any letters or width: no member, department or tag can have such an id.
fn is_meant_for_everybody(id: &str) -> bool {
    id.strip_prefix(['@', '＠', '﹫']).is_some_and(|rest| {
        // Full-width letters, small and capital, are 0xfee0 above the ASCII ones.
        let narrow = |letter: char| {
            char::from_u32(u32::from(letter).wrapping_sub(0xfee0)).filter(char::is_ascii_alphabetic)
        };
        rest.chars()
            .map(|letter| narrow(letter).unwrap_or(letter).to_ascii_lowercase())
            .eq("all".chars())
    })
}

/// Ids without blanks around them, and without empty ones.
fn normalize(ids: &str) -> String {
    ids.split('|')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .collect::<Vec<_>>()
        .join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Recipients {
        Recipients {
            touser: "@all".into(),
            toparty: "12|15".into(),
            totag: String::new(),
        }
    }

    #[test]
    fn each_field_comes_from_the_payload_or_the_default() {
        let resolved = Recipients::resolve([Some(" u1 | u2 |"), None, Some("oncall")], &defaults())
            .expect("recipients");
        assert_eq!(
            resolved,
            Recipients {
                touser: "u1|u2".into(),
                toparty: "12|15".into(),
                totag: "oncall".into()
            }
        );
        assert_eq!(resolved.members(), ["u1", "u2"]);
    }

    #[test]
    fn an_empty_text_suppresses_a_default() {
        let resolved =
            Recipients::resolve([Some(""), None, None], &defaults()).expect("recipients");
        assert_eq!(
            (resolved.touser.as_str(), resolved.toparty.as_str()),
            ("", "12|15")
        );
        assert_eq!(
            Recipients::resolve([Some(""), Some(" | "), None], &defaults()),
            Err(RecipientsError::Nobody)
        );
    }

    #[test]
    fn too_many_are_refused() {
        let many = vec!["u"; 1001].join("|");
        let error = Recipients::resolve([Some(&many), None, None], &defaults());
        assert_eq!(
            error,
            Err(RecipientsError::TooMany {
                field: "touser",
                count: 1001,
                limit: 1000
            })
        );
    }

    #[test]
    fn other_separators_are_refused_with_the_right_one() {
        for (ids, separator) in [
            ("zhangsan,lisi", ','),
            ("zhangsan; lisi", ';'),
            ("zhangsan，lisi", '，'),
            ("zhangsan｜lisi", '｜'),
            ("zhangsan lisi", ' '),
        ] {
            let error = Recipients::resolve([Some(ids), None, None], &defaults());
            assert_eq!(
                error,
                Err(RecipientsError::Separator {
                    field: "touser",
                    separator
                })
            );
        }
    }

    #[test]
    fn everybody_is_written_one_way_and_in_one_place() {
        for (given, field) in [
            ([Some("@ALL"), None, None], "touser"),
            ([Some("u1|＠all"), None, None], "touser"),
            ([Some("@ａｌｌ"), None, None], "touser"),
            ([None, Some("@all"), None], "toparty"),
            ([None, None, Some("@All")], "totag"),
        ] {
            let error = Recipients::resolve(given, &Recipients::default());
            assert!(
                matches!(error, Err(RecipientsError::Everybody { field: found, .. }) if found == field),
                "{given:?}: {error:?}"
            );
        }
        assert!(Recipients::resolve([Some("@all"), None, None], &Recipients::default()).is_ok());
        assert!(
            Recipients::resolve([Some("all|@alls"), None, None], &Recipients::default()).is_ok()
        );
    }

    #[test]
    fn one_that_is_longer_than_any_userid_is_refused() {
        let long = format!("zhang|{}", "u".repeat(65));
        let error = Recipients::resolve([Some(&long), None, None], &defaults());
        assert_eq!(
            error,
            Err(RecipientsError::TooLong {
                field: "touser",
                bytes: 65
            })
        );
        assert!(
            Recipients::resolve([Some(&long[..long.len() - 1]), None, None], &defaults()).is_ok()
        );
    }
}
