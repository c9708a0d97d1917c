//! Stores and their files.

use super::{stderr, stdout};
use crate::support::{Process, run_command, store_lines};

#[test]
fn a_database_in_use_is_not_opened_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        println!("not for a shared database, which is there to be opened twice");
        return;
    }
    let _first = Process::start(folder.path(), "", &[]);
    let path = folder.path().to_str().expect("a path");
    let output = run_command(&["--data-dir", path, "--port", "0"], &[], "");
    assert!(
        !output.status.success() && stderr(&output).contains("in use by another process"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_copied_while_in_use_and_moved_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let process = Process::start_exactly(
        folder.path(),
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
        &[],
    );
    process
        .client()
        .dispatch(&crate::support::action(
            "moved",
            "log",
            &serde_json::json!({}),
        ))
        .await;
    let run = |arguments: &[&str]| {
        let output = run_command(arguments, &[], "");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    };
    run(&["backup", &at("copy.db"), "--data-dir", &at("")]);
    run(&["export", &at("everything.jsonl"), "--data-dir", &at("")]);
    let said = run(&["import", &at("everything.jsonl"), "--data-dir", &at("new")]);
    assert!(
        said.contains("rows of") && said.contains("remind those who decide"),
        "{said}"
    );
    assert!(run(&["migrate", "--data-dir", &at("new")]).contains("has the schema"));
    for (what, arguments) in [
        (
            "is there already",
            ["backup", &at("copy.db"), "--data-dir", &at("")],
        ),
        (
            "is there already",
            ["export", &at("everything.jsonl"), "--data-dir", &at("")],
        ),
        (
            "not empty",
            ["import", &at("everything.jsonl"), "--data-dir", &at("new")],
        ),
        (
            "in use",
            ["import", &at("everything.jsonl"), "--data-dir", &at("")],
        ),
    ] {
        let output = run_command(&arguments, &[], "");
        assert!(
            !output.status.success() && stderr(&output).contains(what),
            "{what}: {}",
            stderr(&output)
        );
    }
    let (code, _) = process.terminate();
    assert_eq!(code, Some(0));
    let moved = Process::start_exactly(&folder.path().join("new"), "", &[]);
    assert_eq!(
        moved.client().get("/v1/actions/moved").await.body["state"],
        "done"
    );
}

#[cfg(unix)]
#[test]
fn the_files_of_a_database_are_for_their_owner_only_in_whatever_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let set = |name: &str, mode: u32| {
        std::fs::set_permissions(
            folder.path().join(name),
            std::fs::Permissions::from_mode(mode),
        )
        .expect("a mode");
    };
    let open_to_others = || {
        let entries = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry"));
        let files =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("acteon.db"));
        let modes = files.map(|entry| {
            (
                entry.file_name(),
                entry.metadata().expect("its mode").permissions().mode() & 0o777,
            )
        });
        modes.filter(|(_, mode)| *mode != 0o600).collect::<Vec<_>>()
    };
    set("", 0o755);
    let process = Process::start_exactly(folder.path(), "", &[]);
    assert!(
        folder.path().join("acteon.db-wal").exists()
            && folder.path().join("acteon.db.lock").exists()
    );
    assert_eq!(open_to_others(), []);
    process.kill();
    // As an earlier version left them.
    for name in ["acteon.db", "acteon.db-wal", "acteon.db.lock"] {
        set(name, 0o644);
    }
    let _process = Process::start_exactly(folder.path(), "", &[]);
    assert_eq!(open_to_others(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_put_back_as_import_says_has_what_it_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let log = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    let process = Process::start_exactly(folder.path(), log, &[]);
    let post = async |id: &str| {
        let action = crate::support::action(id, "log", &serde_json::json!({}));
        process.client().dispatch(&action).await
    };
    post("before").await;
    let backup = run_command(&["backup", &at("copy.db"), "--data-dir", &at("")], &[], "");
    assert!(backup.status.success(), "{}", stderr(&backup));
    post("after").await;
    process.kill();
    let refused = run_command(
        &["import", &at("copy.db"), "--data-dir", &at("new")],
        &[],
        "",
    );
    assert!(!refused.status.success());
    let refused = run_command(&["import", &at("copy.db"), "--data-dir", &at("")], &[], "");
    let said = stderr(&refused);
    assert!(
        said.contains(&format!("copy it to {}", at("acteon.db"))),
        "{said}"
    );
    // As it says.
    for beside in ["acteon.db-wal", "acteon.db-shm"] {
        assert!(said.contains(&at(beside)), "{beside}: {said}");
        std::fs::remove_file(at(beside)).expect("removed");
    }
    std::fs::copy(at("copy.db"), at("acteon.db")).expect("copied");
    let next = Process::start_exactly(folder.path(), log, &[]);
    let client = next.client();
    assert_eq!(client.get("/v1/actions/before").await.body["state"], "done");
    assert_eq!(client.get("/v1/actions/after").await.status, 404);
}
