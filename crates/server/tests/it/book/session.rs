//! A page that is carried out: a folder, a shell's variables, the local WeChat Work, and a gateway once one is needed.

use std::path::{Path, PathBuf};
use std::process::{Command as Spawned, Output, Stdio};

use acteon_fakes::wecom::{LocalWecom, world::World};
use acteon_testkit::skipped;
use serde_json::Value;

use super::markdown::{Block, Command, commands};
use super::{expect, provider_lines};
use crate::support::{BINARY, Process};

/// Where pages say that the gateway and the local WeChat Work are.
const GATEWAY: &str = "127.0.0.1:8080";
const WECOM: &str = "127.0.0.1:8090";

/// The gateway that pages ask which start none: the quick start's.
const QUICK_START: &str = "quickstart.toml";

/// The PostgreSQL of the pages. The one of the tests stands in for it, in a schema of its own.
const POSTGRES: &str = "url = \"postgres://acteon@db.example.com:5432/acteon\"";

pub(super) struct Session {
    folder: tempfile::TempDir,
    wecom: LocalWecom,
    server: Option<Process>,
    http: reqwest::Client,
    /// What the latest command or request answered, for the JSON block behind it.
    answer: Option<String>,
    /// Execution that an answer told of last, which later requests may mean.
    chain_id: Option<String>,
}

impl Session {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let wecom = LocalWecom::start(World::default())
            .await
            .expect("a local WeChat Work");
        let quick_start =
            provider_lines(&wecom) + "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
        std::fs::write(folder.path().join(QUICK_START), quick_start).expect("written");
        std::os::unix::fs::symlink(
            super::root().join("examples"),
            folder.path().join("examples"),
        )
        .expect("a link");
        for place in ["bin", "target/release"] {
            let place = folder.path().join(place);
            std::fs::create_dir_all(&place).expect("a folder");
            std::os::unix::fs::symlink(BINARY, place.join("acteon-server")).expect("a link");
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            folder,
            wecom,
            server: None,
            http,
            answer: None,
            chain_id: None,
        }
    }

    /// Runs a block, and says what is otherwise than the page says.
    pub(super) async fn run(&mut self, block: &Block) -> Result<(), String> {
        let answer = self.answer.take();
        match block.language.as_str() {
            "console" => self.console(block),
            "toml" => self.configuration(block),
            "yaml" => self.rules(block),
            "http" => self.request(block).await,
            "json" => compare(block, answer.as_deref()),
            other => Err(format!(
                "nothing is known of blocks in {other:?}: use console, toml, yaml, http or json, or say `not-run: REASON`"
            )),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A text of the page with the addresses of this run.
    fn with_addresses(&self, text: &str) -> String {
        let wecom = self.wecom.url().replace("http://", "");
        let mut text = text.replace("localhost:8090", WECOM).replace(WECOM, &wecom);
        if let Some(url) = test_postgres() {
            text = text.replace(
                POSTGRES,
                &format!("url = {url:?}\nschema = \"book_{}\"", std::process::id()),
            );
        }
        match &self.server {
            Some(server) => text
                .replace("localhost:8080", GATEWAY)
                .replace(GATEWAY, &server.client().base().replace("http://", "")),
            None => text,
        }
    }

    /// What came out, with the addresses of the page.
    fn as_on_the_page(&self, text: &str) -> String {
        let text = text
            .replace(&self.wecom.url().replace("http://", ""), WECOM)
            .replace(&self.path().display().to_string(), ".");
        match &self.server {
            Some(server) => text.replace(&server.client().base().replace("http://", ""), GATEWAY),
            None => text,
        }
    }

    fn console(&mut self, block: &Block) -> Result<(), String> {
        if block.says("postgres") {
            if test_postgres().is_none() {
                skipped(&format!(
                    "line {} of a page needs a PostgreSQL, and ACTEON_TEST_POSTGRES names none",
                    block.line
                ));
                return Ok(());
            }
            // What moves there is what a gateway has left behind.
            self.need_server();
            self.server = None;
        }
        for command in commands(block) {
            let wrong = |why: String| format!("line {}: {}: {why}", command.line, command.text);
            self.command(&command).map_err(wrong)?;
        }
        Ok(())
    }

    fn command(&mut self, command: &Command) -> Result<(), String> {
        if command.text.starts_with("cargo ") {
            return super::in_ci(&command.text);
        }
        if starts_server(&command.text) {
            if !command.printed.is_empty() {
                return Err(
                    "what a server prints at its start is not compared: leave it out".into(),
                );
            }
            self.server = None;
            self.server = Some(self.start_server(&command.text));
            return Ok(());
        }
        if command.text.contains(GATEWAY) || command.text.contains("localhost:8080") {
            self.need_server();
        }
        let output = self.shell(&command.text);
        let text = |bytes: &[u8]| self.as_on_the_page(&String::from_utf8_lossy(bytes));
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let both = format!("{out}{err}");
        let says_error = command
            .printed
            .first()
            .is_some_and(|line| line.starts_with("error"));
        if output.status.success() == says_error {
            return Err(format!("{}\n{both}", output.status));
        }
        if !command.printed.is_empty() {
            expect::lines(&command.printed, &both)?;
        }
        self.answer = Some(out);
        Ok(())
    }

    /// Runs a command as the page's shell would: what one exports, the next one sees.
    fn shell(&self, command: &str) -> Output {
        let script = format!(
            "set -o pipefail\n{}\ncode=$?\nexport -p > .variables\nexit $code",
            self.with_addresses(command)
        );
        tokio::task::block_in_place(|| {
            self.bash(&script)
                .stdin(Stdio::from(self.typed(command)))
                .output()
                .expect("bash")
        })
    }

    fn bash(&self, script: &str) -> Spawned {
        let mut bash = Spawned::new("bash");
        let path = std::env::var("PATH").expect("a path");
        bash.args([
            "-c",
            &format!("[ ! -e .variables ] || . ./.variables\n{script}"),
        ])
        .current_dir(self.path());
        bash.env(
            "PATH",
            format!("{}:{path}", self.path().join("bin").display()),
        );
        bash.env("HOME", self.path())
            .env("XDG_DATA_HOME", self.path().join("data"))
            .env_remove("ACTEON_CONFIG")
            .env("no_proxy", "127.0.0.1");
        bash
    }

    /// What a person types whom a page asks to, in a remark `# type the corp id` or `# type the Secret`.
    fn typed(&self, command: &str) -> std::fs::File {
        let (corp_id, secret) = self
            .wecom
            .world(|world| (world.corp_id.clone(), world.apps[0].secret.clone()));
        let text = match command.split_once("# type ") {
            Some((_, remark)) if remark.contains("corp id") => corp_id,
            Some((_, remark)) if remark.contains("Secret") => secret,
            Some((_, remark)) => panic!("nobody knows what to type: {remark}"),
            None => String::new(),
        };
        let file = self.path().join(".typed");
        std::fs::write(&file, text).expect("written");
        std::fs::File::open(file).expect("a file")
    }

    fn need_server(&mut self) {
        if self.server.is_none() {
            self.server = Some(self.start_server(&format!("acteon-server -c {QUICK_START}")));
        }
    }

    fn start_server(&self, command: &str) -> Process {
        let command = self.with_addresses(command.split(" # ").next().unwrap_or_default().trim());
        let log = self.path().join("log.txt");
        tokio::task::block_in_place(|| {
            Process::of(
                self.bash(&format!(
                    "exec_() {{ exec env \"$@\"; }}; exec_ {command} --port 0"
                )),
                &log,
            )
        })
    }

    fn configuration(&mut self, block: &Block) -> Result<(), String> {
        let file = block.file().unwrap_or("unnamed.toml").to_owned();
        let path = self.path().join(&file);
        std::fs::write(path, self.with_local_wecom(&block.text)).expect("written");
        // A file of keys is read where the configuration names it.
        let read = if file == "auth.toml" {
            "acteon.toml"
        } else {
            &file
        };
        self.check(read, block.says("fails"))
    }

    /// A configuration whose WeChat Work is the local one.
    fn with_local_wecom(&self, text: &str) -> String {
        let text = self.with_addresses(text);
        if text.contains("api_base_url") || !text.contains("type = \"wechat\"") {
            return text;
        }
        // At the end of its table, so that the lines before keep their numbers.
        let mut blocks: Vec<String> = text.split("\n[").map(str::to_owned).collect();
        for block in blocks
            .iter_mut()
            .filter(|block| block.contains("type = \"wechat\""))
        {
            *block = format!(
                "{}\nwechat.api_base_url = \"{}\"\n",
                block.trim_end(),
                self.wecom.url()
            );
        }
        blocks.join("\n[")
    }

    /// Rules and time intervals are loaded; a file of fixtures is run by a command of the page.
    fn rules(&mut self, block: &Block) -> Result<(), String> {
        let name = block.file().map_or_else(
            || PathBuf::from(format!("unnamed-{}/rules.yaml", block.line)),
            PathBuf::from,
        );
        let path = self.path().join(&name);
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&path, &block.text).expect("written");
        if block.text.lines().any(|line| line.starts_with("tests:")) {
            let named = block.file().is_some();
            return if named {
                Ok(())
            } else {
                Err(
                    "a file of fixtures needs its name in a first line, and a command that runs it"
                        .into(),
                )
            };
        }
        let quick_start = std::fs::read_to_string(self.path().join(QUICK_START)).expect("text");
        let configuration = format!(
            "rules.directory = {:?}\n{quick_start}",
            folder.display().to_string()
        );
        std::fs::write(self.path().join("rules.toml"), configuration).expect("written");
        self.check("rules.toml", block.says("fails"))
    }

    fn check(&self, file: &str, fails: bool) -> Result<(), String> {
        let output = self.shell(&format!("acteon-server check -c {file}"));
        if output.status.success() == fails {
            let told = [output.stdout, output.stderr].concat();
            return Err(format!(
                "`check` says {}\n{}",
                output.status,
                String::from_utf8_lossy(&told)
            ));
        }
        Ok(())
    }

    async fn request(&mut self, block: &Block) -> Result<(), String> {
        self.need_server();
        let base = self
            .server
            .as_ref()
            .map(|server| server.client().base().to_owned())
            .unwrap_or_default();
        let block_text = self.of_this_run(&block.text);
        let (head, body) = block_text.split_once("\n\n").unwrap_or((&block_text, ""));
        let mut head = head.lines();
        let (method, path) = head
            .next()
            .and_then(|line| line.split_once(' '))
            .ok_or("a request begins with METHOD /path")?;
        let method = method
            .parse()
            .map_err(|error| format!("{method}: {error}"))?;
        let mut request = self.http.request(method, format!("{base}{}", path.trim()));
        for header in head {
            let (name, value) = header
                .split_once(": ")
                .ok_or_else(|| format!("{header} is no header"))?;
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_owned());
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        let status = response.status();
        let text = self.as_on_the_page(&response.text().await.map_err(|error| error.to_string())?);
        if status.is_success() == block.says("fails") {
            return Err(format!("{status} {text}"));
        }
        if let Some((_, rest)) = text.split_once("\"chain_id\":\"") {
            self.chain_id = rest.split('"').next().map(str::to_owned);
        }
        self.answer = Some(text);
        Ok(())
    }

    /// Text with the id of this run's execution where the page can name none.
    fn of_this_run(&self, text: &str) -> String {
        match &self.chain_id {
            Some(id) => text.replace("{chain_id}", id),
            None => text.to_owned(),
        }
    }
}

fn test_postgres() -> Option<String> {
    std::env::var("ACTEON_TEST_POSTGRES").ok()
}

fn compare(block: &Block, answer: Option<&str>) -> Result<(), String> {
    let answer =
        answer.ok_or("there is no command or request before it that it could be the answer to")?;
    let expected: Value =
        serde_json::from_str(&block.text).map_err(|error| format!("it is no JSON: {error}"))?;
    let actual: Value = serde_json::from_str(answer)
        .map_err(|error| format!("the answer is no JSON: {error}\n{answer}"))?;
    expect::json(&expected, &actual, "the answer")
        .map_err(|why| format!("{why}\nthe answer is {actual}"))
}

/// Whether a command is a server, which goes on running.
fn starts_server(command: &str) -> bool {
    let words = command
        .split(" # ")
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip_while(|word| word.contains('='));
    let mut words = words.map(|word| word.trim_start_matches("target/release/"));
    // Its flags and files: any other word is a sub-command.
    words.next() == Some("acteon-server")
        && words.all(|word| ["-c", "2>", "2>>"].contains(&word) || word.contains('.'))
}
