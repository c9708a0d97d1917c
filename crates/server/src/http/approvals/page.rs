//! The page that a link to an approval leads to. It needs no script, loads nothing, and changes nothing until its form is sent.

use std::fmt::Write as _;
use std::sync::LazyLock;

use acteon_core::json::head;
use acteon_core::{CommentPolicy, Timestamp};
use acteon_flows::approval::{Approval, Choice, Refusal, Status};
use acteon_gateway::{ApprovalError, LinkedApproval};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::words::{Language, Words};

/// Styles of the page.
const STYLE: &str = include_str!("page.css");

/// Most bytes of a payload that the page shows.
const MAX_PAYLOAD_BYTES: usize = 16 * 1024;

/// Longest comment that a form takes, in characters. The server counts bytes.
const MAX_COMMENT: usize = 2000;

/// Content-Security-Policy of the page: the styles that stand in it, and forms to this server. Nothing else.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = acteon_crypto::sha256_base64(STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// Page while it is written.
pub(in crate::http) struct Page<'a> {
    words: &'static Words,
    uri: &'a Uri,
    html: String,
}

impl<'a> Page<'a> {
    pub(in crate::http) fn new(language: Language, uri: &'a Uri) -> Self {
        Self {
            words: language.words(),
            uri,
            html: String::new(),
        }
    }

    /// Page of an approval, with a form where its reader may decide.
    pub(in crate::http) fn of(mut self, found: &LinkedApproval, note: Option<&str>) -> Response {
        let words = self.words;
        let approval = &found.shown.approval;
        let status = if found.shown.is_stuck {
            words.stuck
        } else {
            words.status(approval.status)
        };
        self.html.push_str("<section>");
        self.line("status", status);
        if let Some(note) = note {
            self.line("note", note);
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
        self.details(approval);
        self.answer(StatusCode::OK)
    }

    /// Page that says what was done, or why nothing was.
    pub(in crate::http) fn of_refusal(mut self, error: &ApprovalError) -> Response {
        let words = self.words;
        let (status, text) = match error {
            ApprovalError::NotFound(_) => (StatusCode::NOT_FOUND, words.unknown),
            ApprovalError::Forged => (StatusCode::NOT_FOUND, words.forged),
            ApprovalError::Expired(_) => (StatusCode::NOT_FOUND, words.over),
            ApprovalError::Refused(refusal) => of_refused(words, refusal),
            ApprovalError::UnknownPerson(..)
            | ApprovalError::Contended(_)
            | ApprovalError::Invalid(_)
            | ApprovalError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, words.try_again),
        };
        self.html.push_str("<section>");
        self.line("status", text);
        self.html.push_str("</section>");
        self.answer(status)
    }

    /// Note of a page that follows a decision.
    pub(in crate::http) const fn recorded(&self) -> &'static str {
        self.words.recorded
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
        self.fact(words.through, origin.provider.as_str());
        self.fact(words.kind, origin.action_type.as_str());
        let place = format!("{} / {}", found.shown.namespace, found.shown.tenant);
        self.fact(words.place, &place);
        let requester = match approval.requester.as_str() {
            "" => words.nobody,
            requester => requester,
        };
        self.fact(words.by, requester);
        match (&approval.rule, &approval.parent) {
            (Some(rule), _) => self.fact(words.rule, rule),
            (None, Some(parent)) => {
                self.fact(words.chain, &format!("{} / {}", parent.chain, parent.step));
            }
            (None, None) => {}
        }
        self.fact(words.until, &instant(approval.expires_at));
        if let Some(person) = &found.person {
            self.fact(words.you, person);
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
                "" => words.nobody,
                by => by,
            };
            let mut text = format!("{} · {}", words.said(decision.choice), instant(decision.at));
            if let Some(comment) = &decision.comment {
                let _ = write!(text, "\n{comment}");
            }
            self.fact(by, &text);
        }
        self.html.push_str("</dl></section>");
    }

    fn form(&mut self, found: &LinkedApproval) {
        let words = self.words;
        let approval = &found.shown.approval;
        let may_decide = found.person.is_some() || approval.is_open_to_all();
        self.html.push_str("<section>");
        if !may_decide {
            self.line("soft", words.only_named);
            self.html.push_str("</section>");
            return;
        }
        let is_needed = approval.policy.comment == CommentPolicy::Required;
        let (label, required) = if is_needed {
            (words.comment_needed, " required")
        } else {
            (words.comment, "")
        };
        let _ = write!(
            self.html,
            "<form method=\"post\"><label for=\"comment\">{}</label>\
             <textarea id=\"comment\" name=\"comment\" maxlength=\"{MAX_COMMENT}\"{required}></textarea><div class=\"buttons\">",
            escaped(label)
        );
        for (choice, address) in &found.decisions {
            // Relative to where the server is reached, also below a path.
            let query = address.split_once('?').map_or("", |(_, query)| query);
            let lang = words.tag;
            let target = format!("{}?{query}&lang={lang}", self.relative(*choice));
            let _ = write!(
                self.html,
                "<button class=\"{}\" formaction=\"{}\">{}</button>",
                choice.as_str(),
                escaped(&target),
                escaped(words.button(*choice))
            );
        }
        self.html.push_str("</div></form>");
        self.line("soft", words.nothing_yet);
        self.html.push_str("</section>");
    }

    /// Path of a decision, relative to the page.
    fn relative(&self, choice: Choice) -> String {
        let last = self.uri.path().rsplit('/').next().unwrap_or_default();
        match last {
            "approve" | "reject" => choice.as_str().to_owned(),
            id => format!("{id}/{}", choice.as_str()),
        }
    }

    fn details(&mut self, approval: &Approval) {
        let origin = &approval.origin;
        let payload: Option<serde_json::Value> = serde_json::from_str(origin.payload.get()).ok();
        let pretty = payload.and_then(|payload| serde_json::to_string_pretty(&payload).ok());
        let payload = pretty.unwrap_or_default();
        let mut labels = String::new();
        for (name, value) in &origin.metadata {
            let _ = writeln!(labels, "{name}: {value}");
        }
        let _ = write!(
            self.html,
            "<details><summary>{}</summary><pre>{}\n{}{}</pre></details>",
            escaped(self.words.details),
            escaped(origin.id.as_str()),
            escaped(&labels),
            escaped(head(&payload, MAX_PAYLOAD_BYTES))
        );
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

fn of_refused(words: &Words, refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Settled(status) => (StatusCode::GONE, words.status(*status)),
        Refusal::NotAnApprover(_) => (StatusCode::FORBIDDEN, words.not_yours),
        Refusal::NeedsPerson => (StatusCode::FORBIDDEN, words.only_named),
        Refusal::Requester(_) => (StatusCode::FORBIDDEN, words.requester),
        Refusal::PassedOn(..) => (StatusCode::FORBIDDEN, words.passed_on),
        Refusal::Decided(_) => (StatusCode::CONFLICT, words.already),
        Refusal::NeedsComment => (StatusCode::UNPROCESSABLE_ENTITY, words.needs_comment),
        Refusal::LongComment { .. } => (StatusCode::UNPROCESSABLE_ENTITY, words.long_comment),
        Refusal::CannotPassOn(..) | Refusal::NotReminded(_) | Refusal::Invalid(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, words.try_again)
        }
    }
}

/// Address of the same page in another language, relative to it.
fn in_language(uri: &Uri, tag: &str) -> String {
    let query = uri.query().unwrap_or_default();
    let kept = query.split('&').filter(|pair| !pair.starts_with("lang="));
    let kept: Vec<&str> = kept.filter(|pair| !pair.is_empty()).collect();
    format!("?{}&lang={tag}", kept.join("&"))
}

/// Instant to the minute, as people read it.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((day, time)) if time.len() >= 5 => format!("{day} {} UTC", head(time, 5)),
        _ => text,
    }
}

/// Text as it stands in HTML, within elements and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
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
