//! A real browser as wide as a phone: Chromium without a window, told what to do through its driver.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Longest time that a page may take to show something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Flags that let Chromium run without a window, and ask for nothing that the page does not.
const FLAGS: [&str; 6] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
];

/// Browser with one window, which ends with it.
pub(crate) struct Browser {
    http: reqwest::Client,
    /// Address of the session.
    session: String,
    driver: Driver,
}

/// Driver as a process of its own.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts it at a port of its choice. None where the machine has none.
    fn start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let output = process.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.expect("chromedriver says its port");
        Some(Self { process, port })
    }
}

impl Drop for Driver {
    /// Ends it and its browsers, whatever became of the test.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request = "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
            drop(stream.write_all(request.as_bytes()));
            drop(stream.read_to_end(&mut Vec::new()));
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Browser {
    /// Starts one. None where the machine has no driver: the test is skipped then.
    pub(crate) async fn start() -> Option<Self> {
        let Some(driver) = Driver::start() else {
            let forgiven = std::env::var_os("CI").is_none();
            assert!(forgiven, "chromedriver is not installed");
            eprintln!("skipped: chromium and chromedriver are not installed");
            return None;
        };
        let base = format!("http://127.0.0.1:{}/session", driver.port);
        let phone = json!({ "width": 390, "height": 844, "pixelRatio": 2 });
        let options = json!({ "args": FLAGS, "mobileEmulation": { "deviceMetrics": phone } });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let http = reqwest::Client::new();
        let session = ask(&http, &base, &wanted).await;
        let session = session["sessionId"].as_str().expect("a session");
        Some(Self {
            session: format!("{base}/{session}"),
            http,
            driver,
        })
    }

    pub(crate) async fn open(&self, url: &str) {
        ask(
            &self.http,
            &format!("{}/url", self.session),
            &json!({ "url": url }),
        )
        .await;
    }

    /// Runs a script, and returns what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let url = format!("{}/execute/sync", self.session);
        ask(&self.http, &url, &json!({ "script": script, "args": [] })).await
    }

    /// Waits until a script returns true.
    pub(crate) async fn until(&self, script: &str) {
        let shown = async {
            while self.run(script).await != json!(true) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, shown).await.is_err() {
            let page = self.run("return document.body.innerText").await;
            panic!("never true: {script}\n{page}");
        }
    }

    pub(crate) async fn close(self) {
        let closed = self.http.delete(&self.session).send().await;
        closed.expect("an answer");
        drop(self.driver);
    }
}

async fn ask(http: &reqwest::Client, url: &str, body: &Value) -> Value {
    let answer = http.post(url).json(body).send().await;
    let answer: Value = answer.expect("an answer").json().await.expect("JSON");
    let value = answer["value"].clone();
    assert!(value["error"].is_null(), "{value}");
    value
}
