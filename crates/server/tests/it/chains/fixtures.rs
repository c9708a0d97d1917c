//! Files of fixtures of chains, run from the command line.

use std::path::Path;

use crate::support::run_command;

const RULES: &str = r#"
chains:
  - name: restart
    steps:
      - {name: restart, provider: hook, action_type: restart, payload_template: {service: "{{ origin.payload.service }}"}}
      - {name: day, timer: {duration_seconds: 36000}}
      - {name: tell, provider: log, action_type: notify, payload_template: {text: "{{ steps.restart.body.build }}"}}
rules:
  - {name: restarts, condition: {field: action.action_type, eq: restart}, action: {type: chain, chain: restart}}
"#;

const CASES: &str = "\
rules: ../rules
tests:
  - name: it is told
    action: {action_type: restart, payload: {service: shop}}
    answers: [{step: restart, body: {build: v7}, takes: 5s}]
    expect: {status: completed, ends_at: 10h5s, sends: [{step: restart}, {step: tell, payload: {text: v7}}]}
";

/// A folder with rules, and a file of cases in another one.
fn folder(cases: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    write("rules/restart.yaml", RULES);
    write("tests/restart.yaml", cases);
    folder
}

/// Runs the cases with further arguments; the exit code, and what is printed.
fn run(folder: &Path, further: &[&str]) -> (Option<i32>, String) {
    let file = folder.join("tests/restart.yaml");
    let mut arguments = vec!["chains", "test", file.to_str().expect("text")];
    arguments.extend(further);
    let output = run_command(&arguments, &[], "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn fixtures_of_chains_are_run_from_the_command_line() {
    let it = folder(CASES);
    assert_eq!(
        run(it.path(), &[]),
        (Some(0), "ok    it is told\n1 passed, 0 failed\n".to_owned())
    );
    let it = folder(
        &CASES
            .replace("text: v7", "text: v8")
            .replace("10h5s", "10h"),
    );
    let (code, said) = run(it.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    for line in [
        "FAIL  it is told\n",
        "restart.yaml:6:42: ends_at: expected 10h, got 10h5s\n",
        "restart.yaml:6:94: sends[1].payload: expected {\"text\":\"v8\"}, got {\"text\":\"v7\"}\n",
        "0 passed, 1 failed\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn files_that_are_wrong_or_nowhere_are_told() {
    let it = folder(&CASES.replace("takes:", "takse:"));
    let (code, said) = run(it.path(), &[]);
    assert!(
        code == Some(1) && said.contains("restart.yaml:5:50: tests[0] (it is told): there is no key \"takse\"; did you mean takes?"),
        "{said}"
    );
    let it = folder(&CASES.replace("rules: ../rules\n", ""));
    let (code, said) = run(it.path(), &[]);
    assert!(
        code == Some(1) && said.contains("nothing says where the rules of"),
        "{said}"
    );
    let rules = it.path().join("rules");
    let (code, said) = run(it.path(), &["--rules", rules.to_str().expect("text")]);
    assert_eq!(code, Some(0), "{said}");
    let it = folder(&format!("people: nowhere.toml\n{CASES}"));
    let (code, said) = run(it.path(), &[]);
    assert!(code == Some(1) && said.contains("nowhere.toml"), "{said}");
    let (code, said) = run(Path::new("/nowhere"), &[]);
    assert!(code == Some(1) && said.contains("cannot read"), "{said}");
}

#[test]
fn rules_and_people_of_a_configuration_are_used() {
    let it = folder(&CASES.replace("rules: ../rules\n", ""));
    let configuration = it.path().join("acteon.toml");
    let text = "[rules]\ndirectory = \"rules\"\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    std::fs::write(&configuration, text).expect("written");
    let (code, said) = run(it.path(), &["-c", configuration.to_str().expect("text")]);
    assert_eq!((code, said.contains("1 passed")), (Some(0), true), "{said}");
}
