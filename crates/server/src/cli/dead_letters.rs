//! `acteon-server dead-letters`: lists, shows, replays and discards dead letters of a running
//! gateway.

use std::collections::HashSet;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::arguments::{not_blank, usage};
use super::call::{Answers, Call};
use super::client::{AFTER_HELP, Asked, Client, NoAnswer, all_went};
use super::filters::{Filters, Pages, Search, go_on};
use super::screen::{Table, clean, field, inert_json};
use super::silences::{Scope, each};
use super::{action, audit, when};

/// What failed for good, until somebody deals with it.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DeadLetters {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them, newest first
    List(List),
    /// Show one with all its attempts
    Show(audit::One),
    /// Send them again, oldest first: those named, those that filters find, or all. What goes leaves the list
    Replay(Replay),
    /// Take some off the list without sending them; the audit trail keeps them
    Discard(Discard),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    search: Search,
    /// dead, or discarded for those that were taken off the list [default: dead]
    #[arg(long, value_name = "WORD", value_parser = not_blank)]
    state: Option<String>,
    #[command(flatten)]
    pages: Pages,
}

#[derive(Args)]
struct Replay {
    /// Ids of those to send again
    #[arg(value_name = "ID", value_parser = not_blank)]
    ids: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    /// All that there are
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Most to try [default: all that are found]
    #[arg(long, value_name = "NUMBER", conflicts_with = "ids", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Leave those alone that come from more replays than this; 0 for those that come from any
    #[arg(long, value_name = "NUMBER", conflicts_with = "ids")]
    max_replays: Option<u32>,
    /// Go on where an earlier replay ended
    #[arg(long, value_name = "CURSOR", conflicts_with = "ids", value_parser = not_blank)]
    cursor: Option<String>,
}

#[derive(Args)]
struct Discard {
    #[command(flatten)]
    scope: Scope,
    /// Their ids
    #[arg(required = true, value_name = "ID", value_parser = not_blank)]
    ids: Vec<String>,
}

/// Advice where the answer to a replay was lost.
const SAFE: &str = "ask again, which sends nothing twice";

/// Field of an answer that holds the id of the replayed action.
const ORIGINAL: &str = "original_action_id";

/// Most actions to replay with one request: each takes a commit.
const PAGE: u32 = 100;

impl DeadLetters {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let (client, as_json) = (self.asked.client()?, self.asked.json);
        match &self.command {
            Command::List(list) => list.run(&client, as_json),
            Command::Show(audit::One { scope, id }) => {
                action::show(
                    &client.call(
                        &Call::get(&["v1", "dlq", id], Answers::One("action.id"))
                            .query(&scope.query()),
                    )?,
                    as_json,
                )?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Replay(replay) => replay.run(&client, as_json),
            Command::Discard(Discard { scope, ids }) => {
                let query = scope.query();
                let call = |id: &str| {
                    client.call(
                        &Call::delete(
                            &["v1", "dlq", id],
                            "ask again, which takes nothing else off",
                        )
                        .query(&query),
                    )
                };
                each(ids, as_json, "taken off the list", call)
            }
        }
    }
}

impl List {
    fn run(&self, client: &Client, as_json: bool) -> anyhow::Result<ExitCode> {
        let mut query = self.filters.query();
        query.extend(self.search.query());
        query.extend(self.state.clone().map(|state| ("state", state)));
        let mut table = Table::of_actions(["CALLS", "FAILURE"]);
        let call = Call::get(&["v1", "dlq"], Answers::List("entries", "action.id"));
        let read = self.pages.read(client, &call, &query, as_json, |letter| {
            table.row(cells(letter));
        });
        if !as_json {
            table.print_read(&read, "no dead letters found")?;
        }
        read?;
        Ok(ExitCode::SUCCESS)
    }
}

fn cells(letter: &Value) -> [String; 8] {
    let text = |pointer: &str| field(letter, &[pointer]);
    let code = text("/outcome/Failed/code");
    let twice = if letter["possible_duplicate"] == true {
        "possible duplicate, "
    } else {
        ""
    };
    [
        when::shown(&text("/accepted_at")),
        text("/action/id"),
        text("/action/namespace"),
        text("/action/tenant"),
        text("/provider"),
        text("/action/action_type"),
        text("/attempts"),
        format!("{twice}{code} {}", text("/outcome/Failed/message")),
    ]
}

/// Counts of a replay over all its requests.
#[derive(Default)]
struct Sum {
    replayed: usize,
    failed: usize,
    skipped: usize,
}

impl Sum {
    /// Counts the result of one action, and prints it unless as JSON.
    fn add(&mut self, one: &Value, as_json: bool) -> anyhow::Result<()> {
        let (original, new) = (
            field(one, &["/original_action_id"]),
            field(one, &["/new_action_id"]),
        );
        let outcome = one["outcome"]
            .as_object()
            .and_then(|outcome| outcome.iter().next());
        let word = outcome.map_or_else(|| field(one, &["/outcome"]), |(name, _)| name.clone());
        let why = [
            field(one, &["/error"]),
            word,
            outcome.map_or(String::new(), |(_, fields)| {
                field(fields, &["/message", "/rule", "/silence_id", "/interval"])
            }),
        ];
        let why = why
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ");
        let said = if one["success"] == true {
            self.replayed += 1;
            format!("replayed as {new}: {why}")
        } else if one["skipped"] == true {
            self.skipped += 1;
            format!("stays on the list: {why}")
        } else {
            self.failed += 1;
            format!("failed: {why}")
        };
        if !as_json {
            say!("{}", clean(&format!("{original}: {said}")));
        }
        Ok(())
    }

    /// Prints the counts, and returns the exit code.
    fn told(&self, as_json: bool) -> anyhow::Result<ExitCode> {
        if !as_json {
            say!(
                "{} replayed, {} failed, {} skipped",
                self.replayed,
                self.failed,
                self.skipped
            );
        }
        Ok(all_went(self.failed + self.skipped == 0))
    }
}

impl Replay {
    fn run(&self, client: &Client, as_json: bool) -> anyhow::Result<ExitCode> {
        if !self.ids.is_empty() {
            return self.named(client, as_json);
        }
        let filters = self.filters.query();
        match (self.all, filters.is_empty()) {
            (false, true) => Err(usage(
                "say which dead letters to send again: their ids, a filter such as --code CONFIGURATION, or --all",
            )),
            (true, false) => Err(usage(
                "--all sends everything again, and a filter less: give one of the two",
            )),
            _ => self.found(client, filters, as_json),
        }
    }

    fn named(&self, client: &Client, as_json: bool) -> anyhow::Result<ExitCode> {
        let query = self.filters.scope_only()?;
        let mut sum = Sum::default();
        for id in &self.ids {
            match client.call(
                &Call::post(&["v1", "dlq", id, "replay"], Answers::One(ORIGINAL), SAFE)
                    .query(&query),
            ) {
                Ok(answer) => {
                    if as_json {
                        say!("{}", inert_json(&answer));
                    }
                    sum.add(&serde_json::from_str(&answer)?, as_json)?;
                }
                Err(error) if error.is::<NoAnswer>() || self.ids.len() == 1 => return Err(error),
                Err(error) => {
                    sum.failed += 1;
                    eprintln!("error: {}: {error:#}", clean(id));
                }
            }
        }
        sum.told(as_json)
    }

    /// Replays what the filters find, page by page.
    fn found(
        &self,
        client: &Client,
        mut filters: Vec<(&'static str, String)>,
        as_json: bool,
    ) -> anyhow::Result<ExitCode> {
        if self.all {
            filters.push(("all", "true".into()));
        }
        filters.extend(
            self.max_replays
                .map(|most| ("max_replays", most.to_string())),
        );
        let (mut cursor, mut left, mut sum) = (self.cursor.clone(), self.limit, Sum::default());
        let mut before: HashSet<String> = cursor.iter().cloned().collect();
        loop {
            let mut query = filters.clone();
            query.push((
                "limit",
                left.map_or(PAGE, |left| left.min(PAGE)).to_string(),
            ));
            query.extend(cursor.clone().map(|cursor| ("cursor", cursor)));
            let call = Call::post(
                &["v1", "dlq", "replay"],
                Answers::List("results", ORIGINAL),
                SAFE,
            );
            let answer = client
                .call(&call.query(&query))
                .inspect_err(|_| go_on(cursor.as_deref()))?;
            if as_json {
                say!("{}", inert_json(&answer));
            }
            let body: Value = serde_json::from_str(&answer)?;
            let results = body["results"].as_array().map_or(&[][..], Vec::as_slice);
            results.iter().try_for_each(|one| sum.add(one, as_json))?;
            left = left.map(|left| left.saturating_sub(results.len() as u32));
            cursor = Some(field(&body, &["/next_cursor"])).filter(|next| !next.is_empty());
            let is_stuck = cursor.clone().is_some_and(|next| !before.insert(next));
            if cursor.is_none() || left == Some(0) || is_stuck {
                go_on(cursor.as_deref());
                let ended = sum.told(as_json)?;
                return if is_stuck {
                    Err(NoAnswer::stuck())
                } else {
                    Ok(ended)
                };
            }
        }
    }
}
