//! The command line.

mod process;
mod secrets;
mod slips;
mod stores;

use crate::support::run_command;

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn check_tells_what_is_wrong_without_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acteon.toml");
    let path = file.to_str().expect("a path");
    std::fs::write(&file, "[server]\nprot = 1\n").expect("a file");
    let output = run_command(&["check", "-c", path], &[], "");
    let told = stderr(&output);
    assert!(
        !output.status.success()
            && told.contains("acteon.toml:2:1")
            && told.contains("did you mean port?"),
        "{told}"
    );
    std::fs::write(&file, "[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n").expect("a file");
    let output = run_command(&["check", "-c", path], &[], "");
    assert!(
        output.status.success() && stdout(&output).contains("is valid"),
        "{}",
        stdout(&output)
    );
    let output = run_command(&["check", "--live", "-c", path], &[], "");
    assert!(
        !output.status.success() && stdout(&output).contains("hook: CONNECTION"),
        "{}",
        stdout(&output)
    );
    let output = run_command(&["check", "-c", "/no/such/file.toml"], &[], "");
    assert!(
        !output.status.success() && stderr(&output).contains("/no/such/file.toml"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn check_live_asks_the_shared_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acteon.toml");
    let check = |url: &str| {
        std::fs::write(
            &file,
            format!("store.url = \"{url}\"\n[[providers]]\nname = \"log\"\ntype = \"log\"\n"),
        )
        .expect("a file");
        run_command(
            &["check", "--live", "-c", file.to_str().expect("a path")],
            &[],
            "",
        )
    };
    let output = check("postgres://me@127.0.0.1:9/nothing");
    let told = stdout(&output) + &stderr(&output);
    let what = if cfg!(feature = "postgres") {
        "store: of [store] url: "
    } else {
        "needs the cargo feature \"postgres\""
    };
    assert!(!output.status.success() && told.contains(what), "{told}");
    if let (true, Ok(url)) = (
        cfg!(feature = "postgres"),
        std::env::var("ACTEON_TEST_POSTGRES"),
    ) {
        let output = check(&url);
        assert!(
            output.status.success() && stdout(&output).contains("store: PostgreSQL "),
            "{}",
            stdout(&output)
        );
    }
}

#[test]
fn help_names_every_command() {
    let help = stdout(&run_command(&["--help"], &[], ""));
    for word in [
        "check",
        "encrypt",
        "keygen",
        "--config",
        "--data-dir",
        "--port",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn a_flag_before_its_command_is_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = run_command(
        &["--data-dir", &at("here"), "migrate"],
        &[("HOME", &at("home"))],
        "",
    );
    assert!(
        output.status.success() && folder.path().join("here/acteon.db").exists(),
        "{}",
        stderr(&output)
    );
    for arguments in [&["backup"][..], &["export"]] {
        let copy = at(arguments[0]);
        let output = run_command(
            &["--data-dir", &at("here"), arguments[0], &copy],
            &[("HOME", &at("home"))],
            "",
        );
        assert!(
            output.status.success() && std::path::Path::new(&copy).exists(),
            "{}",
            stderr(&output)
        );
    }
    let output = run_command(
        &["--data-dir", &at("there"), "import", &at("export")],
        &[("HOME", &at("home"))],
        "",
    );
    assert!(
        output.status.success() && folder.path().join("there/acteon.db").exists(),
        "{}",
        stderr(&output)
    );
    assert!(
        !folder.path().join("home").exists(),
        "nothing else was worked on"
    );
}

#[test]
fn a_flag_that_has_no_effect_is_refused() {
    let (here, there) = ("here", "there");
    for (arguments, part) in [
        (
            &["--data-dir", here, "migrate", "--data-dir", there][..],
            "given twice",
        ),
        (&["--port", "5", "check"], "--port has no effect"),
        (&["--host", "::1", "check"], "--host has no effect"),
        (
            &["--data-dir", here, "rules", "test", "x.yaml"],
            "--data-dir has no effect",
        ),
        (&["--port", "5", "backup", here], "--port has no effect"),
        (&["keygen", "-c", "acteon.toml"], "--config has no effect"),
        (&["-c", "acteon.toml", "encrypt"], "--config has no effect"),
        (
            &["-c", "acteon.toml", "api-key", "me"],
            "--config has no effect",
        ),
    ] {
        let output = run_command(arguments, &[], "");
        assert!(
            output.status.code() == Some(2) && stderr(&output).contains(part),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    let output = run_command(&["keygen"], &[("ACTEON_CONFIG", "acteon.toml")], "");
    assert!(
        output.status.success(),
        "what the environment says is for those who look: {}",
        stderr(&output)
    );
}

#[cfg(feature = "postgres")]
#[test]
fn a_folder_is_refused_beside_a_shared_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(
        at("shared.toml"),
        "[store]\nurl = \"postgres://me@127.0.0.1:9/nothing\"\n",
    )
    .expect("written");
    for command in [
        &["migrate"][..],
        &["export", &at("copy")],
        &["import", &at("export")],
    ] {
        let output = run_command(
            &[
                &["-c", &at("shared.toml"), "--data-dir", &at("here")],
                command,
            ]
            .concat(),
            &[],
            "",
        );
        let told = "--data-dir has no effect: the store of this configuration is a PostgreSQL; leave it out";
        assert!(
            output.status.code() == Some(2) && stderr(&output).contains(told),
            "{command:?}: {}",
            stderr(&output)
        );
    }
}
