//! What is refused, with where, what, and what to write instead.

use acteon_schedule::Cron;

const MINUTES: &str = "; allowed are 0 to 59, ranges (2-5), steps (*/2) and lists (2,4)";

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
        format!("is wrong at character 3 (minute): \"60\" is not within 0 to 59{MINUTES}")
    );
    refused(
        "0 24 * * *",
        "is wrong at character 3 (hour): \"24\" is not within 0 to 23; allowed are 0 to 23, ranges",
    );
    refused(
        "0  0 0 * *",
        "is wrong at character 6 (day of month): \"0\" is not within 1 to 31; allowed are 1 to 31, L (the last day), 15W",
    );
    refused(
        "0 0 1 JAN-13 *",
        "is wrong at character 11 (month): \"13\" is not within 1 to 12; allowed are 1 to 12, JAN to DEC",
    );
    refused(
        "0 0 * * 1,8",
        "is wrong at character 11 (day of week): \"8\" is not within 0 to 7; allowed are 0 to 7 (0 and 7 are Sunday), SUN to SAT",
    );
    refused(
        "99999999999999999999 * * * *",
        "is wrong at character 1 (minute): \"99999999999999999999\" is not within",
    );
}

#[test]
fn names_that_are_nearly_right_are_told() {
    refused(
        "0 0 * * MONDAY",
        "is wrong at character 9 (day of week): \"MONDAY\" is not read here; did you mean MON?",
    );
    refused(
        "0 0 * * Thr",
        "is wrong at character 9 (day of week): \"Thr\" is not read here; did you mean THU?",
    );
    refused(
        "0 0 * sept *",
        "is wrong at character 7 (month): \"sept\" is not read here; did you mean SEP?",
    );
    refused(
        "0 0 * * XY",
        "is wrong at character 9 (day of week): \"XY\" is not read here; allowed",
    );
    refused(
        "0 MON * * *",
        "is wrong at character 3 (hour): \"MON\" is not read here; allowed",
    );
    refused(
        "+5 * * * *",
        "is wrong at character 1 (minute): \"+5\" is not read here",
    );
    refused(
        "0 0 L-3 * *",
        "is wrong at character 5 (day of month): \"L-3\" has a range, a step or an offset of a day with letters, which is not read here: L, LW and 15W stand alone, or in a list",
    );
    refused(
        "0 0 * L *",
        "is wrong at character 7 (month): \"L\" is not read here",
    );
    refused(
        "@dayly",
        "begins with \"@dayly\", which is not read; did you mean @daily? known are @yearly,",
    );
}

#[test]
fn lists_ranges_and_steps_that_say_nothing() {
    refused(
        "1,,2 * * * *",
        "is wrong at character 3 (minute): \"\" is empty: there is a comma too many",
    );
    refused(
        "1, * * * *",
        "is wrong at character 3 (minute): \"\" is empty",
    );
    refused(
        "*,5 * * * *",
        "is wrong at character 1 (minute): \"*,5\" has * in a list",
    );
    refused(
        "*/0 * * * *",
        "is wrong at character 3 (minute): \"0\" is a step of nothing; write 1 or more",
    );
    refused(
        "*/60 * * * *",
        "is wrong at character 3 (minute): \"60\" is a step longer than its range of 0 to 59, and would leave 0 alone; write \"0\"",
    );
    refused(
        "0 9-17/9 * * *",
        "is wrong at character 8 (hour): \"9\" is a step longer than its range of 9 to 17, and would leave 9 alone",
    );
    refused(
        "*/ * * * *",
        "is wrong at character 3 (minute): \"\" is no step",
    );
    refused(
        "*/2/3 * * * *",
        "is wrong at character 3 (minute): \"2/3\" is no step",
    );
    refused(
        "5/15 * * * *",
        "is wrong at character 1 (minute): \"5/15\" has a step behind a number, which crons read differently; write \"5-59/15\"",
    );
    refused(
        "1- * * * *",
        "is wrong at character 3 (minute): \"\" stands where a number is missing",
    );
    refused(
        "-1 * * * *",
        "is wrong at character 1 (minute): \"\" stands where a number is missing",
    );
    refused(
        "1-2-3 * * * *",
        "is wrong at character 3 (minute): \"2-3\" is not read here",
    );
    refused(
        "0 0 * * *#2",
        "is wrong at character 9 (day of week): \"*\" stands where a number must be",
    );
    refused(
        "0 0 L/2 * *",
        "is wrong at character 5 (day of month): \"L/2\" has a range, a step or an offset of a day with letters, which is not read here: L, LW and 15W stand alone, or in a list",
    );
}

#[test]
fn ranges_that_run_backwards() {
    refused(
        "0 22-2 * * *",
        "is wrong at character 3 (hour): \"22-2\" runs backwards; write \"22-23,0-2\"",
    );
    refused(
        "0 0 * NOV-feb *",
        "is wrong at character 7 (month): \"NOV-feb\" runs backwards; write \"NOV-DEC,JAN-feb\"",
    );
    refused(
        "0 0 * * FRI-MON",
        "is wrong at character 9 (day of week): \"FRI-MON\" runs backwards; write \"FRI-SAT,SUN-MON\"",
    );
    refused(
        "0 0 * * 5-1",
        "is wrong at character 9 (day of week): \"5-1\" runs backwards; write \"5-6,0-1\"",
    );
    refused(
        "0 0 * * 5-0",
        "is wrong at character 9 (day of week): \"5-0\" runs backwards; write \"5-7\"",
    );
    refused(
        "0 0 * * 7-2",
        "is wrong at character 9 (day of week): \"7-2\" runs backwards; write \"0-2\"",
    );
}

#[test]
fn days_that_are_unclear_or_never_come() {
    refused(
        "0 0 30 2 *",
        "is wrong at character 5 (day of month): \"30\" never comes in the months that are said; write L for the last day",
    );
    refused(
        "0 0 31W APR,6,9,NOV *",
        "is wrong at character 5 (day of month): \"31W\" never comes in the months that are said; write LW for the last day",
    );
    refused(
        "0 9 31 2 MON",
        "is wrong at character 5 (day of month): \"31\" never comes in the months that are said",
    );
    refused(
        "0 0 L-3 * *",
        "is wrong at character 5 (day of month): \"L-3\" has a range, a step or an offset of a day with letters, which is not read here: L, LW and 15W stand alone, or in a list",
    );
    refused(
        "0 0 5W/2 * *",
        "is wrong at character 5 (day of month): \"5W/2\" has a range, a step or an offset",
    );
    refused(
        "0/0 * * * *",
        "is wrong at character 3 (minute): \"0\" is a step of nothing",
    );
    refused(
        "50/20 * * * *",
        "is wrong at character 1 (minute): \"50/20\" has a step behind a number, which crons read differently; none follows up to 59, so write \"50\"",
    );
    refused(
        "0 0 * * 7-0",
        "is wrong at character 9 (day of week): \"7-0\" runs from Sunday to Sunday; write \"0\"",
    );
    refused(
        "0 0 */2 * MON",
        "is wrong at character 5 (day of month): \"*/2\" and the day of week are both said, and crons differ on what * means then; write 1-31 in place of *",
    );
    refused(
        "0 0 1 * */2",
        "is wrong at character 9 (day of week): \"*/2\" and the day of month are both said, and crons differ on what * means then; write 0-6 in place of *",
    );
    refused(
        "0 0 W * *",
        "is wrong at character 5 (day of month): \"W\" is no day: before W",
    );
    refused(
        "0 0 1-5W * *",
        "is wrong at character 5 (day of month): \"1-5W\" has a range, a step or an offset",
    );
    refused(
        "0 0 32W * *",
        "is wrong at character 5 (day of month): \"32\" is not within 1 to 31",
    );
    refused(
        "0 0 * * L",
        "is wrong at character 9 (day of week): \"L\" has nothing before L; write \"SATL\" for the last such day",
    );
    refused(
        "0 0 * * L5",
        "is wrong at character 9 (day of week): \"L5\" has nothing before L; write \"5L\"",
    );
    refused(
        "0 0 * * MON#0",
        "is wrong at character 13 (day of week): \"0\" does not say which of the month: behind # there must be 1 to 5",
    );
    refused(
        "0 0 * * MON#L",
        "is wrong at character 13 (day of week): \"L\" does not say which of the month",
    );
}

#[test]
fn what_only_some_crons_read() {
    refused(
        "0 0 ? * MON",
        "is wrong at character 5 (day of month): \"?\" is of Quartz; write * for any",
    );
    refused(
        "H * * * *",
        "is wrong at character 1 (minute): \"H\" is of Jenkins, which picks a number; write one",
    );
    refused(
        "H/15 * * * *",
        "is wrong at character 1 (minute): \"H/15\" is of Jenkins",
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
    refused(
        "9",
        "has 1 field, and must have five. They are minute, hour,",
    );
    refused(
        "0 9 * *",
        "has 4 fields, and must have five. They are minute, hour,",
    );
    refused(
        "0 0 9 * * MON",
        "has 6 fields, and must have five; seconds are not read: write \"0 9 * * MON\". They are minute, hour,",
    );
    refused(
        "0 9 1 1 * 2026-2028",
        "has 6 fields, and must have five; years are not read: write \"0 9 1 1 *\". They are",
    );
    refused(
        "0 0 9 1 1 * 2026",
        "has 7 fields, and must have five; seconds and years are not read: write \"0 9 1 1 *\". They are",
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
