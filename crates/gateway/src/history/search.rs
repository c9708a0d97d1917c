//! Search for actions by what people remember of them: whom they went to, the service's id of the
//! message, a part of the text.
//!
//! Views are searched, and not records: what is hidden from whoever asks is out of them, and cannot
//! be found by guessing. A page ends after so many rows, so many bytes or so long, which depends on
//! what was looked at and not on what was found in it; for the same reason nothing is counted.

use acteon_core::json::{items, members, text};
use acteon_core::limits::{MAX_LOOK, MAX_PAGE_BYTES, MAX_SEARCH_BYTES, SEARCH_TIME};
use acteon_core::{Outcome, Timestamp};
use acteon_store::{Cursor, HistoryFilter, PageRequest, StoreError};

use crate::history::trail::read_bytes;
use crate::history::view::ActionView;
use crate::shared::Gateway;

/// Rows read at a time.
const PAGE: usize = 200;

/// Fields in which a service's answer has its id of a message: WeChat Work's name first.
const IDS: [&str; 3] = ["msgid", "message_id", "id"];

/// Terms of a search. What is `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Recipient in any case: a name that [`ActionView::recipients`] lists, or what stands behind
    /// its `party/` or `tag/`.
    pub recipient: Option<String>,
    /// Service's id of the message, as its answer has it.
    pub message_id: Option<String>,
    /// Part of a text or number of the payload, in any case.
    pub text: Option<String>,
    /// Name of who signed the action, as its caller gave it.
    pub signer_id: Option<String>,
    /// Name of the key that the action is signed with, as its caller gave it.
    pub kid: Option<String>,
    /// Id of the execution of a chain that the action started, or is a step of.
    pub chain_id: Option<String>,
}

/// Page of what a search found.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// Views of the actions, in the order of the filter.
    pub views: Vec<ActionView>,
    /// Cursor of the next page; `None` where nothing more is to be looked at.
    pub next: Option<Cursor>,
    /// Number of actions looked at that the filter lets through.
    pub looked_at: usize,
    /// Instant at which the last of them was accepted, or what was passed over last.
    pub looked_to: Option<Timestamp>,
    /// Whether it ended before it was full, because it had looked at so much.
    pub cut: bool,
}

impl Gateway {
    /// Looks through what a filter lets through, from a cursor on, for at most `limit` actions.
    pub async fn search(
        &self,
        filter: HistoryFilter,
        search: Search,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<SearchPage, StoreError> {
        let began = self.inner.clock.monotonic();
        let terms = SearchTerms::new(&search);
        let mut look = SearchPass {
            terms,
            limit,
            bytes: 0,
            found_bytes: 0,
            page: SearchPage {
                next: after,
                ..SearchPage::default()
            },
        };
        loop {
            let request = PageRequest {
                after: look.page.next,
                offset: 0,
                limit: PAGE,
                count: false,
            };
            let page = match self.inner.store.history(filter.clone(), request).await {
                Ok(page) => page,
                // What was found is told; whoever goes on hears the error.
                Err(_) if look.page.looked_at > 0 => {
                    look.page.cut = true;
                    return Ok(look.page);
                }
                Err(error) => return Err(error),
            };
            look.bytes += page.records.iter().map(read_bytes).sum::<usize>();
            let views = self.views(page.records).await?;
            let looked = self.aside(move || look.at(views, page.next)).await;
            let ended;
            (look, ended) =
                looked.ok_or_else(|| StoreError::Engine("the search broke off".into()))?;
            if ended {
                return Ok(look.page);
            }
            let took = self.inner.clock.monotonic().saturating_sub(began);
            if look.page.looked_at >= MAX_LOOK
                || look.bytes >= MAX_SEARCH_BYTES
                || took >= SEARCH_TIME
            {
                look.page.cut = true;
                return Ok(look.page);
            }
        }
    }
}

/// Search under way, and what it found.
struct SearchPass {
    terms: SearchTerms,
    limit: usize,
    bytes: usize,
    found_bytes: usize,
    page: SearchPage,
}

impl SearchPass {
    /// Looks at more actions, behind which others begin at `next`; says whether the page is over.
    fn at(mut self, views: Vec<ActionView>, next: Option<Cursor>) -> (Self, bool) {
        for view in views {
            let cursor = Cursor {
                at: view.accepted_at,
                seq: view.seq,
            };
            self.page.looked_at += 1;
            self.page.looked_to = Some(cursor.at);
            if !self.terms.is_in(&view) {
                continue;
            }
            self.found_bytes += view.weight();
            self.page.views.push(view);
            if self.page.views.len() == self.limit || self.found_bytes >= MAX_PAGE_BYTES {
                self.page.next = Some(cursor);
                return (self, true);
            }
        }
        // Rows that the filter does not let through were looked at too.
        self.page.looked_to = next.map(|next| next.at).or(self.page.looked_to);
        self.page.next = next;
        let is_over = next.is_none();
        (self, is_over)
    }
}

/// Terms of a search, ready to be compared.
struct SearchTerms {
    recipient: Option<String>,
    message_id: Option<String>,
    text: Option<String>,
    signer_id: Option<String>,
    kid: Option<String>,
    chain_id: Option<String>,
}

impl SearchTerms {
    fn new(
        Search {
            recipient,
            message_id,
            text,
            signer_id,
            kid,
            chain_id,
        }: &Search,
    ) -> Self {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        Self {
            recipient: lower(recipient),
            message_id: message_id.clone(),
            text: lower(text),
            signer_id: signer_id.clone(),
            kid: kid.clone(),
            chain_id: chain_id.clone(),
        }
    }

    fn is_in(&self, view: &ActionView) -> bool {
        let is =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let action = &view.action;
        if !is(&self.signer_id, &action.signer_id)
            || !is(&self.kid, &action.kid)
            || (self.chain_id.is_some() && self.chain_id.as_deref() != view.chain_id())
        {
            return false;
        }
        self.recipient.as_ref().is_none_or(|wanted| {
            view.recipients
                .iter()
                .any(|recipient| is_recipient(recipient, wanted))
        }) && self
            .message_id
            .as_ref()
            .is_none_or(|wanted| has_id(&view.outcome, wanted))
            && self
                .text
                .as_ref()
                .is_none_or(|wanted| has_text(view.action.payload.get(), wanted))
    }
}

fn is_recipient(recipient: &str, wanted: &str) -> bool {
    let recipient = recipient.to_lowercase();
    recipient == wanted
        || recipient
            .split_once('/')
            .is_some_and(|(_, id)| id == wanted)
}

/// Whether a service's answer has this id.
fn has_id(outcome: &Outcome, wanted: &str) -> bool {
    let (Outcome::Executed(response) | Outcome::Rerouted { response, .. }) = outcome else {
        return false;
    };
    let fields = members(response.body.get()).unwrap_or_default();
    fields.iter().any(|field| {
        IDS.contains(&&*field.name())
            && (text(field.value).as_deref() == Some(wanted) || field.value == wanted)
    })
}

/// Whether a text or number within JSON has `wanted`, which is in lower case, as a part.
fn has_text(json: &str, wanted: &str) -> bool {
    if let Some(members) = members(json) {
        return members.iter().any(|member| has_text(member.value, wanted));
    }
    if let Some(items) = items(json) {
        return items.iter().any(|item| has_text(item, wanted));
    }
    match text(json) {
        Some(text) => text.to_lowercase().contains(wanted),
        None => {
            json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
                && json.to_lowercase().contains(wanted)
        }
    }
}

#[cfg(test)]
mod tests;
