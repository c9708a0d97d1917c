//! Filters of the API as flags, and pages of what they find.

use std::collections::HashSet;

use acteon_core::Timestamp;
use clap::Args;
use serde_json::Value;

use super::arguments::{not_blank, usage};
use super::call::Call;
use super::client::{Client, NoAnswer};
use super::screen::{clean, field, inert_json};
use super::silences::Scope;
use super::when;

/// Most rows that one answer is asked for.
const MAX_PAGE: usize = 1000;

/// Most answers that one list reads: a filter that finds little gives short ones.
const MAX_ANSWERS: usize = 20;

/// Filters of the API as flags. The gateway checks their words.
#[derive(Args)]
pub(super) struct Filters {
    #[command(flatten)]
    scope: Scope,
    /// Only those for this provider
    #[arg(long, value_name = "NAME", value_parser = not_blank)]
    provider: Option<String>,
    /// Only those of this type
    #[arg(long, value_name = "TYPE", value_parser = not_blank)]
    action_type: Option<String>,
    /// Only those with this outcome, such as failed or silenced
    #[arg(long, value_name = "WORD", value_parser = not_blank)]
    outcome: Option<String>,
    /// Only those with this verdict, such as suppress
    #[arg(long, value_name = "WORD", value_parser = not_blank)]
    verdict: Option<String>,
    /// Only those that this rule decided
    #[arg(long, value_name = "RULE", value_parser = not_blank)]
    matched_rule: Option<String>,
    /// Only those that this caller posted
    #[arg(long, value_name = "NAME", value_parser = not_blank)]
    caller_id: Option<String>,
    /// Only failures with this code, such as CONFIGURATION
    #[arg(long, value_name = "CODE", value_parser = not_blank)]
    code: Option<String>,
    /// Only failures of this class, such as `to_repair`
    #[arg(long, value_name = "CLASS", value_parser = not_blank)]
    class: Option<String>,
    /// Only those accepted since: an RFC 3339 time, or so long ago, such as 2h
    #[arg(long, value_name = "TIME", value_parser = when::past)]
    from: Option<Timestamp>,
    /// Only those accepted until: an RFC 3339 time, or so long ago, such as 30m
    #[arg(long, value_name = "TIME", value_parser = when::past)]
    to: Option<Timestamp>,
}

impl Filters {
    /// Parameters of the API's query.
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("provider", &self.provider),
            ("action_type", &self.action_type),
            ("outcome", &self.outcome),
            ("verdict", &self.verdict),
            ("matched_rule", &self.matched_rule),
            ("caller_id", &self.caller_id),
            ("code", &self.code),
            ("class", &self.class),
        ];
        let times = [("from", self.from), ("to", self.to)];
        let texts = texts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        let times = times
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?.to_string())));
        self.scope
            .query()
            .into_iter()
            .chain(texts)
            .chain(times)
            .collect()
    }

    /// Parameters of namespace and tenant alone; an error where other filters are given, which do
    /// not go with ids.
    pub(super) fn scope_only(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let scope = self.scope.query();
        if let Some((name, _)) = self.query().into_iter().find(|pair| !scope.contains(pair)) {
            return Err(usage(format!(
                "--{} has no effect where ids are given: leave it out",
                name.replace('_', "-")
            )));
        }
        Ok(scope)
    }
}

/// Things that people remember of an action, to search for.
#[derive(Args)]
pub(super) struct Search {
    /// Only those that went to this member, department or tag
    #[arg(long, value_name = "NAME", value_parser = not_blank)]
    recipient: Option<String>,
    /// Only the one with this id of the service's, such as WeChat Work's msgid
    #[arg(long, value_name = "ID", value_parser = not_blank)]
    message_id: Option<String>,
    /// Only those with this part of a text in their payload, in any case
    #[arg(long, value_name = "TEXT", value_parser = not_blank)]
    text: Option<String>,
}

impl Search {
    /// Parameters of the API's query.
    pub(super) fn query(&self) -> impl Iterator<Item = (&'static str, String)> {
        let texts = [
            ("recipient", &self.recipient),
            ("message_id", &self.message_id),
            ("text", &self.text),
        ];
        texts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)))
    }
}

/// How many rows to list, and where to begin.
#[derive(Args)]
pub(super) struct Pages {
    /// Most rows
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "CURSOR", value_parser = not_blank)]
    cursor: Option<String>,
}

impl Pages {
    /// Reads what the filters find, as one answer or several, and calls `row` with each row of the
    /// list; with `as_json` prints the answers as well.
    pub(super) fn read(
        &self,
        client: &Client,
        call: &Call<'_>,
        query: &[(&'static str, String)],
        as_json: bool,
        mut row: impl FnMut(&Value),
    ) -> anyhow::Result<()> {
        let (mut cursor, mut left, mut reached) =
            (self.cursor.clone(), self.limit as usize, String::new());
        let mut before: HashSet<String> = cursor.iter().cloned().collect();
        for _ in 0..MAX_ANSWERS.max(left.div_ceil(MAX_PAGE)) {
            let mut asked = query.to_vec();
            asked.push(("limit", left.min(MAX_PAGE).to_string()));
            asked.extend(cursor.clone().map(|cursor| ("cursor", cursor)));
            let answer = client
                .call(&call.clone().query(&asked))
                .inspect_err(|_| go_on(cursor.as_deref()))?;
            let body: Value = serde_json::from_str(&answer)?;
            if as_json {
                say!("{}", inert_json(&answer));
            }
            let rows = call
                .list()
                .and_then(|name| body[name].as_array())
                .map_or(&[][..], Vec::as_slice);
            rows.iter().for_each(&mut row);
            left = left.saturating_sub(rows.len());
            reached = when::shown(&field(&body, &["/looked_back_to"]));
            cursor = Some(field(&body, &["/next_cursor"])).filter(|cursor| !cursor.is_empty());
            if cursor.is_none() || left == 0 {
                break;
            }
            if cursor.clone().is_some_and(|next| !before.insert(next)) {
                go_on(cursor.as_deref());
                return Err(NoAnswer::stuck());
            }
        }
        if let Some(cursor) = cursor {
            let so_far = if reached.is_empty() {
                "there is more, maybe".to_owned()
            } else {
                format!("looked back to {}", clean(&reached))
            };
            eprintln!("{so_far}: go on with --cursor {}", clean(&cursor));
        }
        Ok(())
    }
}

/// Prints the cursor with which a list or replay goes on.
pub(super) fn go_on(cursor: Option<&str>) {
    if let Some(cursor) = cursor {
        eprintln!("it goes on with --cursor {}", clean(cursor));
    }
}
