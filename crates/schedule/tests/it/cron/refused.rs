//! What is refused, with where, what, and what to write instead.

use acteon_schedule::Cron;

const MINUTES: &str =
    "; allowed are 0 to 59, ranges (2-5), steps (*/2, 2-6/2) and lists (2,4) of numbers";

fn refusal(expression: &str) -> String {
    match Cron::parse(expression) {
        Err(error) => error.to_string(),
        Ok(cron) => panic!("{expression:?} was read: {cron:?}"),
    }
}

/// The refusal of an expression begins so.
fn refused(expression: &str, message: &str) {
    let found = refusal(expression);
    assert!(found.starts_with(message), "{expression:?}: {found}");
}

#[test]
fn a_message_says_field_place_word_and_what_is_allowed() {
    assert_eq!(
        refusal("0,60 * * * *"),
        format!("minute, character 3: \"60\" is not within 0 to 59{MINUTES}")
    );
    refused(
        "0 24 * * *",
        "hour, character 3: \"24\" is not within 0 to 23; allowed are 0 to 23, ranges",
    );
    refused(
        "0  0 0 * *",
        "day of month, character 6: \"0\" is not within 1 to 31; allowed are 1 to 31, L (the last day), 15W",
    );
    refused(
        "0 0 1 JAN-13 *",
        "month, character 11: \"13\" is not within 1 to 12; allowed are 1 to 12, JAN to DEC",
    );
    refused(
        "0 0 * * 1,8",
        "day of week, character 11: \"8\" is not within 0 to 7; allowed are 0 to 7 (0 and 7 are Sunday), SUN to SAT",
    );
    refused(
        "99999999999999999999 * * * *",
        "minute, character 1: \"99999999999999999999\" is not within",
    );
}

#[test]
fn names_that_are_nearly_right_are_told() {
    refused(
        "0 0 * * MONDAY",
        "day of week, character 9: \"MONDAY\" is not read here; did you mean MON?",
    );
    refused(
        "0 0 * * Thr",
        "day of week, character 9: \"Thr\" is not read here; did you mean THU?",
    );
    refused(
        "0 0 * sept *",
        "month, character 7: \"sept\" is not read here; did you mean SEP?",
    );
    refused(
        "0 0 * * XY",
        "day of week, character 9: \"XY\" is not read here; allowed",
    );
    refused(
        "0 MON * * *",
        "hour, character 3: \"MON\" is not read here; allowed",
    );
    refused("+5 * * * *", "minute, character 1: \"+5\" is not read here");
    refused(
        "0 0 L-3 * *",
        "day of month, character 5: \"L\" is not read here",
    );
    refused("0 0 * L *", "month, character 7: \"L\" is not read here");
    refused(
        "@dayly",
        "begins with \"@dayly\", which is not read; did you mean @daily? known are @yearly,",
    );
}

#[test]
fn lists_ranges_and_steps_that_say_nothing() {
    refused(
        "1,,2 * * * *",
        "minute, character 3: \"\" is empty: there is a comma too many",
    );
    refused("1, * * * *", "minute, character 3: \"\" is empty");
    refused(
        "*,5 * * * *",
        "minute, character 1: \"*,5\" has * in a list",
    );
    refused(
        "*/0 * * * *",
        "minute, character 3: \"0\" is a step of nothing; write 1 or more",
    );
    refused(
        "*/60 * * * *",
        "minute, character 3: \"60\" is a step longer than its range of 0 to 59, and would leave 0 alone; write \"0\"",
    );
    refused(
        "0 9-17/9 * * *",
        "hour, character 8: \"9\" is a step longer than its range of 9 to 17, and would leave 9 alone",
    );
    refused("*/ * * * *", "minute, character 3: \"\" is no step");
    refused("*/2/3 * * * *", "minute, character 3: \"2/3\" is no step");
    refused(
        "5/15 * * * *",
        "minute, character 1: \"5/15\" has a step behind a number, which crons read differently; write \"5-59/15\"",
    );
    refused(
        "1- * * * *",
        "minute, character 3: \"\" stands where a number is missing",
    );
    refused(
        "-1 * * * *",
        "minute, character 1: \"\" stands where a number is missing",
    );
    refused(
        "1-2-3 * * * *",
        "minute, character 3: \"2-3\" is not read here",
    );
    refused(
        "0 0 * * *#2",
        "day of week, character 9: \"*\" stands where a number must be",
    );
    refused(
        "0 0 L/2 * *",
        "day of month, character 5: \"L\" is not read here",
    );
}

#[test]
fn ranges_that_run_backwards() {
    refused(
        "0 22-2 * * *",
        "hour, character 3: \"22-2\" runs backwards; write \"22-23,0-2\"",
    );
    refused(
        "0 0 * NOV-feb *",
        "month, character 7: \"NOV-feb\" runs backwards; write \"NOV-DEC,JAN-feb\"",
    );
    refused(
        "0 0 * * FRI-MON",
        "day of week, character 9: \"FRI-MON\" runs backwards; write \"FRI-SAT,SUN-MON\"",
    );
    refused(
        "0 0 * * 5-1",
        "day of week, character 9: \"5-1\" runs backwards; write \"5-6,0-1\"",
    );
    refused(
        "0 0 * * 5-0",
        "day of week, character 9: \"5-0\" runs backwards; write \"5-7\"",
    );
    refused(
        "0 0 * * 7-2",
        "day of week, character 9: \"7-2\" runs backwards; write \"0-2\"",
    );
}

#[test]
fn days_that_are_unclear_or_never_come() {
    refused(
        "0 0 30 2 *",
        "day of month, character 5: \"30\" never comes in the months that are said; write L for the last day",
    );
    refused(
        "0 0 31W APR,6,9,NOV *",
        "day of month, character 5: \"31W\" never comes",
    );
    refused(
        "0 0 */2 * MON",
        "day of month, character 5: \"*/2\" and the day of week are both said, and crons differ on what * means then; write 1-31 in place of *",
    );
    refused(
        "0 0 1 * */2",
        "day of week, character 9: \"*/2\" and the day of month are both said, and crons differ on what * means then; write 0-6 in place of *",
    );
    refused(
        "0 0 W * *",
        "day of month, character 5: \"W\" is no day: before W",
    );
    refused(
        "0 0 1-5W * *",
        "day of month, character 5: \"1-5W\" is no day: before W",
    );
    refused(
        "0 0 32W * *",
        "day of month, character 5: \"32\" is not within 1 to 31",
    );
    refused(
        "0 0 * * L",
        "day of week, character 9: \"L\" has nothing before L; write \"SATL\" for the last such day",
    );
    refused(
        "0 0 * * L5",
        "day of week, character 9: \"L5\" has nothing before L; write \"5L\"",
    );
    refused(
        "0 0 * * MON#0",
        "day of week, character 13: \"0\" does not say which of the month: behind # there must be 1 to 5",
    );
    refused(
        "0 0 * * MON#L",
        "day of week, character 13: \"L\" does not say which of the month",
    );
}

#[test]
fn what_only_some_crons_read() {
    refused(
        "0 0 ? * MON",
        "day of month, character 5: \"?\" is of Quartz; write * for any",
    );
    refused(
        "H * * * *",
        "minute, character 1: \"H\" is of Jenkins, which picks a number; write one",
    );
    refused(
        "H/15 * * * *",
        "minute, character 1: \"H/15\" is of Jenkins",
    );
    refused(
        "@reboot",
        "begins with \"@reboot\", which is not read; nothing happens at the start of a program here",
    );
    refused(
        "@every 5m",
        "begins with \"@every\", which is not read; write \"*/5 * * * *\" for every five minutes",
    );
    refused(
        "@daily 9",
        "has \"9\" at character 8 behind @daily, which stands alone",
    );
    refused(
        "TZ=Asia/Shanghai 0 9 * * *",
        "has the time zone \"TZ=Asia/Shanghai\" at character 1; it is said beside the expression",
    );
    refused(
        "CRON_TZ=UTC 0 9 * * *",
        "has the time zone \"CRON_TZ=UTC\" at character 1",
    );
}

#[test]
fn fields_that_are_not_five() {
    refused(
        "",
        "is empty; write minute, hour, day of month, month and day of week, such as",
    );
    refused(" \t ", "is empty");
    refused("9", "has 1 field, and must have five: minute, hour,");
    refused("0 9 * *", "has 4 fields, and must have five: minute, hour,");
    let seconds = refusal("0 0 9 * * MON");
    assert!(
        seconds.starts_with("has 6 fields, and must have five:"),
        "{seconds}"
    );
    assert!(
        seconds.ends_with("; seconds are not read: write \"0 9 * * MON\""),
        "{seconds}"
    );
    let years = refusal("0 9 1 1 * 2026-2028");
    assert!(
        years.ends_with("; years are not read: write \"0 9 1 1 *\""),
        "{years}"
    );
    let both = refusal("0 0 9 1 1 * 2026");
    assert!(
        both.ends_with("; seconds and years are not read: write \"0 9 1 1 *\""),
        "{both}"
    );
    let command = refusal("0 9 * * * backup");
    assert!(command.ends_with("\"0 9 * * MON-FRI\""), "{command}");
    refused(
        "0 9 * * MON - FRI",
        "has spaces within a field, at \"-\", character 13",
    );
    refused(
        "0 9, 10 * * *",
        "has spaces within a field, at \"9,\", character 3",
    );
}

#[test]
fn what_is_too_long_or_not_ascii() {
    let long = format!("0{} * * * *", ",0".repeat(124));
    assert_eq!(long.len(), 257);
    assert_eq!(refusal(&long), "is 257 bytes long, at most 256 are allowed");
    assert!(Cron::parse(&format!("0{} * * * *", ",0".repeat(123))).is_ok());
    refused(
        "0 ９ * * *",
        "has '９' at character 3; allowed are ASCII letters, digits and signs",
    );
    refused("0 9 *\n* *", "has '\\n' at character 6");
    refused("0 9 * * *\0", "has '\\0' at character 10");
}
