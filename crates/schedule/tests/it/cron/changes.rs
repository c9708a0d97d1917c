//! Occurrences where clocks change.

use super::check;

/// A skipped time happens at the change, and those that fall together happen once.
#[test]
fn a_skipped_time_happens_at_the_change_once() {
    let daily = [
        "Sat 2026-03-28 02:30+01:00",
        "Sun 2026-03-29 03:00+02:00",
        "Mon 2026-03-30 02:30+02:00",
    ];
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-27T12:00:00Z",
        &daily,
    );
    // From within the two hours around it.
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-29T00:59:59Z",
        &daily[1..],
    );
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-29T01:00:00Z",
        &daily[2..],
    );
    check(
        "*/20 1-3 * * SUN",
        "Europe/Berlin",
        "2026-03-29T00:30:00Z",
        &[
            "Sun 2026-03-29 01:40+01:00",
            "Sun 2026-03-29 03:00+02:00",
            "Sun 2026-03-29 03:20+02:00",
            "Sun 2026-03-29 03:40+02:00",
            "Sun 2026-04-05 01:00+02:00",
        ],
    );
    check(
        "0 2 8 3 *",
        "America/New_York",
        "2026-03-01T00:00:00Z",
        &["Sun 2026-03-08 03:00-04:00", "Mon 2027-03-08 02:00-05:00"],
    );
}

#[test]
fn a_midnight_that_is_skipped_happens_at_one() {
    check(
        "@daily",
        "Africa/Cairo",
        "2026-04-22T22:00:00Z",
        &["Fri 2026-04-24 01:00+03:00", "Sat 2026-04-25 00:00+03:00"],
    );
}

#[test]
fn a_repeated_time_happens_the_first_time() {
    let daily = [
        "Sat 2026-10-24 02:30+02:00",
        "Sun 2026-10-25 02:30+02:00",
        "Mon 2026-10-26 02:30+01:00",
    ];
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-23T12:00:00Z",
        &daily,
    );
    // From between the two.
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T00:45:00Z",
        &daily[2..],
    );
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T01:15:00Z",
        &daily[2..],
    );
    check(
        "*/30 1-3 * * *",
        "America/New_York",
        "2026-11-01T05:00:00Z",
        &[
            "Sun 2026-11-01 01:30-04:00",
            "Sun 2026-11-01 02:00-05:00",
            "Sun 2026-11-01 02:30-05:00",
            "Sun 2026-11-01 03:00-05:00",
        ],
    );
    // Every hour that is named is still an hour of the wall clock.
    check(
        "0 0-23 * * *",
        "Europe/Berlin",
        "2026-10-24T23:30:00Z",
        &["Sun 2026-10-25 02:00+02:00", "Sun 2026-10-25 03:00+01:00"],
    );
}

#[test]
fn a_star_for_the_hour_goes_by_elapsed_time() {
    check(
        "*/30 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:00:00Z",
        &[
            "Sun 2026-03-29 01:30+01:00",
            "Sun 2026-03-29 03:00+02:00",
            "Sun 2026-03-29 03:30+02:00",
        ],
    );
    check(
        "30 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:00:00Z",
        &["Sun 2026-03-29 01:30+01:00", "Sun 2026-03-29 03:30+02:00"],
    );
    check(
        "*/30 * * * *",
        "Europe/Berlin",
        "2026-10-24T23:45:00Z",
        &[
            "Sun 2026-10-25 02:00+02:00",
            "Sun 2026-10-25 02:30+02:00",
            "Sun 2026-10-25 02:00+01:00",
            "Sun 2026-10-25 02:30+01:00",
            "Sun 2026-10-25 03:00+01:00",
        ],
    );
    check(
        "0 */2 * * *",
        "Europe/Berlin",
        "2026-03-28T23:30:00Z",
        &["Sun 2026-03-29 04:00+02:00"],
    );
    check(
        "0 */2 * * *",
        "Europe/Berlin",
        "2026-10-24T23:00:00Z",
        &[
            "Sun 2026-10-25 02:00+02:00",
            "Sun 2026-10-25 02:00+01:00",
            "Sun 2026-10-25 04:00+01:00",
        ],
    );
    check(
        "30 * 25 10 *",
        "Europe/Berlin",
        "2026-10-25T22:00:00Z",
        &["Sun 2026-10-25 23:30+01:00", "Mon 2027-10-25 00:30+02:00"],
    );
    // The repeated hour is still ahead, and the next day that matches is a year away.
    check(
        "45 */23 3 11 *",
        "America/Havana",
        "2024-11-03T04:45:00Z",
        &[
            "Sun 2024-11-03 00:45-05:00",
            "Sun 2024-11-03 23:45-05:00",
            "Mon 2025-11-03 00:45-05:00",
        ],
    );
}

#[test]
fn clocks_that_change_by_half_an_hour() {
    let zone = "Australia/Lord_Howe";
    check(
        "15 2 * * *",
        zone,
        "2026-10-02T20:00:00Z",
        &["Sun 2026-10-04 02:30+11:00", "Mon 2026-10-05 02:15+11:00"],
    );
    check(
        "*/15 * * * *",
        zone,
        "2026-10-03T15:15:00Z",
        &["Sun 2026-10-04 02:30+11:00", "Sun 2026-10-04 02:45+11:00"],
    );
    check(
        "45 1 * * *",
        zone,
        "2026-04-04T10:00:00Z",
        &["Sun 2026-04-05 01:45+11:00", "Mon 2026-04-06 01:45+10:30"],
    );
    check(
        "*/15 * * * *",
        zone,
        "2026-04-04T14:30:00Z",
        &[
            "Sun 2026-04-05 01:45+11:00",
            "Sun 2026-04-05 01:30+10:30",
            "Sun 2026-04-05 01:45+10:30",
            "Sun 2026-04-05 02:00+10:30",
        ],
    );
}

#[test]
fn a_day_that_is_skipped_happens_at_the_change() {
    let zone = "Pacific/Apia";
    check(
        "0 9 * * *",
        zone,
        "2011-12-29T12:00:00Z",
        &[
            "Thu 2011-12-29 09:00-10:00",
            "Sat 2011-12-31 00:00+14:00",
            "Sat 2011-12-31 09:00+14:00",
        ],
    );
    check(
        "0 9 * * FRI",
        zone,
        "2011-12-29T12:00:00Z",
        &["Sat 2011-12-31 00:00+14:00", "Fri 2012-01-06 09:00+14:00"],
    );
    check(
        "0 */9 * * *",
        zone,
        "2011-12-30T05:00:00Z",
        &["Sat 2011-12-31 00:00+14:00", "Sat 2011-12-31 09:00+14:00"],
    );
    check(
        "0 * 30 12 *",
        zone,
        "2011-12-01T00:00:00Z",
        &["Sun 2012-12-30 00:00+14:00"],
    );
}

#[test]
fn a_day_that_is_repeated_happens_the_first_time() {
    // Kwajalein went from one side of the date line to the other, and back.
    let zone = "Pacific/Kwajalein";
    check(
        "0 9 * * *",
        zone,
        "1969-09-29T00:00:00Z",
        &["Tue 1969-09-30 09:00+11:00", "Wed 1969-10-01 09:00-12:00"],
    );
    check(
        "0 9 * * *",
        zone,
        "1993-08-20T22:00:00Z",
        &["Sun 1993-08-22 00:00+12:00", "Sun 1993-08-22 09:00+12:00"],
    );
}

#[test]
fn a_zone_without_changes_has_none() {
    check(
        "30 2 * * *",
        "Asia/Shanghai",
        "2026-03-27T20:00:00Z",
        &["Sun 2026-03-29 02:30+08:00", "Mon 2026-03-30 02:30+08:00"],
    );
}
