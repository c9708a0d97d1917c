//! Error codes of the server API: what each means, and what a person should do.
//!
//! The table follows the service's list of global error codes (page 90313). It is for advice and metrics; how a caller should react to a failed call is
//! what [`Error::class`](crate::Error::class) says.

mod entry;
#[cfg(test)]
mod read_by_people;
mod table;

pub use entry::{Entry, Trouble};
use table::TABLE;

const UNKNOWN: Entry = Entry {
    code: i64::MIN,
    trouble: Trouble::Unknown,
    label: "unlisted error code",
    advice: "look the code up at https://open.work.weixin.qq.com/devtool/query and quote the hint to WeChat Work's support",
};

/// Row of an `errcode`. An unlisted code gets a row that says so and where to look it up.
pub fn look_up(code: i64) -> Entry {
    match TABLE.binary_search_by_key(&code, |entry| entry.code) {
        Ok(index) => TABLE[index],
        Err(_) => Entry { code, ..UNKNOWN },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of page 90313 that belong to sending, tokens, cards, chats, media and callbacks.
    #[rustfmt::skip]
    const DOCUMENTED: &[std::ops::RangeInclusive<i64>] = &[
        -1..=-1, 6000..=6000, 40001..=40001, 40003..=40009, 40011..=40011, 40013..=40014, 40029..=40029, 40031..=40033, 40035..=40035, 40039..=40039,
        40050..=40050, 40056..=40058, 40063..=40063, 40066..=40066, 40068..=40068, 40070..=40070, 40074..=40074, 40091..=40091,
        40123..=40123, 40141..=40141, 40145..=40145, 40201..=40201, 40204..=40204, 40206..=40206, 41001..=41002, 41004..=41004,
        41006..=41006, 41009..=41011, 41016..=41016, 41033..=41033, 42001..=42001, 42007..=42007, 42009..=42009, 42014..=42020,
        42027..=42052, 43004..=43004, 43009..=43009, 43012..=43012, 44001..=44001, 44004..=44004, 45001..=45004, 45007..=45009,
        45022..=45022, 45024..=45024, 45029..=45029, 45031..=45036, 46004..=46004, 48001..=48002, 48004..=48006, 48009..=48010,
        49008..=49008, 50001..=50003, 50006..=50006, 60003..=60003, 60011..=60011, 60020..=60021, 60030..=60031, 60111..=60111,
        60123..=60123, 60140..=60140, 60206..=60208, 81001..=81003, 81011..=81013, 81026..=81026, 82001..=82004, 82101..=82102,
        84014..=84015, 85002..=85002, 85004..=85005, 86001..=86001, 86003..=86008, 86101..=86101, 86201..=86207, 86215..=86216,
        86220..=86220, 90200..=90208, 92000..=92003, 93000..=93001, 93004..=93004, 93006..=93006, 93008..=93008, 93017..=93019,
        301_002..=301_002, 301_007..=301_007, 301_016..=301_017, 301_019..=301_019, 301_021..=301_021, 301_042..=301_042,
        400_010..=400_013, 701_008..=701_008, 701_063..=701_063, 701_099..=701_099, 846_601..=846_613, 2_000_002..=2_000_002,
    ];

    #[test]
    fn every_documented_code_is_listed() {
        for code in DOCUMENTED.iter().cloned().flatten() {
            assert_ne!(look_up(code).trouble, Trouble::Unknown, "{code}");
        }
    }

    #[test]
    fn what_people_must_repair_is_told_from_what_is_wrong_with_a_message() {
        for code in [
            40001, 40013, 40056, 48001, 48002, 60020, 301_002, 301_042, 50003, 2_000_002,
        ] {
            assert!(look_up(code).is_to_repair(), "{code}");
        }
        for code in [
            -1, 40003, 40058, 42001, 45009, 60011, 60111, 81011, 81013, 92000, 123_456,
        ] {
            assert!(!look_up(code).is_to_repair(), "{code}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(
            TABLE.is_sorted_by(|left, right| left.code < right.code),
            "{:?}",
            TABLE.windows(2).find(|pair| pair[0].code >= pair[1].code)
        );
        for entry in TABLE {
            assert!(
                !entry.label.is_empty() && entry.advice.len() > 10,
                "{entry:?}"
            );
        }
        assert_eq!(look_up(60020).trouble, Trouble::Address);
        assert_eq!(look_up(123_456).label, "unlisted error code");
        assert_eq!(look_up(123_456).code, 123_456);
    }
}
