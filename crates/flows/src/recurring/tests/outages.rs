//! What follows outages of any length, compared with a look at every occurrence.

use std::time::Duration;

use super::*;

/// Expressions from each minute to the rarest, some with all of their occurrences in a few days.
const EXPRESSIONS: [&str; 14] = [
    "* * * * *",
    "*/2 * * * *",
    "*/3 * * * *",
    "*/17 9-17 * * MON-FRI",
    "13 * * * *",
    "0 */7 * * *",
    "0 9 * * *",
    "30 2 * * SUN",
    "* 0-3 1 * *",
    "*/5 * 1-3 * *",
    "* * 28 JAN *",
    "59 23 L * *",
    "0 0 29 FEB *",
    "* 1 * 11 MON#2",
];
const POLICIES: [MissedRuns; 3] = [MissedRuns::Skip, MissedRuns::RunOnce, MissedRuns::RunAll];
const OVERLAPS: [OverlapPolicy; 2] = [OverlapPolicy::AllowAll, OverlapPolicy::CancelOther];

/// Occurrences that are due after an outage, as the policies say it.
struct Expected {
    due: Vec<Timestamp>,
    sent: Vec<String>,
    /// Number of those that the policies send, whatever is left of `max_executions`.
    wanted: usize,
}

impl Expected {
    fn of(recurring: &Recurring, now: Timestamp) -> Self {
        let calendars = Calendars::default();
        let definition = &recurring.definition;
        let timetable = definition.timetable(&calendars).expect("it can be read");
        let next = recurring.next.expect("it goes on");
        let all = timetable.all_after(next - Duration::from_millis(1));
        let due: Vec<_> = all.take_while(|at| *at <= now).collect();
        let is_late = |at: &Timestamp| now.since(*at) > Duration::from_mins(2);
        let newest = due.len().saturating_sub(catch_up::MOST_MADE_UP);
        let mut wanted = due[newest..].to_vec();
        match definition.missed_runs {
            MissedRuns::Skip => wanted.retain(|at| !is_late(at)),
            MissedRuns::RunOnce if wanted.iter().any(is_late) => {
                wanted.drain(..wanted.len() - 1);
            }
            MissedRuns::RunOnce | MissedRuns::RunAll => {}
        }
        if definition.overlap_policy == OverlapPolicy::CancelOther {
            wanted.drain(..wanted.len().saturating_sub(1));
        }
        let left = recurring.left().unwrap_or(u64::MAX);
        let sent = wanted.iter().take(left as usize);
        Self {
            sent: sent.map(|at| id(&at.to_string())).collect(),
            wanted: wanted.len(),
            due,
        }
    }
}

/// Checks all that follows an outage which ends at `now`.
fn check(recurring: &Recurring, now: Timestamp) -> Result<(), TestCaseError> {
    let expected = Expected::of(recurring, now);
    let (mut left, mut sent, mut steps) = (recurring.clone(), Vec::new(), 0);
    while left.next.is_some_and(|next| next <= now) {
        let (step, after) = step_at(&left, now, &[]);
        sent.extend(admitted(&step));
        (left, steps) = (after, steps + 1);
        prop_assert!(steps <= catch_up::MOST_MADE_UP, "it goes on for ever");
    }
    prop_assert_eq!(&sent, &expected.sent);
    prop_assert_eq!(left.executions, sent.len() as u64);
    let skipped = (expected.due.len().min(catch_up::MOST_COUNTED) - expected.wanted) as u64;
    prop_assert_eq!(left.skipped, skipped);
    let calendars = Calendars::default();
    let timetable = left.definition.timetable(&calendars).expect("it is read");
    let next = timetable.after(now).filter(|_| left.left() != Some(0));
    prop_assert_eq!(left.next, next);
    Ok(())
}

#[test]
fn an_outage_of_days_is_over_after_a_step() {
    for (cron, hours) in [("*/2 * * * *", 34), ("*/3 * * * *", 51), ("* * * * *", 17)] {
        for policy in POLICIES {
            let definition = Definition {
                missed_runs: policy,
                ..definition(cron)
            };
            let recurring = begun(definition, "2026-11-27T00:00:30Z");
            let now = at("2026-11-27T00:05:01Z") + Duration::from_hours(hours);
            check(&recurring, now).expect(cron);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However long nothing ran, what is due is sent as the policies say, and then the next occurrence lies ahead.
    #[test]
    fn outages_of_any_length_are_made_up_for(
        cron in prop::sample::select(&EXPRESSIONS[..]),
        zone in prop::sample::select(&["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"][..]),
        missed_runs in prop::sample::select(&POLICIES[..]),
        overlap_policy in prop::sample::select(&OVERLAPS[..]),
        max_executions in prop::option::of(1..150_u64),
        // Each order of magnitude as often as the others.
        minutes in (0..20_u32).prop_flat_map(|bits| 0..(1_i64 << bits).min(366 * 24 * 60)),
        begins in 0..4 * 366 * 24 * 60 * MINUTE,
    ) {
        let definition = Definition {
            timezone: zone.into(),
            missed_runs,
            overlap_policy,
            max_executions,
            ..definition(cron)
        };
        let begins = at("2024-01-01T00:00:00Z") + Duration::from_millis(begins as u64);
        let recurring = Recurring::begin(definition, begins, &Calendars::default());
        let recurring = recurring.expect("it begins");
        let next = recurring.next.expect("it goes on");
        let now = next + Duration::from_millis((minutes * MINUTE) as u64 + 1);
        check(&recurring, now)?;
    }
}
