//! `acteon-server silences`: lists, makes and ends silences of a running gateway.

use std::process::ExitCode;
use std::time::Duration;

use acteon_core::{Clock as _, SystemClock, Timestamp};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::arguments::not_blank;
use super::call::{Answers, Call};
use super::client::{AFTER_HELP, Asked, Client, NoAnswer, all_went};
use super::matchers::{matcher, written};
use super::screen::{Table, clean, field, inert_json};
use super::when;

/// Hold back what matches, for a time.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Silences {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List those that hold now
    List(List),
    /// Make one: what all matchers match is held back, and never sent
    Add(Add),
    /// End some now; what they held back is not sent by that
    Expire(Expire),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    scope: Scope,
    /// Also those that have ended, and those that have not begun
    #[arg(long)]
    all: bool,
}

/// A namespace and a tenant.
#[derive(Args)]
pub(super) struct Scope {
    /// Only this namespace
    #[arg(long, value_parser = not_blank)]
    namespace: Option<String>,
    /// Only this tenant, with those below it
    #[arg(long, value_parser = not_blank)]
    tenant: Option<String>,
}

impl Scope {
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let pairs = [("namespace", &self.namespace), ("tenant", &self.tenant)];
        pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect()
    }
}

#[derive(Args)]
struct Add {
    /// Namespace of what is held back
    #[arg(long, value_parser = not_blank)]
    namespace: String,
    /// Tenant of what is held back; also those below it
    #[arg(long, value_parser = not_blank)]
    tenant: String,
    /// How long it holds, such as 2h or 1h30m
    #[arg(long, value_parser = when::duration, required_unless_present = "ends_at", conflicts_with = "ends_at")]
    duration: Option<Duration>,
    /// When it ends, as an RFC 3339 time or so long from now
    #[arg(long, value_name = "TIME", value_parser = when::future)]
    ends_at: Option<Timestamp>,
    /// When it begins, as an RFC 3339 time or so long from now, such as 30m [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::future)]
    starts_at: Option<Timestamp>,
    /// Why, for whoever finds it
    #[arg(long, default_value = "", hide_default_value = true)]
    comment: String,
    /// A label or a path such as action.provider, then =, !=, =~ (a pattern for the whole) or !~, then the value
    #[arg(required = true, value_name = "MATCHER", value_parser = matcher)]
    matchers: Vec<Value>,
}

#[derive(Args)]
struct Expire {
    #[command(flatten)]
    scope: Scope,
    /// Their ids
    #[arg(required = true, value_name = "ID", value_parser = not_blank)]
    ids: Vec<String>,
}

impl Silences {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let client = self.asked.client()?;
        match &self.command {
            Command::List(list) => list.run(&client, self.asked.json),
            Command::Add(add) => add.run(&client, self.asked.json),
            Command::Expire(expire) => expire.run(&client, self.asked.json),
        }
    }
}

impl List {
    fn run(&self, client: &Client, as_json: bool) -> anyhow::Result<ExitCode> {
        let mut query = self.scope.query();
        if self.all {
            query.push(("include_expired", "true".into()));
        }
        let answer = client
            .call(&Call::get(&["v1", "silences"], Answers::List("silences", "id")).query(&query))?;
        if as_json {
            say!("{}", inert_json(&answer));
            return Ok(ExitCode::SUCCESS);
        }
        let body: Value = serde_json::from_str(&answer)?;
        let mut table = Table::new([
            "ID",
            "STATE",
            "NAMESPACE",
            "TENANT",
            "ENDS",
            "BY",
            "MATCHERS",
            "COMMENT",
        ]);
        for silence in body["silences"].as_array().into_iter().flatten() {
            let text = |name: &str| field(silence, &[&format!("/{name}")]);
            let matchers: Vec<String> = silence["matchers"]
                .as_array()
                .into_iter()
                .flatten()
                .map(written)
                .collect();
            table.row([
                text("id"),
                state(silence).to_owned(),
                text("namespace"),
                text("tenant"),
                when::shown(&text("ends_at")),
                text("created_by"),
                matchers.join(" "),
                text("comment"),
            ]);
        }
        table.print(if self.all {
            "no silences"
        } else {
            "no silences hold now; --all shows also those that ended or have not begun"
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// State of a silence: `active`, `pending` or `ended`.
fn state(silence: &Value) -> &'static str {
    let begins = silence["starts_at"].as_str().and_then(Timestamp::parse);
    let is_ended = silence["deleted_at"].is_string()
        || begins.is_none_or(|begins| begins <= SystemClock::new().now());
    match silence["active"].as_bool() {
        Some(true) => "active",
        _ if is_ended => "ended",
        _ => "pending",
    }
}

impl Add {
    fn run(&self, client: &Client, as_json: bool) -> anyhow::Result<ExitCode> {
        let mut body = json!({
            "namespace": self.namespace,
            "tenant": self.tenant,
            "matchers": self.matchers,
            "comment": self.comment,
        });
        let given = [
            (
                "duration_seconds",
                self.duration.map(|duration| json!(duration.as_secs())),
            ),
            ("ends_at", self.ends_at.map(|end| json!(end))),
            ("starts_at", self.starts_at.map(|start| json!(start))),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        let if_lost = "look with `acteon-server silences list --all` before you make it again";
        let answer = client
            .call(&Call::post(&["v1", "silences"], Answers::One("id"), if_lost).body(&body))?;
        if as_json {
            say!("{}", inert_json(&answer));
            return Ok(ExitCode::SUCCESS);
        }
        let silence: Value = serde_json::from_str(&answer)?;
        let text = |name: &str| clean(&field(&silence, &[&format!("/{name}")]));
        let (begins, ends) = (
            when::shown(&text("starts_at")),
            when::shown(&text("ends_at")),
        );
        say!("{}", text("id"));
        eprintln!(
            "holds from {begins} to {ends}; end it with `acteon-server silences expire {}`",
            text("id")
        );
        for warning in silence["warnings"].as_array().into_iter().flatten() {
            eprintln!("warning: {}", clean(warning.as_str().unwrap_or_default()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Expire {
    fn run(&self, client: &Client, as_json: bool) -> anyhow::Result<ExitCode> {
        let query = self.scope.query();
        let call = |id: &str| {
            client.call(
                &Call::delete(
                    &["v1", "silences", id],
                    "ask again, which changes nothing more",
                )
                .query(&query),
            )
        };
        each(&self.ids, as_json, "ended", call)
    }
}

/// Does the same with each id, also after one is refused. An answer that did not come ends it: the
/// next would not come either.
pub(super) fn each(
    ids: &[String],
    as_json: bool,
    done: &str,
    call: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<ExitCode> {
    let mut all = true;
    for id in ids {
        match call(id) {
            // The API answers nothing.
            Ok(_) if as_json => {}
            Ok(_) => say!("{}: {done}", clean(id)),
            Err(error) if error.is::<NoAnswer>() || ids.len() == 1 => return Err(error),
            Err(error) => {
                all = false;
                eprintln!("error: {}: {error:#}", clean(id));
            }
        }
    }
    Ok(all_went(all))
}
