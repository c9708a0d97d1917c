//! `acteon-server audit`: looks back at what a running gateway did.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::arguments::not_blank;
use super::call::{Answers, Call};
use super::client::{AFTER_HELP, Asked};
use super::filters::{Filters, Pages, Search};
use super::screen::{Table, field};
use super::silences::Scope;
use super::{action, when};

/// Look back: what was posted, what was decided, and what became of it.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Audit {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List actions, newest first
    List(Box<List>),
    /// Show one action with all its attempts
    Show(One),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    search: Search,
    #[command(flatten)]
    pages: Pages,
}

/// One action.
#[derive(Args)]
pub(super) struct One {
    #[command(flatten)]
    pub(super) scope: Scope,
    /// Its id
    #[arg(value_parser = not_blank)]
    pub(super) id: String,
}

impl Audit {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let (client, as_json) = (self.asked.client()?, self.asked.json);
        match &self.command {
            Command::List(list) => {
                let List {
                    filters,
                    search,
                    pages,
                } = &**list;
                let query: Vec<_> = filters.query().into_iter().chain(search.query()).collect();
                let mut table = Table::of_actions(["OUTCOME", "DETAIL"]);
                let call = Call::get(&["v1", "audit"], Answers::List("records", "action_id"));
                let read = pages.read(&client, &call, &query, as_json, |record| {
                    table.row(cells(record));
                });
                if !as_json {
                    table.print_read(&read, "nothing found")?;
                }
                read?;
            }
            Command::Show(One { scope, id }) => {
                action::show(
                    &client.call(
                        &Call::get(&["v1", "audit", id], Answers::One("action_id"))
                            .query(&scope.query()),
                    )?,
                    as_json,
                )?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn cells(record: &Value) -> [String; 8] {
    let text = |name: &str| field(record, &[&format!("/{name}")]);
    let (asked, used) = (text("provider"), text("provider_used"));
    let provider = if used.is_empty() || used == asked {
        asked
    } else {
        format!("{asked}->{used}")
    };
    [
        when::shown(&text("dispatched_at")),
        text("action_id"),
        text("namespace"),
        text("tenant"),
        provider,
        text("action_type"),
        text("outcome"),
        detail(record),
    ]
}

/// Details of an outcome for the last column of the list.
fn detail(record: &Value) -> String {
    let details = &record["outcome_details"];
    let next = field(record, &["/next_attempt_at"]);
    let known = [
        (
            "possible duplicate",
            if record["possible_duplicate"] == true {
                "yes".to_owned()
            } else {
                String::new()
            },
        ),
        ("", field(details, &["/code"])),
        ("", field(details, &["/message"])),
        ("next attempt", when::shown(&next)),
        (
            "msgid",
            field(details, &["/body/msgid", "/response/body/msgid"]),
        ),
        ("rule", field(details, &["/rule", "/matched_rule"])),
        ("silence", field(details, &["/silence_id"])),
        ("interval", field(details, &["/interval"])),
        ("quota", field(details, &["/quota_id"])),
        (
            "same as",
            Some(field(details, &["/action_id"]))
                .filter(|id| *id != field(record, &["/action_id"]))
                .unwrap_or_default(),
        ),
    ];
    let parts = known.into_iter().filter(|(_, value)| !value.is_empty());
    let parts = parts.map(|(name, value)| {
        if name.is_empty() {
            value
        } else {
            format!("{name} {value}")
        }
    });
    parts
        .collect::<Vec<_>>()
        .join(", ")
        .replacen("possible duplicate yes", "possible duplicate", 1)
}
