//! Sign-ins of who follows a link: a service says which of its members is there before anything is shown.
//!
//! A sign-in begins with the link. The browser keeps where it goes on, as a cookie, and the service hands back the state, which is the signature of just
//! that: neither is good without the other, so that nobody ends in one browser what began in another. Whoever ended it is known to their browser by a
//! second cookie, which is signed over the approval, the userid and its end. Any gateway with the keys of links reads both; the store keeps of a
//! sign-in that was used a hash, until its time is over.

use std::time::Duration;

use acteon_core::{SignInAsk, Timestamp};
use acteon_crypto::{KeyRing, sha256_base64};
use acteon_flows::approval::Approval;
use acteon_store::{NoteSwap, StoreError};

use super::ApprovalError;
use super::links::{Link, LinkTarget, Links, decoded, encoded, push};
use super::look::over;
use super::notices::teller;
use crate::shared::Gateway;

/// Longest time from a link to the return of who follows it.
const TO_SIGN_IN: Duration = Duration::from_mins(10);

/// Longest time for which a browser is known after that.
const SIGNED_IN: Duration = Duration::from_mins(30);

/// First line of what a state signs.
const STATE: &str = "acteon-sign-in";

/// First line of what the cookie of who signed in signs.
const MEMBER: &str = "acteon-signed-in";

/// End of the path to which the service sends people back, below that of the approval.
const RETURN: &str = "/sign-in";

/// Beginning of the names of notes about sign-ins that were used.
const USED: &str = "sign-in:";

/// Longest code that a service gives out, in bytes (page 91023 of the documentation of WeChat Work says 512).
const MAX_CODE: usize = 512;

/// Sign-in that begins.
pub struct SignInBegun {
    /// Address at which the service asks who is there.
    pub address: String,
    /// What the browser keeps meanwhile.
    pub kept: Kept,
}

/// Sign-in as somebody comes back from it.
#[derive(Clone, Copy)]
pub struct SignInReturn<'a> {
    /// Value that the browser kept.
    pub kept: &'a str,
    /// State that the service hands back.
    pub state: &'a str,
    /// Code that says who it is; `None` where they showed nothing.
    pub code: Option<&'a str>,
}

/// Sign-in that has ended well.
pub struct SignInEnded {
    /// Address of the link with which it began.
    pub address: String,
    /// What the browser keeps, so as to be known.
    pub kept: Kept,
}

/// Value that a browser keeps for one approval alone.
pub struct Kept {
    /// Value, of characters that a cookie may have; empty where nothing is kept any more.
    pub value: String,
    /// Path for which it is kept.
    pub path: String,
    /// Whether it goes over https alone.
    pub is_secure: bool,
    /// How long it is kept.
    pub lasts: Duration,
}

impl<'a> SignInReturn<'a> {
    /// What stands in the link behind the path of its approval, as the browser kept it. Whether that is true shows when the sign-in ends.
    pub fn rest(&self) -> Option<&'a str> {
        self.kept.splitn(3, '.').nth(2)
    }

    /// End of the time to sign in, as the browser kept it.
    fn until(&self) -> Option<Timestamp> {
        let until = self.kept.split('.').next()?.parse().ok()?;
        Some(Timestamp::from_millis(until))
    }
}

impl Gateway {
    /// Begins the sign-in of who follows a link.
    pub async fn begin_sign_in(
        &self,
        link: &Link<'_>,
        (language, user_agent): (Option<&str>, &str),
    ) -> Result<SignInBegun, ApprovalError> {
        let (_, approval) = self.find_unseen(link).await?;
        if approval.is_time_over(self.inner.due.now()) {
            return Err(over(link, None));
        }
        let links = &self.inner.approvals.links;
        let Some(entry) = teller(&self.inner.providers, &approval) else {
            return Err(ApprovalError::NoSignIn);
        };
        let provider = entry.provider();
        let Some(sign_in) = provider.sign_in() else {
            return Err(ApprovalError::NoSignIn);
        };
        let until = (self.inner.clock.now() + TO_SIGN_IN).as_millis();
        let no_random = |_| StoreError::Engine("no random bytes for a sign-in".into());
        let nonce = KeyRing::generate().map_err(no_random)?;
        let kept = format!("{until}.{}.{}", *nonce, Links::rest(link, language));
        let state = links.sign(&state_message(&link.target, &kept));
        let address = sign_in.address(&SignInAsk {
            return_to: &format!("{}{RETURN}", links.address(&link.target)),
            state: &state,
            user_agent,
        });
        let kept = kept_for(links, &link.target, kept, TO_SIGN_IN);
        Ok(SignInBegun { address, kept })
    }

    /// Ends a sign-in that began with this link: asks the service who it was, and lets the browser know them.
    pub async fn end_sign_in(
        &self,
        link: &Link<'_>,
        back: &SignInReturn<'_>,
    ) -> Result<SignInEnded, ApprovalError> {
        let links = &self.inner.approvals.links;
        let now = self.inner.clock.now();
        let until = back.until().filter(|until| now < *until);
        let (Some(until), Some(rest)) = (until, back.rest()) else {
            return Err(ApprovalError::NoSignIn);
        };
        if !links.verify(&state_message(&link.target, back.kept), back.state) {
            return Err(ApprovalError::NoSignIn);
        }
        let (_, approval) = self.find_unseen(link).await?;
        if approval.is_time_over(self.inner.due.now()) {
            return Err(over(link, None));
        }
        let code = back
            .code
            .filter(|code| (1..=MAX_CODE).contains(&code.len()));
        let code = code.ok_or(ApprovalError::NoSignIn)?;
        // What was signed, and not the signature, which may be written in letters of either case.
        self.use_once(back.kept, (now, until)).await?;
        let userid = self.identified(link, &approval, code).await?;
        let left = approval.expires_due.since(self.inner.due.now());
        let lasts = SIGNED_IN.min(left);
        let value = signed_member(links, &link.target, &userid, now + lasts);
        let address = format!("{}{rest}", links.address(&link.target));
        let kept = kept_for(links, &link.target, value, lasts);
        Ok(SignInEnded { address, kept })
    }

    /// Userid of whose browser keeps this value for an approval; `None` where that is none of ours, or its time is over.
    pub fn signed_in_member(&self, target: &LinkTarget<'_>, kept: &str) -> Option<String> {
        let mut parts = kept.splitn(3, '.');
        let (signature, until) = (parts.next()?, parts.next()?.parse::<i64>().ok()?);
        let userid = decoded(parts.next()?)?;
        let message = member_message(target, &userid, until);
        let is_good = self.inner.clock.now().as_millis() < until
            && self.inner.approvals.links.verify(&message, signature);
        is_good.then_some(userid)
    }

    /// What a browser keeps in place of a sign-in that was used.
    pub fn forget_sign_in(&self, target: &LinkTarget<'_>) -> Kept {
        let links = &self.inner.approvals.links;
        kept_for(links, target, String::new(), Duration::ZERO)
    }

    /// Refuses who may not see an approval, where its provider says who is there.
    pub(super) fn check_signed_in(
        &self,
        link: &Link<'_>,
        approval: &Approval,
    ) -> Result<(), ApprovalError> {
        let entry = teller(&self.inner.providers, approval);
        if entry.is_none_or(|entry| entry.provider().sign_in().is_none()) {
            return Ok(());
        }
        match link.member {
            Some(userid) if is_for(approval, link, userid) => Ok(()),
            Some(_) => Err(ApprovalError::NotTheirs),
            None => Err(ApprovalError::SignInNeeded(link.target.id.to_owned())),
        }
    }

    /// Userid that the service says a code to be of, where the link is for them.
    async fn identified(
        &self,
        link: &Link<'_>,
        approval: &Approval,
        code: &str,
    ) -> Result<String, ApprovalError> {
        let entry = teller(&self.inner.providers, approval).ok_or(ApprovalError::NoSignIn)?;
        let provider = entry.provider();
        let sign_in = provider.sign_in().ok_or(ApprovalError::NoSignIn)?;
        let found = sign_in.identify(code).await.map_err(|error| {
            tracing::warn!(approval = link.target.id, provider = %entry.name, code = error.code_of_service(), %error, advice = error.advice_text(), "it is not known who opened an approval");
            ApprovalError::NotIdentified(error)
        })?;
        match found {
            Some(userid) if is_for(approval, link, &userid) => Ok(userid),
            Some(_) | None => {
                tracing::warn!(
                    approval = link.target.id,
                    userid = found,
                    person = link.person,
                    "somebody opened a link to an approval that is for another person"
                );
                Err(ApprovalError::NotTheirs)
            }
        }
    }

    /// Refuses a state that was used before, at any gateway.
    async fn use_once(
        &self,
        kept: &str,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<(), ApprovalError> {
        let swap = NoteSwap {
            name: format!("{USED}{}", sha256_base64(kept.as_bytes())),
            expected: None,
            text: "used".to_owned(),
            now,
            until,
        };
        if self.inner.store.swap_note(swap).await? {
            return Ok(());
        }
        Err(ApprovalError::NoSignIn)
    }
}

/// Whether a link to an approval is for the member of this userid: its person, or where it names nobody one of those who decide.
fn is_for(approval: &Approval, link: &Link<'_>, userid: &str) -> bool {
    let is_theirs = |id: &str| {
        let mut known = approval.known();
        known.any(|person| person.is(id) && person.is_member(userid))
    };
    match link.person {
        Some(id) => is_theirs(id),
        None if approval.is_open_to_all() => true,
        None => approval.known().any(|person| person.is_member(userid)),
    }
}

fn state_message(target: &LinkTarget<'_>, kept: &str) -> String {
    format!("{STATE}\n{}{kept}", target.named())
}

fn member_message(target: &LinkTarget<'_>, userid: &str, until: i64) -> String {
    let mut message = format!("{MEMBER}\n{}", target.named());
    push(&mut message, userid);
    format!("{message}{until}")
}

/// Value by which a browser is known to be a member's.
fn signed_member(links: &Links, target: &LinkTarget<'_>, userid: &str, until: Timestamp) -> String {
    let until = until.as_millis();
    let signature = links.sign(&member_message(target, userid, until));
    format!("{signature}.{until}.{}", encoded(userid))
}

fn kept_for(links: &Links, target: &LinkTarget<'_>, value: String, lasts: Duration) -> Kept {
    let address = links.address(target);
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    Kept {
        value,
        path: path.to_owned(),
        is_secure: scheme == "https",
        lasts,
    }
}
