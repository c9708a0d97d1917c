//! HTTP client of a running gateway, with the key of the person who runs the command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use acteon_api::{ErrorBody, NOTHING_DONE};
use acteon_config::files::{MAX_CONFIG_BYTES, read_given};
use acteon_http::header::{AUTHORIZATION, CONTENT_TYPE};
use acteon_http::{
    Clients, Cut, Failure, HeaderMap, HeaderValue, LinkLocal, Method, NoConnection, ProxyChoice,
    Remote, Request, Response, StatusCode, Url,
};
use anyhow::{Context as _, ensure};
use clap::Args;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::arguments::{not_blank, path, runtime, usage, variable};
use super::call::Call;
use super::{screen, when};

/// Text below the help of commands that ask a gateway.
pub(super) const AFTER_HELP: &str = "The API key is read from ACTEON_API_KEY, or from a file.\n\n\
    Exit codes: 0 done; 1 refused, or not all of it went; 2 the command line is wrong; 3 no answer, or none for now: try again.";

/// Exit code where there was no answer, or none for now.
pub(super) const TRY_AGAIN: u8 = 3;

/// Statuses below 500 of proxies that had no answer, or none for now. They may have passed the
/// request on.
const GAVE_UP: [u16; 3] = [408, 429, 499];

/// Longest answer that is read, in bytes: fifty thousand silences of ordinary length.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// Longest text of an answer that is no JSON and is shown, in characters.
const MAX_SHOWN: usize = 200;

/// Which gateway, who asks, and how its answers are shown.
#[derive(Args)]
pub(super) struct Asked {
    /// The gateway
    #[arg(
        long,
        help_heading = "Gateway",
        value_name = "URL",
        env = "ACTEON_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8080",
        global = true,
        value_parser = not_blank
    )]
    server: String,
    /// File that holds the API key, in place of `ACTEON_API_KEY`
    #[arg(long, help_heading = "Gateway", value_name = "FILE", env = "ACTEON_API_KEY_FILE", hide_env_values = true, global = true, value_parser = path)]
    key_file: Option<PathBuf>,
    /// Longest wait for an answer, up to 10m
    #[arg(long, help_heading = "Gateway", value_name = "DURATION", default_value = "30s", global = true, value_parser = timeout)]
    timeout: Duration,
    /// Print the answers of the API as they are, one a line
    #[arg(long, help_heading = "Gateway", global = true)]
    pub(super) json: bool,
}

/// Client of one gateway.
pub(super) struct Client {
    runtime: Runtime,
    remote: Remote,
    base: Url,
    key: Option<HeaderValue>,
    timeout: Duration,
}

/// Error where there was no answer, or one that says to try again. The exit code is [`TRY_AGAIN`].
#[derive(Debug)]
pub(super) struct NoAnswer(String);

impl NoAnswer {
    /// Error where the gateway's cursor leads back to where it was before.
    pub(super) fn stuck() -> anyhow::Error {
        Self("the gateway got no further than it was before: it is busy, or --server names something else; try again with --cursor".into())
            .into()
    }
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoAnswer {}

impl Asked {
    /// Client of the gateway that the command names.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let base = base(&self.server)?;
        let key = self.key()?;
        // With http a proxy could read the key.
        let proxy = if base.scheme() == "https" {
            ProxyChoice::default_for(&base)
        } else {
            ProxyChoice::Direct
        };
        let remote = Clients::new("acteon").remote(&base, proxy, LinkLocal::Allowed)?;
        Ok(Client {
            runtime: runtime()?,
            remote,
            base,
            key,
            timeout: self.timeout,
        })
    }

    /// API key as a header's value. A flag wins over the environment; of two variables none does.
    fn key(&self) -> anyhow::Result<Option<HeaderValue>> {
        let variable = variable("ACTEON_API_KEY")
            .map(Zeroizing::new)
            .filter(|key| !key.trim().is_empty());
        let Some(path) = &self.key_file else {
            return variable
                .map(|key| header(&key).context("ACTEON_API_KEY holds no API key"))
                .transpose();
        };
        let is_said = Some(path.as_path())
            != std::env::var_os("ACTEON_API_KEY_FILE")
                .as_deref()
                .map(Path::new);
        if variable.is_some() && !is_said {
            return Err(usage(
                "ACTEON_API_KEY_FILE has no effect beside ACTEON_API_KEY: set one of the two",
            ));
        }
        let text = read_given(path, MAX_CONFIG_BYTES).map(Zeroizing::new);
        let text = text.with_context(|| {
            format!(
                "the file of the API key, {}, cannot be read",
                path.display()
            )
        })?;
        header(&text)
            .with_context(|| format!("{} holds no API key", path.display()))
            .map(Some)
    }
}

impl Client {
    /// Sends a request and returns the body of its successful answer.
    pub(super) fn call(&self, call: &Call<'_>) -> anyhow::Result<String> {
        // A URL has no such parts: what is left would be another route's.
        if let Some(part) = call
            .path
            .iter()
            .find(|part| matches!(**part, "" | "." | ".."))
        {
            anyhow::bail!("{part:?} is no id: write the one that a list shows");
        }
        self.runtime.block_on(self.answer(call))
    }

    async fn answer(&self, call: &Call<'_>) -> anyhow::Result<String> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .ok()
            .context("the gateway's address takes no path")?
            .pop_if_empty()
            .extend(call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let mut headers = HeaderMap::new();
        let mut body = None;
        if call.method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            body = Some(call.body.clone().unwrap_or_default().into_bytes());
        }
        if let Some(key) = &self.key {
            headers.insert(AUTHORIZATION, key.clone());
        }
        let address = self.remote.address(url.as_str()).map_err(unreached)?;
        let request = Request {
            method: call.method.clone(),
            address,
            headers,
            body,
            timeout: self.timeout,
        };
        let response = self
            .remote
            .send(request)
            .await
            .map_err(|failure| match failure {
                Failure::NoConnection(none) => unreached(none),
                Failure::Late => self.late(call),
                Failure::Broken => self.lost(call, "broke the connection off"),
            })?;
        let status = response.status();
        let text = self.read(call, response).await?;
        if status.is_success() {
            // A page of something else, as of a proxy, would otherwise be taken for an empty list.
            let is_json =
                text.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            ensure!(
                is_json && call.answers.has(&text),
                self.foreign(status, &text) + &call.unsure()
            );
            return Ok(text);
        }
        Err(self.refused(call, status, &text))
    }

    async fn read(&self, call: &Call<'_>, response: Response) -> anyhow::Result<String> {
        let received = response.body(MAX_ANSWER_BYTES).await;
        match received.cut {
            None => Ok(String::from_utf8_lossy(&received.bytes).trim().to_owned()),
            Some(Cut::TooLong) => anyhow::bail!(
                "the answer is longer than {} MiB: ask for less, such as one tenant's with --tenant, or fewer with --limit{}",
                MAX_ANSWER_BYTES >> 20,
                call.unsure()
            ),
            Some(Cut::Late) => Err(self.late(call)),
            Some(Cut::Broken) => Err(self.lost(call, "broke its answer off")),
        }
    }

    fn late(&self, call: &Call<'_>) -> anyhow::Error {
        self.lost(
            call,
            &format!(
                "gave no answer within {}; wait longer with --timeout",
                when::written(self.timeout)
            ),
        )
    }

    /// Error of an answer that did not come whole.
    fn lost(&self, call: &Call<'_>, how: &str) -> anyhow::Error {
        NoAnswer(format!("{} {how}{}", self.remote.server(), call.unsure())).into()
    }

    fn refused(&self, call: &Call<'_>, status: StatusCode, text: &str) -> anyhow::Error {
        let Ok(body) = serde_json::from_str::<ErrorBody>(text) else {
            let message = self.foreign(status, text);
            // Such as a proxy's, which had no answer either.
            return if status.is_server_error() || GAVE_UP.contains(&status.as_u16()) {
                NoAnswer(message + &call.unsure()).into()
            } else {
                anyhow::Error::msg(message)
            };
        };
        let message = screen::clean(&body.message);
        let advice = match body.retry_after {
            _ if status == StatusCode::UNAUTHORIZED && self.key.is_none() => {
                "; put the key into ACTEON_API_KEY, or name its file with --key-file".to_owned()
            }
            Some(seconds) => format!("; try again in {seconds} s"),
            None => String::new(),
        };
        let message = format!(
            "{message} ({} {}){advice}",
            status.as_u16(),
            screen::clean(&body.code)
        );
        if status.is_server_error() && !NOTHING_DONE.contains(&&*body.code) {
            NoAnswer(message + &call.unsure()).into()
        } else if body.retryable || status.is_server_error() {
            NoAnswer(message).into()
        } else {
            anyhow::Error::msg(message)
        }
    }

    /// Error text of an answer that does not come from a gateway.
    fn foreign(&self, status: StatusCode, text: &str) -> String {
        let server = self.remote.server();
        if status.is_redirection() {
            return format!(
                "{server} sends callers elsewhere ({}), where the key is not sent: name the gateway itself with --server",
                status.as_u16()
            );
        }
        let shown: String = screen::clean(text).chars().take(MAX_SHOWN).collect();
        format!(
            "{server} answered {}, and not as a gateway does: does --server name one? It said: {shown}",
            status.as_u16()
        )
    }
}

/// Error of a gateway that cannot be connected to.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn unreached(none: NoConnection) -> anyhow::Error {
    NoAnswer(format!("{none}; {}", none.advice())).into()
}

/// Parses the address of a gateway. An error leaves the address out where it may hold a password.
fn base(text: &str) -> anyhow::Result<Url> {
    let text = text.trim();
    let shown = if text.contains('@') {
        String::new()
    } else {
        format!(", is {:?}", screen::clean(text))
    };
    let meant = if text.contains("://") || shown.is_empty() {
        String::new()
    } else {
        format!("; did you mean http://{}?", screen::clean(text))
    };
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain = |url: &Url| {
        url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let expected =
        "must be an address such as http://127.0.0.1:8080, without user, query and fragment";
    url.filter(plain)
        .ok_or_else(|| usage(format!("--server, or ACTEON_URL, {expected}{shown}{meant}")))
}

/// `Authorization` header of a key.
fn header(text: &str) -> anyhow::Result<HeaderValue> {
    let key = text.trim();
    ensure!(
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()),
        "it must be the key alone, as `acteon-server api-key` shows it, without blanks and line breaks within"
    );
    let mut value = HeaderValue::from_str(&Zeroizing::new(format!("Bearer {key}")))
        .context("it cannot be sent")?;
    value.set_sensitive(true);
    Ok(value)
}

/// Longest wait for one answer that may be asked for.
const MAX_TIMEOUT: Duration = Duration::from_mins(10);

fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = when::duration(text)?;
    if timeout > MAX_TIMEOUT {
        Err("it is longer than 10m".into())
    } else {
        Ok(timeout)
    }
}

/// Exit code: failure unless all of it went.
pub(super) fn all_went(went: bool) -> ExitCode {
    if went {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
