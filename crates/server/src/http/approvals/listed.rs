//! Routes of approvals, in the order of their list.

use crate::http::listed::Routes;
use crate::http::openapi::approvals as of_approval;
use crate::http::routes::{approval_links, approvals};

/// Routes of approvals: for callers with a key, and for whoever has a link.
pub(in crate::http) fn of_approvals(routes: Routes) -> Routes {
    use of_approval as of;
    routes
        .get("/v1/approvals", approvals::list, of::LIST)
        .get("/v1/approvals/{id}", approvals::get, of::GET)
        .post("/v1/approvals/{id}/decide", approvals::decide, of::DECIDE)
        .post(
            "/v1/approvals/{id}/delegate",
            approvals::delegate,
            of::DELEGATE,
        )
        .post(
            "/v1/approvals/{id}/take-back",
            approvals::take_back,
            of::TAKE_BACK,
        )
        .post("/v1/approvals/{id}/remind", approvals::remind, of::REMIND)
        .post("/v1/approvals/{id}/cancel", approvals::cancel, of::CANCEL)
        .get(
            "/v1/approvals/{namespace}/{tenant}/{id}",
            approval_links::open,
            of::OPEN,
        )
        .get(
            "/v1/approvals/{namespace}/{tenant}/{id}/sign-in",
            approval_links::sign_in,
            of::SIGN_IN,
        )
        .get(
            "/v1/approvals/{namespace}/{tenant}/{id}/approve",
            approval_links::look_to_approve,
            of::LOOK_TO_APPROVE,
        )
        .post(
            "/v1/approvals/{namespace}/{tenant}/{id}/approve",
            approval_links::approve,
            of::APPROVE,
        )
        .get(
            "/v1/approvals/{namespace}/{tenant}/{id}/reject",
            approval_links::look_to_reject,
            of::LOOK_TO_REJECT,
        )
        .post(
            "/v1/approvals/{namespace}/{tenant}/{id}/reject",
            approval_links::reject,
            of::REJECT,
        )
        .get(
            "/v1/approvals/{namespace}/{tenant}/{id}/delegate",
            approval_links::open,
            of::LOOK_TO_DELEGATE,
        )
        .post(
            "/v1/approvals/{namespace}/{tenant}/{id}/delegate",
            approval_links::delegate,
            of::DELEGATE_BY_LINK,
        )
        .get(
            "/v1/approvals/{namespace}/{tenant}/{id}/take-back",
            approval_links::open,
            of::LOOK_TO_TAKE_BACK,
        )
        .post(
            "/v1/approvals/{namespace}/{tenant}/{id}/take-back",
            approval_links::take_back,
            of::TAKE_BACK_BY_LINK,
        )
}
