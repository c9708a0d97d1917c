//! Forms of the page: to decide, to pass a decision on, and to take it back.

use std::fmt::Write as _;

use acteon_core::CommentPolicy;
use acteon_core::limits::{MAX_COMMENT_BYTES, MAX_NAME_BYTES};
use acteon_gateway::{LinkedApproval, PassingOn};

use super::{Page, escaped, in_language};

/// Longest comment that a form takes, in letters, of which Chinese ones have three bytes each.
const MAX_COMMENT: usize = MAX_COMMENT_BYTES / 3;

impl Page<'_> {
    pub(super) fn form(&mut self, found: &LinkedApproval) {
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
        let (fault, focus, comment) = self.returned(self.written.to.is_none());
        let _ = write!(
            self.html,
            "<form method=\"post\">{fault}<label for=\"comment\">{}</label>\
             <textarea id=\"comment\" name=\"comment\" maxlength=\"{MAX_COMMENT}\"{required}{focus}>{comment}</textarea><div class=\"buttons\">",
            escaped(label),
        );
        for (choice, address) in &found.decisions {
            if found.opens {
                self.button_of_link(choice.as_str(), words.button(*choice));
                continue;
            }
            // Relative to where the server is reached, also below a path.
            let query = address.split_once('?').map_or("", |(_, query)| query);
            let lang = words.tag;
            let target = format!("{}?{query}&lang={lang}", self.relative(choice.as_str()));
            self.button(choice.as_str(), &target, words.button(*choice));
        }
        self.html.push_str("</div></form>");
        self.line("soft", words.nothing_yet);
        self.html.push_str("</section>");
    }

    /// Form of a person who may pass their decision on, or take it back.
    pub(super) fn passing_on(&mut self, passing_on: PassingOn) {
        self.html.push_str("<section>");
        match passing_on {
            PassingOn::Delegate => self.delegation(),
            PassingOn::TakeBack => {
                self.html
                    .push_str("<form method=\"post\"><div class=\"buttons\">");
                self.button_of_link("take-back", self.words.take_back);
                self.html.push_str("</div></form>");
            }
        }
        self.html.push_str("</section>");
    }

    /// Closed until somebody wants it, so that nobody passes on what they mean to decide.
    fn delegation(&mut self) {
        let words = self.words;
        let to = self.written.to;
        let open = if to.is_some() { " open" } else { "" };
        let (fault, focus, comment) = self.returned(to.is_some());
        let _ = write!(
            self.html,
            "<details{open}><summary>{}</summary><p class=\"soft\">{}</p><form method=\"post\">{fault}\
             <label for=\"to\">{}</label><input id=\"to\" name=\"to\" maxlength=\"{MAX_NAME_BYTES}\" required autocapitalize=\"none\" autocomplete=\"off\" spellcheck=\"false\" value=\"{}\"{focus}>\
             <label for=\"why\">{}</label><textarea id=\"why\" name=\"comment\" maxlength=\"{MAX_COMMENT}\">{comment}</textarea><div class=\"buttons\">",
            escaped(words.pass_on),
            escaped(words.pass_on_means),
            escaped(words.pass_on_to),
            escaped(to.unwrap_or_default()),
            escaped(words.pass_on_why),
        );
        self.button_of_link("delegate", words.pass_on_now);
        self.html.push_str("</div></form></details>");
    }

    /// What is wrong with what was written, the attribute that brings the form to sight, and the comment, where it was this form that was sent.
    fn returned(&self, is_this: bool) -> (String, &'static str, String) {
        let comment = if is_this { self.written.comment } else { "" };
        let fault = self.fault.as_ref().filter(|_| is_this);
        let focus = if fault.is_some() { " autofocus" } else { "" };
        let fault = fault.map(|fault| format!("<p class=\"note\">{}</p>", escaped(fault)));
        (fault.into_iter().collect(), focus, escaped(comment))
    }

    /// Button to what the page's own link allows.
    fn button_of_link(&mut self, last: &'static str, text: &str) {
        let query = in_language(self.uri, self.words.tag);
        let target = format!("{}{query}", self.relative(last));
        self.button(last, &target, text);
    }

    fn button(&mut self, class: &str, target: &str, text: &str) {
        let (target, text) = (escaped(target), escaped(text));
        let _ = write!(
            self.html,
            "<button class=\"{class}\" formaction=\"{target}\">{text}</button>"
        );
    }

    /// Path of a change, relative to the page. An id may hold a colon, and would be taken for a scheme without the dot.
    fn relative(&self, change: &str) -> String {
        let last = self.uri.path().rsplit('/').next().unwrap_or_default();
        match last {
            "approve" | "reject" | "delegate" | "take-back" => format!("./{change}"),
            id => format!("./{id}/{change}"),
        }
    }
}
