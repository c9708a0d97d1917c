//! The page that a link to an approval leads to. It needs no script, loads nothing, and changes nothing until its form is sent.

mod forms;
mod reasons;
mod refusals;

use std::fmt::Write as _;
use std::sync::LazyLock;

use acteon_core::{Timestamp, visible};
use acteon_flows::approval::{Approval, Status};
use acteon_gateway::{ApprovalError, LinkedApproval, PassingOn};
use acteon_schedule::minute;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use reasons::{is_told, of_error, of_refused};

use super::outcome::became;
use super::payload::{cut, shown};
use super::words::{Language, Words};

/// Styles of the page.
const STYLE: &str = include_str!("page.css");

/// Content-Security-Policy of the page: the styles that stand in it, and forms to this server. Nothing else.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = acteon_crypto::sha256_base64(STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// Most bytes of a label that the page shows.
const MAX_LABEL_BYTES: usize = 400;

/// Page while it is written.
pub(in crate::http) struct Page<'a> {
    words: &'static Words,
    uri: &'a Uri,
    html: String,
    /// Time zone of its reader, where that is known.
    zone: Option<String>,
    /// What was written into a form before.
    written: Written<'a>,
    /// What is wrong with that.
    fault: Option<String>,
}

/// What was written into a form that is shown again.
#[derive(Clone, Copy, Default)]
pub(in crate::http) struct Written<'a> {
    /// Whom the decision was to be passed on to; `None` where it was a decision.
    pub(in crate::http) to: Option<&'a str>,
    pub(in crate::http) comment: &'a str,
}

impl<'a> Page<'a> {
    pub(in crate::http) fn new(language: Language, uri: &'a Uri) -> Self {
        Self {
            words: language.words(),
            uri,
            html: String::new(),
            zone: None,
            written: Written::default(),
            fault: None,
        }
    }

    /// Page of an approval, with a form where its reader may decide.
    pub(in crate::http) fn of(self, found: &LinkedApproval, note: Option<&str>) -> Response {
        self.with_status(found, note, StatusCode::OK)
    }

    /// Page that follows a decision.
    pub(in crate::http) fn after_decision(self, found: &LinkedApproval) -> Response {
        let recorded = self.words.recorded;
        self.of(found, Some(recorded))
    }

    /// Page after what was passed on was taken back.
    pub(in crate::http) fn after_taking_back(self, found: &LinkedApproval) -> Response {
        let taken_back = self.words.took_back;
        self.of(found, Some(taken_back))
    }

    /// Form with what was written into it, and what is wrong with that.
    pub(in crate::http) fn again(
        mut self,
        found: &LinkedApproval,
        error: &ApprovalError,
        written: Written<'a>,
    ) -> Response {
        let (status, text) = of_error(self.words, error);
        self.written = written;
        let is_there = match written.to {
            Some(_) => found.passing_on == Some(PassingOn::Delegate),
            None => !found.decisions.is_empty(),
        };
        if is_there {
            self.fault = Some(text.into_owned());
            return self.with_status(found, None, status);
        }
        self.with_status(found, Some(&text), status)
    }

    fn with_status(
        mut self,
        found: &LinkedApproval,
        note: Option<&str>,
        code: StatusCode,
    ) -> Response {
        let words = self.words;
        let approval = &found.shown.approval;
        self.zone = found.reader().and_then(|reader| reader.time_zone.clone());
        let status = if found.shown.is_stuck {
            words.stuck
        } else {
            words.status_of(approval.status, approval.parent.is_some())
        };
        self.html.push_str("<section>");
        self.line("status", status);
        let refused = found.refused.as_ref().filter(|refusal| is_told(refusal));
        let refused = refused.map(|refusal| of_refused(words, refusal).1);
        for note in note.into_iter().chain(refused.as_deref()) {
            self.line("note", note);
        }
        if let Some(came) = &found.shown.came {
            self.fact_of(words.outcome, &became(words, came));
        }
        self.heading(words.what);
        self.html.push_str("<dl>");
        self.facts(found);
        self.html.push_str("</dl></section>");
        self.said(approval);
        let has_decided = found.person.is_some() && found.decisions.is_empty();
        let is_open = approval.status == Status::Pending && !found.shown.is_stuck && !has_decided;
        if is_open {
            self.form(found);
        }
        if let Some(passing_on) = found.passing_on.filter(|_| !found.shown.is_stuck) {
            self.passing_on(passing_on);
        }
        self.details(approval);
        self.answer(code)
    }

    fn facts(&mut self, found: &LinkedApproval) {
        let words = self.words;
        let approval = &found.shown.approval;
        let origin = &approval.origin;
        if let Some(message) = &approval.policy.message {
            self.fact(words.because, message);
        }
        if let Some(telling) = &found.telling {
            self.fact(words.says, telling);
        }
        if approval.parent.is_none() {
            self.fact(words.through, origin.provider.as_str());
        }
        self.fact(words.kind, origin.action_type.as_str());
        let place = format!("{} / {}", found.shown.namespace, found.shown.tenant);
        self.fact(words.place, &place);
        let requester = approval.requester.to_string();
        let is_known = !requester.is_empty();
        self.fact(words.by, if is_known { &requester } else { words.nobody });
        match (&approval.rule, &approval.parent) {
            (Some(rule), _) => self.fact(words.rule, rule),
            (None, Some(parent)) => {
                let name = approval.chain_name.as_deref().unwrap_or(&parent.chain);
                let step = format!("{name} / {} ({})", parent.step, parent.chain);
                self.fact(words.chain, &step);
            }
            (None, None) => {}
        }
        self.fact(words.until, &self.time(approval.expires_at));
        if let Some(at) = origin.scheduled_at {
            self.fact(words.not_before, &self.time(at));
        }
        if let Some(at) = origin.expires_at {
            self.fact(words.not_after, &self.time(at));
        }
        if let Some(person) = &found.person {
            self.fact(words.you, &called(approval, person));
            if let Some(got) = approval.got(person) {
                let comment = got.comment.iter().map(|comment| format!("\n{comment}"));
                let text = format!("{} · {}", called(approval, &got.from), self.time(got.at));
                self.fact(words.passed_by, &(text + &comment.collect::<String>()));
            }
        }
        if approval.status == Status::Pending && approval.approvals_needed() > 1 {
            self.fact(words.missing, &approval.approvals_missing().to_string());
        }
    }

    /// What people have said.
    fn said(&mut self, approval: &Approval) {
        if approval.decisions.is_empty() {
            return;
        }
        let words = self.words;
        self.html.push_str("<section>");
        self.heading(words.decided);
        self.html.push_str("<dl>");
        for decision in &approval.decisions {
            let by = match decision.by.as_str() {
                "" => words.nobody.to_owned(),
                by => called(approval, by),
            };
            let mut text = format!(
                "{} · {}",
                words.said(decision.choice),
                self.time(decision.at)
            );
            if let Some(comment) = &decision.comment {
                let _ = write!(text, "\n{comment}");
            }
            self.fact(&by, &text);
        }
        self.html.push_str("</dl></section>");
    }

    fn details(&mut self, approval: &Approval) {
        let origin = &approval.origin;
        let payload = shown(self.words, origin.payload.get());
        let mut labels = String::new();
        for (name, value) in &origin.metadata {
            // On one line each, and none looks like a member of the payload.
            let value = Value::String(cut(self.words, value, MAX_LABEL_BYTES)).to_string();
            let _ = writeln!(labels, "metadata.{name}: {value}");
        }
        let _ = write!(
            self.html,
            "<details><summary>{}</summary><pre>{}</pre><pre>{}\n{}</pre></details>",
            escaped(self.words.details),
            escaped(&payload),
            escaped(origin.id.as_str()),
            escaped(&labels)
        );
    }

    /// Instant as the clock of its reader shows it.
    fn time(&self, at: Timestamp) -> String {
        minute(at, self.zone.as_deref())
    }

    fn line(&mut self, class: &str, text: &str) {
        let _ = write!(self.html, "<p class=\"{class}\">{}</p>", escaped(text));
    }

    fn heading(&mut self, text: &str) {
        let _ = write!(self.html, "<h2>{}</h2>", escaped(text));
    }

    fn fact(&mut self, name: &str, value: &str) {
        let (name, value) = (escaped(name), escaped(value));
        let _ = write!(self.html, "<dt>{name}</dt><dd>{value}</dd>");
    }

    /// Fact that stands alone.
    fn fact_of(&mut self, name: &str, value: &str) {
        self.html.push_str("<dl>");
        self.fact(name, value);
        self.html.push_str("</dl>");
    }

    fn answer(self, status: StatusCode) -> Response {
        let words = self.words;
        let (name, tag) = words.other;
        let html = format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
             <title>{title}</title><style>{STYLE}</style></head><body><main>\
             <header><h1>{title}</h1><a href=\"{}\" lang=\"{tag}\">{}</a></header>{}</main></body></html>",
            words.tag,
            escaped(&in_language(self.uri, tag)),
            escaped(name),
            self.html,
            title = escaped(words.title),
        );
        let mut response = (status, html).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            // The address decides: no other server is told of it.
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::VARY, "accept, accept-language"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(policy) = &*POLICY {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        response
    }
}

/// Name of a person with their id, as far as the approval knows it.
fn called(approval: &Approval, id: &str) -> String {
    let entries = approval.approvers.iter().chain(&approval.escalation);
    let mut people = entries.flat_map(|entry| &entry.people);
    let person = people.find(|person| person.is(id));
    match person.and_then(|person| person.name.as_deref()) {
        // The name of a key is in its id.
        Some(name) if !id.ends_with(name) => format!("{name} ({id})"),
        _ => id.to_owned(),
    }
}

/// Address of the same page in another language, relative to it.
fn in_language(uri: &Uri, tag: &str) -> String {
    let query = uri.query().unwrap_or_default();
    let kept = query.split('&').filter(|pair| !pair.starts_with("lang="));
    let kept: Vec<&str> = kept.filter(|pair| !pair.is_empty()).collect();
    format!("?{}&lang={tag}", kept.join("&"))
}

/// Text as it stands in HTML, with what nobody sees as escapes, within elements and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
