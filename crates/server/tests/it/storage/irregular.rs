//! Named pipes, folders and devices in the place of a database's files, which a start must not open.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::path;
use crate::support::PATIENCE;

fn make_pipe(pipe: &Path) {
    let made = Command::new("mkfifo").arg(pipe).status().expect("mkfifo");
    assert!(made.success());
}

/// Error output of a start that ends by itself; one that hangs is killed, and fails the test.
async fn refused_in_time(data: &Path) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_acteon-server"))
        .env_remove("ACTEON_CONFIG")
        .args(["--port", "0", "--data-dir"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a started server");
    until_ended(&mut child).await;
    let output = child.wait_with_output().expect("its output");
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn until_ended(child: &mut Child) {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    while child.try_wait().expect("its state").is_none() {
        if tokio::time::Instant::now() > give_up {
            child.kill().expect("killed");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_opens_regular_files_only() {
    for file in [
        "acteon.db",
        "acteon.db.lock",
        "acteon.db-wal",
        "acteon.db-shm",
        "acteon.db-journal",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = path(folder.path(), file);
        let told = |what: &str| {
            format!(
                "{}: it is {what}, and must be a regular file",
                file.display()
            )
        };
        make_pipe(&file);
        let said = refused_in_time(folder.path()).await;
        assert!(said.contains(&told("a named pipe")), "{said}");
        std::fs::remove_file(&file).expect("removed");
        std::fs::create_dir(&file).expect("a folder");
        let said = refused_in_time(folder.path()).await;
        assert!(said.contains(&told("a directory")), "{said}");
        std::fs::remove_dir(&file).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", &file).expect("a link");
        let said = refused_in_time(folder.path()).await;
        assert!(said.contains(&told("a device")), "{said}");
    }
}
