//! A real browser as wide as a phone: Chromium without a window, told what to do through its driver.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use acteon_testkit::skipped;
use fantoccini::elements::Element;
use fantoccini::wd::{Capabilities, Locator, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::{PATIENCE, until};

/// Folder that pictures of the pages are kept in, where it is named.
const PICTURES: &str = "ACTEON_SCREENSHOTS";

/// Width and height of the phone, in pixels of a style sheet.
const PHONE: (u32, u32) = (390, 844);

/// Flags that let Chromium run without a window, and ask for nothing that the page does not.
const FLAGS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser with one window, which ends with it.
pub(crate) struct Browser {
    client: Client,
    driver: Driver,
}

/// The driver as a process of its own.
struct Driver {
    process: Child,
    port: u16,
}

/// What the common protocol has no command for and Chromium's driver does.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl Driver {
    /// Starts it at a port of its choice.
    fn start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let output = process.stdout.take().expect("its output");
        let port = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("successfully on port ")?;
                port.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver says its port");
        Some(Self { process, port })
    }
}

impl Drop for Driver {
    /// Ends it and its browsers, whatever became of the test.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request = format!(
                "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
                self.port
            );
            drop(stream.write_all(request.as_bytes()));
            drop(stream.read_to_end(&mut Vec::new()));
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Browser {
    /// Starts one that asks for pages in this language, such as `zh-CN`. None, where the machine has none: the test is skipped then.
    pub(crate) async fn start(language: &str) -> Option<Self> {
        let Some(driver) = Driver::start() else {
            skipped("chromium and chromedriver are not installed");
            return None;
        };
        let mut flags: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        flags.push(format!("--accept-lang={language}"));
        let (width, height) = PHONE;
        let wanted = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "args": flags,
                "mobileEmulation": {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2}},
            },
        });
        let wanted: Capabilities = serde_json::from_value(wanted).expect("capabilities");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("a browser");
        Some(Self { client, driver })
    }

    /// Opens a page, and looks whether it fits.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
        self.fits().await;
    }

    /// Opens a page that is somebody else's.
    #[cfg(feature = "wechat")]
    pub(crate) async fn visit(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    /// Taps something on such a page.
    #[cfg(feature = "wechat")]
    pub(crate) async fn click(&self, selector: &str) {
        let target = self.element(selector).await;
        target.click().await.expect("a tap");
    }

    /// Text of the page as a person sees it.
    pub(crate) async fn text(&self) -> String {
        let body = self.element("body").await;
        body.text().await.expect("its text")
    }

    /// Text of the page, once it says something.
    #[cfg(feature = "wechat")]
    pub(crate) async fn until_text(&self, words: &str) -> String {
        until(&format!("no page says {words:?}"), PATIENCE, async || {
            self.text().await.contains(words)
        })
        .await;
        self.text().await
    }

    /// First element that a selector of CSS matches.
    pub(crate) async fn element(&self, selector: &str) -> Element {
        self.client
            .find(Locator::Css(selector))
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Whether a selector of CSS matches anything.
    pub(crate) async fn has(&self, selector: &str) -> bool {
        let found = self.client.find_all(Locator::Css(selector)).await;
        !found.expect("elements").is_empty()
    }

    /// Writes into a field as a person types.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        let field = self.element(selector).await;
        field.send_keys(text).await.expect("written");
    }

    /// Takes out what stands in a field.
    pub(crate) async fn clear(&self, selector: &str) {
        let field = self.element(selector).await;
        field.clear().await.expect("cleared");
    }

    /// Taps what unfolds more of the same page, and looks whether that fits.
    pub(crate) async fn unfold(&self, selector: &str) {
        let target = self.element(selector).await;
        target.click().await.expect("a tap");
        self.fits().await;
    }

    /// Taps what leads to another page, waits for that, and looks whether it fits.
    pub(crate) async fn tap(&self, selector: &str) {
        self.evaluate("document.documentElement.dataset.old = 'yes'")
            .await;
        let target = self.element(selector).await;
        target.click().await.expect("a tap");
        until("no other page came", PATIENCE, async || {
            let is_other = "return document.readyState === 'complete' && !document.documentElement.dataset.old";
            self.client
                .execute(is_other, Vec::new())
                .await
                .is_ok_and(|is_other| is_other == true)
        })
        .await;
        self.fits().await;
    }

    /// Shows pages dark or light from now on.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let params = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.own(
            "goog/cdp/execute",
            json!({"cmd": "Emulation.setEmulatedMedia", "params": params}),
        )
        .await;
    }

    /// Keeps a picture of the page where a folder for that is named.
    pub(crate) async fn picture(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a picture");
        if let Some(folder) = std::env::var_os(PICTURES) {
            let file = std::path::Path::new(&folder).join(format!("{name}.png"));
            std::fs::write(file, picture).expect("kept");
        }
    }

    /// Ends in good order.
    pub(crate) async fn close(self) {
        self.client.close().await.expect("closed");
        drop(self.driver);
    }

    /// What a person's phone shows whole, has fingers' width and is made of this page alone; the browser complains of nothing.
    async fn fits(&self) {
        let wide = self
            .evaluate("return document.documentElement.scrollWidth - window.innerWidth")
            .await;
        assert!(wide.as_i64() <= Some(0), "{wide} pixels are out of sight");
        let small = "return [...document.querySelectorAll('button, textarea, summary, input, header a')].filter(found => found.getBoundingClientRect().height < 44).map(found => found.outerHTML)";
        assert_eq!(
            self.evaluate(small).await,
            json!([]),
            "too small for fingers"
        );
        let loaded = "return performance.getEntriesByType('resource').map(found => found.name)";
        assert_eq!(
            self.evaluate(loaded).await,
            json!([]),
            "loaded beside the page"
        );
        let complaints = self.own("se/log", json!({"type": "browser"})).await;
        let complaints = complaints.as_array().expect("lines").clone();
        // The page itself is answered with what it says: 403, 404 and so on.
        let complaints: Vec<Value> = complaints
            .into_iter()
            .filter(|line| line["source"] != "network")
            .collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    async fn evaluate(&self, script: &str) -> Value {
        let found = self.client.execute(script, Vec::new()).await;
        found.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    async fn own(&self, path: &'static str, body: Value) -> Value {
        let answer = self.client.issue_cmd(Own { path, body }).await;
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &reqwest::Url,
        session: Option<&str>,
    ) -> Result<reqwest::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _: &reqwest::Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(self.body.to_string()))
    }
}
