//! PostgreSQL servers of one's own, to be killed, stopped, and promoted.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One server with its data.
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    name: String,
    port: u16,
}

/// A folder for clusters, gone with this value.
pub struct ClusterFolder(PathBuf);

impl ClusterFolder {
    /// Makes one that the server's user may write to.
    pub fn new() -> io::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("acteon-cluster-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&path)?;
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&path).output()?)?;
        }
        Ok(Self(path))
    }
}

impl Drop for ClusterFolder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn succeed(output: Output) -> io::Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    Err(io::Error::other(
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ))
}

/// Where the server's programs are; `None` where there are none.
pub fn find_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    versions
        .chain(on_path)
        .find(|folder| folder.join("initdb").is_file())
}

fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

impl Cluster {
    /// Makes and starts a server.
    pub fn primary(bin: &Path, folder: &ClusterFolder) -> io::Result<Self> {
        let cluster = Self {
            bin: bin.to_owned(),
            folder: folder.0.clone(),
            name: "first".into(),
            port: free_port()?,
        };
        cluster.run(
            "initdb",
            &["-D", &cluster.data(), "-U", "postgres", "--auth=trust"],
        )?;
        let settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 300\nshared_buffers = 64MB\n",
            cluster.port
        );
        cluster.append("postgresql.conf", &settings)?;
        cluster.append("pg_hba.conf", "host replication all 127.0.0.1/32 trust\n")?;
        cluster.start()?;
        Ok(cluster)
    }

    /// Makes and starts a copy that follows this one, and has this one wait for it at every commit.
    pub fn synchronous_standby(&self, name: &str) -> io::Result<Self> {
        let standby = Self {
            bin: self.bin.clone(),
            folder: self.folder.clone(),
            name: name.to_owned(),
            port: free_port()?,
        };
        let source = format!(
            "host=127.0.0.1 port={} user=postgres application_name={name}",
            self.port
        );
        self.run(
            "pg_basebackup",
            &[
                "-d",
                &source,
                "-D",
                &standby.data(),
                "-R",
                "-c",
                "fast",
                "-X",
                "stream",
            ],
        )?;
        standby.append(
            "postgresql.conf",
            &format!("port = {}\nsynchronous_standby_names = ''\n", standby.port),
        )?;
        standby.start()?;
        self.append(
            "postgresql.conf",
            &format!("synchronous_standby_names = '{name}'\n"),
        )?;
        self.run("pg_ctl", &["-D", &self.data(), "reload"])?;
        Ok(standby)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Starts it.
    pub fn start(&self) -> io::Result<()> {
        let log = self
            .folder
            .join(format!("{}.log", self.name))
            .display()
            .to_string();
        self.run(
            "pg_ctl",
            &["-D", &self.data(), "-l", &log, "-w", "-t", "60", "start"],
        )
        .map(drop)
    }

    /// kill -9 of the server and all its processes.
    pub fn kill(&self) -> io::Result<()> {
        self.signal("KILL")?;
        let pid = self.folder.join(&self.name).join("postmaster.pid");
        // What is left of it must be gone before it can start again.
        while !self.processes()?.is_empty() {
            std::thread::yield_now();
        }
        drop(std::fs::remove_file(pid));
        Ok(())
    }

    /// SIGSTOP to all its processes, and SIGCONT after a while.
    pub async fn pause(&self, lasts: std::time::Duration) -> io::Result<()> {
        self.signal("STOP")?;
        tokio::time::sleep(lasts).await;
        self.signal("CONT")
    }

    /// Makes a standby take writes.
    pub fn promote(&self) -> io::Result<()> {
        self.run("pg_ctl", &["-D", &self.data(), "-w", "promote"])
            .map(drop)
    }

    fn data(&self) -> String {
        self.folder.join(&self.name).display().to_string()
    }

    fn append(&self, file: &str, text: &str) -> io::Result<()> {
        use std::io::Write as _;
        let path = self.folder.join(&self.name).join(file);
        std::fs::OpenOptions::new()
            .append(true)
            .open(path)?
            .write_all(text.as_bytes())
    }

    /// The server does not run as root.
    fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Output> {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        // What a server writes must not hold a pipe open.
        command
            .args(arguments)
            .current_dir("/")
            .stdout(std::process::Stdio::null())
            .stdin(std::process::Stdio::null());
        succeed(command.output()?)
    }

    /// The server and its processes: all run in the server's data folder.
    fn processes(&self) -> io::Result<Vec<String>> {
        let data = std::fs::canonicalize(self.folder.join(&self.name))?;
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let is_ours = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data);
            if is_ours && let Some(pid) = entry.file_name().to_str() {
                found.push(pid.to_owned());
            }
        }
        Ok(found)
    }

    fn signal(&self, name: &str) -> io::Result<()> {
        for pid in self.processes()? {
            drop(
                Command::new("kill")
                    .arg(format!("-{name}"))
                    .arg(pid)
                    .output()?,
            );
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.signal("CONT"));
        drop(self.kill());
    }
}
