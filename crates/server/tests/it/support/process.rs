//! `acteon-server` as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use acteon_testkit::skipped;

use super::Client;

/// The built binary.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_acteon-server");

/// The folder below its own that is a disk's.
pub(crate) const DISK: &str = "disk";

/// A running `acteon-server`.
pub(crate) struct Process {
    child: Child,
    client: Client,
    stdout: Option<BufReader<std::process::ChildStdout>>,
}

impl Process {
    /// Starts it on a free port, with data and configuration in `folder`, and waits until it says where it listens.
    pub(crate) fn start(folder: &Path, configuration: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_exactly(folder, &super::with_store(folder, configuration), variables)
    }

    /// Starts it with nothing but this configuration.
    pub(crate) fn start_exactly(
        folder: &Path,
        configuration: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_after("", folder, configuration, variables)
    }

    /// Starts it in a shell that has done something before, such as setting a limit.
    pub(crate) fn start_after(
        before: &str,
        folder: &Path,
        configuration: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_in(&["sh"], before, (folder, folder), configuration, variables)
    }

    /// Starts it with its data on a disk of its own, a file system in memory of such a size that only it sees. `None`, and a word about it,
    /// where this machine lets nobody mount one.
    ///
    /// # Panics
    /// When it does not although `CI` is set: there, a test that is skipped is a test that fails.
    pub(crate) fn start_on_a_disk(
        folder: &Path,
        size: &str,
        configuration: &str,
        variables: &[(&str, &str)],
    ) -> Option<Self> {
        let disk = folder.join(DISK);
        std::fs::create_dir(&disk).expect("a folder");
        let mount = format!(
            "mount -t tmpfs -o size={size} none '{}' && ",
            disk.display()
        );
        let shells: [&[&str]; 2] = [&["unshare", "-m", "sh"], &["unshare", "-rm", "sh"]];
        let may_mount = |shell: &&&[&str]| {
            let tried = Command::new(shell[0])
                .args(&shell[1..])
                .args(["-c", &format!("{mount} true")])
                .stderr(Stdio::null())
                .status();
            tried.is_ok_and(|status| status.success())
        };
        let Some(shell) = shells.iter().find(may_mount) else {
            skipped("no file system can be mounted here, neither by unshare -m nor by unshare -rm");
            return None;
        };
        Some(Self::start_in(
            shell,
            &mount,
            (folder, &disk),
            configuration,
            variables,
        ))
    }

    fn start_in(
        shell: &[&str],
        before: &str,
        (folder, data): (&Path, &Path),
        configuration: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let file = folder.join("acteon.toml");
        std::fs::write(&file, configuration).expect("a configuration file");
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).args([
            "-c",
            &format!("{before} exec \"$@\""),
            "sh",
            BINARY,
            "--port",
            "0",
            "--data-dir",
        ]);
        command
            .arg(data)
            .arg("-c")
            .arg(&file)
            .envs(variables.iter().copied());
        Self::of(command, &folder.join("log.txt"))
    }

    /// Starts a command that becomes a server, and waits until it says where it listens.
    pub(crate) fn of(mut command: Command, log: &Path) -> Self {
        let log_file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .expect("a started server");
        let mut stdout = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut line = String::new();
        let base = loop {
            line.clear();
            assert_ne!(
                stdout.read_line(&mut line).expect("a line"),
                0,
                "it stopped: {}",
                std::fs::read_to_string(log).unwrap_or_default()
            );
            if let Some(base) = line.trim().strip_prefix("API") {
                break base.trim().to_owned();
            }
        };
        Self {
            child,
            client: Client::new(&base),
            stdout: Some(stdout),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Lets no file of it grow beyond so many bytes; `None` lifts that.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let pid = self.child.id().to_string();
        let set = Command::new("prlimit")
            .args(["--pid", &pid, &format!("--fsize={limit}:unlimited")])
            .status()
            .expect("prlimit");
        assert!(set.success());
    }

    /// Waits until it has ended by itself; returns the exit code.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().expect("gone").code()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([&format!("-{name}"), &pid])
                .status()
                .expect("kill")
                .success()
        );
    }

    /// SIGTERM; returns the exit code and what it still printed.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let mut rest = String::new();
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_string(&mut rest).expect("its output");
        }
        (self.child.wait().expect("gone").code(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The disk of a process that was started on one, as others see it.
pub(crate) fn disk_of(process: &Process, folder: &Path) -> PathBuf {
    let within = folder.join(DISK);
    Path::new("/proc")
        .join(process.id().to_string())
        .join("root")
        .join(within.strip_prefix("/").expect("an absolute path"))
}

/// Starts a sub-command that sees the disk of a process which was started on one, at the place at which the process sees it.
pub(crate) fn start_beside(process: &Process, arguments: &[&str]) -> Child {
    let pid = process.id().to_string();
    let users = |process: &str| {
        std::fs::read_link(format!("/proc/{process}/ns/user")).expect("a namespace")
    };
    let mut command = Command::new("nsenter");
    command.args(["-t", &pid, "-m"]);
    if users(&pid) != users("self") {
        command.args(["-U", "--preserve-credentials"]);
    }
    command
        .arg(BINARY)
        .args(arguments)
        .env_remove("ACTEON_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("a started command")
}

/// What it logged.
pub(crate) fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log.txt")).unwrap_or_default()
}

/// Runs a sub-command to its end.
pub(crate) fn run_command(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .env_remove("ACTEON_CONFIG")
        .envs(variables.iter().copied());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a started command");
    // A command that stops before it reads closes the pipe.
    child
        .stdin
        .take()
        .expect("its standard input")
        .write_all(input.as_bytes())
        .ok();
    child.wait_with_output().expect("its output")
}
