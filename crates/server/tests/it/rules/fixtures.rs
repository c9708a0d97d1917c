//! Files of fixtures, run from the command line.

use super::{LOG, TWO};
use crate::support::{run_command, with_rules_in};

/// Runs fixtures against the rules of a folder; returns the exit code, and what is printed.
fn test_rules(folder: &tempfile::TempDir, fixtures: &str) -> (Option<i32>, String) {
    let file = folder.path().join("tests.yaml");
    std::fs::write(&file, fixtures).expect("written");
    let rules = folder.path().join("rules");
    let arguments = [
        "rules",
        "test",
        file.to_str().expect("text"),
        "--rules",
        rules.to_str().expect("text"),
    ];
    let output = run_command(&arguments, &[], "");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn fixture_files_are_run_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    with_rules_in(&folder, TWO, LOG);
    let run = |text: &str| test_rules(&folder, text);
    let case = "tests: [{name: junk, action: {payload: {kind: spam}}, expect: {verdict: suppress, rule: spam}}]";
    assert_eq!(run(case).0, Some(0));
    let (code, said) = run(&case.replace("verdict: suppress", "verdict: allow"));
    assert!(
        code == Some(1)
            && said.contains("verdict: expected allow, got suppress")
            && said.contains("0 passed, 1 failed"),
        "{said}"
    );
    let (code, said) = run("tests: [{name: x}]");
    assert!(
        code == Some(1) && said.contains("tests.yaml:1:9: tests[0] (x): action is missing"),
        "{said}"
    );
    for (wrong, says) in [
        (
            case.replace("payload", "paylod"),
            "tests.yaml:1:31: tests[0] (junk): there is no key \"paylod\"; did you mean payload?",
        ),
        (
            case.replace("verdict: suppress", "verdict: supress"),
            "there is no verdict \"supress\"; did you mean suppress?",
        ),
        (
            case.replace("rule: spam", "rul: spam"),
            "did you mean rule?",
        ),
        (
            case.replace("{payload:", "{tenant: 5, payload:"),
            "must be text, is a whole number: put it in quotes",
        ),
        (
            case.replace("action:", "at: noon, action:"),
            "at must be an RFC 3339 time",
        ),
        (case.replace("tests:", "test:"), "did you mean tests?"),
    ] {
        let (code, said) = run(&wrong);
        assert!(
            code == Some(1) && said.contains(says) && !said.contains("passed"),
            "{wrong}: {said}"
        );
    }
}

#[test]
fn fixtures_tell_what_silences_and_time_intervals_do_at_an_instant() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = r#"
time_intervals: [{name: nights, time_ranges: [{times: [{start: "22:00", end: "24:00"}]}]}]
rules:
  - {name: quiet, condition: 'action.payload.kind == "quiet"', mute_time_intervals: [nights], action: {type: allow}}
  - {name: wait, condition: 'action.payload.kind == "wait"', mute_time_intervals: [nights], on_mute: postpone, action: {type: allow}}
  - {name: held, on_error: hold, condition: 'action.payload.number > 5', action: {type: deny}}
"#;
    with_rules_in(&folder, rules, LOG);
    let fixtures = folder.path().join("tests.yaml");
    let text = r"
silences: [{matchers: [{name: team, value: pay}], starts_at: 2026-01-01T00:00:00Z, ends_at: 2026-02-01T00:00:00Z}]
tests:
  - {name: by night, at: 2026-01-05T23:00:00Z, action: {payload: {kind: quiet}}, expect: {verdict: muted, rule: quiet}}
  - {name: by day, at: 2026-01-05T12:00:00Z, action: {payload: {kind: quiet}}, expect: {verdict: allow, rule: quiet}}
  - {name: silenced, at: 2026-01-05T12:00:00Z, action: {metadata: {team: pay}}, expect: {verdict: silenced}}
  - {name: no longer, at: 2026-02-01T00:00:00Z, action: {metadata: {team: pay}}, expect: {verdict: allow}}
  - {name: kept back, action: {payload: {number: many}}, expect: {verdict: held, rule: held}}
  - {name: waits, at: 2026-01-05T23:00:00Z, action: {payload: {kind: wait}}, expect: {verdict: postponed, rule: wait}}
  - {name: thinks it goes, at: 2026-01-05T23:00:00Z, action: {payload: {kind: quiet}}, expect: {verdict: allow}}
";
    std::fs::write(&fixtures, text).expect("written");
    let rules = folder.path().join("rules");
    let arguments = [
        "rules",
        "test",
        fixtures.to_str().expect("text"),
        "--rules",
        rules.to_str().expect("text"),
    ];
    let output = run_command(&arguments, &[], "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("6 passed, 1 failed"), "{said}");
    assert!(
        said.contains("expected allow, got muted by the time interval nights"),
        "{said}"
    );
}

#[test]
fn fixtures_say_which_time_interval_they_lack_and_take_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = "rules: [{name: quiet, condition: 'true', active_time_intervals: [office-hours], action: {type: allow}}]";
    with_rules_in(&folder, rules, LOG);
    let run = |text: &str| test_rules(&folder, text);
    let case = "tests: [{name: by night, at: 2026-01-05T23:00:00Z, action: {}, expect: {verdict: muted}}]\n";
    let lacking = "time interval: rule quiet goes by \"office-hours\", which is neither in the files of the rules nor in this one";
    let how = "give it in this file, as in time_intervals: [{name: office-hours, time_ranges: ";
    let (code, said) = run(case);
    assert!(
        code == Some(1) && said.contains(&format!("{lacking}. No gateway is asked: {how}")),
        "{said}"
    );
    let interval = "time_intervals: [{name: office-hours, time_ranges: [{times: [{start: \"09:00\", end: \"18:00\"}]}]}]\n";
    let (_, said) = run(&format!(
        "{case}{}",
        interval.replace("office-hours", "office-hour")
    ));
    assert!(
        said.contains(&format!(
            "{lacking}; did you mean \"office-hour\"? No gateway is asked: {how}"
        )),
        "{said}"
    );
    assert_eq!(
        run(&format!("{case}{interval}")),
        (Some(0), "ok    by night\n1 passed, 0 failed\n".to_owned())
    );
    let any_time = case
        .replace("at: 2026-01-05T23:00:00Z, ", "")
        .replace("muted", "allow");
    assert_eq!(
        run(&any_time).0,
        Some(0),
        "who does not say when asks for no time interval"
    );
    let silence = "silences: [{matchers: [{name: team, value: pay}], starts_at: 2026-01-01T00:00:00Z, ends_at: 2026-02-01T00:00:00Z}]\n";
    let silenced = case
        .replace("action: {}", "action: {metadata: {team: pay}}")
        .replace("muted", "silenced");
    let (code, said) = run(&format!("{silence}{silenced}"));
    assert_eq!(
        code,
        Some(0),
        "what a silence holds back needs no time interval: {said}"
    );
    let (code, said) = run(&format!("{silence}{case}"));
    assert!(code == Some(1) && said.contains(lacking), "{said}");
}
