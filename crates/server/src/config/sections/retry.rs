//! The `[retry]` section: when to try again, and what becomes of what people must repair.

use std::time::Duration;

use acteon_config::{Key, Kind, SectionReader};
use acteon_gateway::{OnRepairable, RetryPolicy};

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "max_retries",
        Kind::Integer,
        "Quick retries within a dispatch, 0 to 10. Default 3.",
    ),
    Key::optional(
        "durable",
        Kind::Flag,
        "Go on in the store when the quick retries are used up. Default true.",
    ),
    Key::optional(
        "delays_seconds",
        Kind::Integers,
        "Pauses before durable retries; the last repeats. Default [10, 30, 120, 600].",
    ),
    Key::optional(
        "max_age_seconds",
        Kind::Integer,
        "An older action is not sent any more. Default 21600, six hours.",
    ),
    Key::optional(
        "on_repairable",
        Kind::Text,
        "What becomes of actions whose provider people must repair first: \"fail\", a dead letter, or \"hold\", owed until max_age_seconds. Default fail.",
    ),
];

/// Policy of retries, without what single providers say otherwise.
pub(crate) fn read(reader: &mut SectionReader<'_>) -> RetryPolicy {
    let default = RetryPolicy::default();
    let max_quick = reader.integer("max_retries", default.max_quick.into(), 0..=10);
    let max_age = reader.integer(
        "max_age_seconds",
        default.max_age.as_secs() as i64,
        1..=2_592_000,
    );
    let delays = delays(reader).unwrap_or_else(|| default.delays.clone());
    let durable = reader.settings().flag_or("durable", default.durable);
    let on_repairable = on_repairable(reader).unwrap_or_default();
    if on_repairable == OnRepairable::Hold && !durable {
        reader.wrong(
            "on_repairable",
            "\"hold\" has no effect with durable = false: nothing goes on in the store then",
        );
    }
    RetryPolicy {
        max_quick: u32::try_from(max_quick).unwrap_or_default(),
        durable,
        delays,
        max_age: Duration::from_secs(max_age.unsigned_abs()),
        on_repairable,
        ..default
    }
}

/// Pauses before durable retries, if the section has any.
fn delays(reader: &mut SectionReader<'_>) -> Option<Vec<Duration>> {
    let seconds = reader.settings().integers("delays_seconds")?;
    let fits = (1..=100).contains(&seconds.len())
        && seconds.iter().all(|delay| (1..=86400).contains(delay));
    if !fits {
        reader.wrong(
            "delays_seconds",
            "must be a list of 1 to 100 numbers from 1 to 86400",
        );
        return Some(Vec::new());
    }
    let delays = seconds
        .iter()
        .map(|delay| Duration::from_secs(delay.unsigned_abs()));
    Some(delays.collect())
}

/// What becomes of actions whose provider is to be repaired, if the reader's section says so.
/// Blocks of providers have the same key.
pub(crate) fn on_repairable(reader: &mut SectionReader<'_>) -> Option<OnRepairable> {
    const WORDS: [(&str, OnRepairable); 2] =
        [("fail", OnRepairable::Fail), ("hold", OnRepairable::Hold)];
    reader.settings().text("on_repairable")?;
    reader.word("on_repairable", WORDS)
}
