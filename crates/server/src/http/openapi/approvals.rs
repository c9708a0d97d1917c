//! Descriptions of the routes of approvals.

use super::operation::Operation;
use crate::http::approvals::body::{DecisionBody, DelegationBody, ReasonBody, RemarkBody};
use crate::http::approvals::link::LinkQuery;
use crate::http::extract::scope::Scoped;
use crate::http::routes::approvals::ApprovalsQuery;

const fn on(id: &'static str, summary: &'static str, schema: &'static str) -> Operation {
    Operation::new("approvals", id, summary, schema)
}

const fn by_link(id: &'static str, summary: &'static str, schema: &'static str) -> Operation {
    on(id, summary, schema).for_anybody().query::<LinkQuery>()
}

pub(in crate::http) const LIST: Operation = on(
    "listApprovals",
    "Lists approvals, in the order of their ids",
    "ApprovalsBody",
)
.query::<ApprovalsQuery>();
pub(in crate::http) const GET: Operation =
    on("getApproval", "Shows one approval", "ApprovalBody").query::<Scoped>();
pub(in crate::http) const DECIDE: Operation = on(
    "decideApproval",
    "Approves or rejects, as the caller",
    "ApprovalDecided",
)
.takes::<DecisionBody>()
.others(&[409, 410]);
pub(in crate::http) const DELEGATE: Operation = on(
    "delegateApproval",
    "Passes the caller's decision on to somebody else",
    "ApprovalBody",
)
.takes::<DelegationBody>()
.others(&[409, 410]);
pub(in crate::http) const TAKE_BACK: Operation = on(
    "takeBackApproval",
    "Takes back what the caller passed on, while nobody has decided in their place",
    "ApprovalBody",
)
.others(&[409, 410]);
pub(in crate::http) const REMIND: Operation = on(
    "remindApproval",
    "Reminds everybody who has not decided",
    "ApprovalBody",
)
.others(&[409, 410]);
pub(in crate::http) const CANCEL: Operation = on(
    "cancelApproval",
    "Ends an approval without a decision",
    "ApprovalBody",
)
.may_take::<ReasonBody>()
.others(&[409, 410]);
pub(in crate::http) const OPEN: Operation = by_link(
    "openApproval",
    "Shows an approval to whoever has a link to it; browsers get a page to decide on",
    "ApprovalBody",
);
pub(in crate::http) const SIGN_IN: Operation = on(
    "signInToApproval",
    "Ends the sign-in of who followed a link, with the code and the state that WeChat Work sends them back with, and leads to that link",
    "",
)
.for_anybody()
.leads_elsewhere();
pub(in crate::http) const LOOK_TO_APPROVE: Operation = by_link(
    "openApprovalToApprove",
    "Shows an approval to whoever has a link to approve it, and changes nothing",
    "ApprovalBody",
);
pub(in crate::http) const LOOK_TO_REJECT: Operation = by_link(
    "openApprovalToReject",
    "Shows an approval to whoever has a link to reject it, and changes nothing",
    "ApprovalBody",
);
pub(in crate::http) const LOOK_TO_DELEGATE: Operation = by_link(
    "openApprovalToDelegate",
    "Shows an approval to whoever has a link to it, and passes nothing on",
    "ApprovalBody",
);
pub(in crate::http) const LOOK_TO_TAKE_BACK: Operation = by_link(
    "openApprovalToTakeBack",
    "Shows an approval to whoever has a link to it, and takes nothing back",
    "ApprovalBody",
);
pub(in crate::http) const DELEGATE_BY_LINK: Operation = by_link(
    "delegate",
    "Passes on the decision of whose link it is",
    "ApprovalBody",
)
.takes::<DelegationBody>()
.others(&[409, 410]);
pub(in crate::http) const TAKE_BACK_BY_LINK: Operation = by_link(
    "takeBack",
    "Takes back what whose link it is passed on, while nobody has decided in their place",
    "ApprovalBody",
)
.may_take::<RemarkBody>()
.others(&[409, 410]);
pub(in crate::http) const APPROVE: Operation = by_link(
    "approve",
    "Approves, as whose link it is",
    "ApprovalDecided",
)
.may_take::<RemarkBody>()
.others(&[409, 410]);
pub(in crate::http) const REJECT: Operation =
    by_link("reject", "Rejects, as whose link it is", "ApprovalDecided")
        .may_take::<RemarkBody>()
        .others(&[409, 410]);
