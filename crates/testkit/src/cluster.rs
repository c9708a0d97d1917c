//! PostgreSQL servers of a test's own, to be killed, stopped and promoted.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// PostgreSQL server with its data. It is killed when it is dropped.
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    name: String,
    port: u16,
}

/// Folder for the data of clusters, which is removed when it is dropped.
pub struct ClusterFolder(PathBuf);

impl ClusterFolder {
    /// Makes a folder that the server's user may write to.
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

/// Folder of the server's programs; `None` when PostgreSQL is not installed.
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
    /// Makes and starts a server with the programs in `bin`.
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

    /// Makes and starts a synchronous standby: from now on, this server's commits wait for it.
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

    /// Address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Starts the server, and waits until it takes connections.
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

    /// Kills all processes of the server with `SIGKILL`, and waits until they are gone.
    pub fn kill(&self) -> io::Result<()> {
        self.signal("KILL")?;
        let pid = self.folder.join(&self.name).join("postmaster.pid");
        // A server does not start while a process of the one before is left.
        while !self.processes()?.is_empty() {
            std::thread::yield_now();
        }
        drop(std::fs::remove_file(pid));
        Ok(())
    }

    /// Stops all processes of the server with `SIGSTOP`, and continues them after a time.
    pub async fn pause(&self, lasts: std::time::Duration) -> io::Result<()> {
        self.signal("STOP")?;
        tokio::time::sleep(lasts).await;
        self.signal("CONT")
    }

    /// Promotes a standby, so that it takes writes.
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

    /// Runs a program of PostgreSQL as its own user, since the server refuses to run as root.
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
        // A pipe that the server inherited would never end.
        command
            .args(arguments)
            .current_dir("/")
            .stdout(std::process::Stdio::null())
            .stdin(std::process::Stdio::null());
        succeed(command.output()?)
    }

    /// Ids of the server's processes: those whose working directory is its data folder.
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
