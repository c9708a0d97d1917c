//! Every failure of the service, with durable retries on and off.

use acteon_fakes::wecom::{Call, Fault};
use futures_util::stream::{StreamExt as _, iter};

use crate::support::Gateway;
use crate::wechat::{configuration, local_wecom, text, unlimited};

/// What a call that always meets a fault comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    code: &'static str,
    retryable: bool,
    /// Requests of the faulty call.
    requests: u64,
}

const fn expected(code: &'static str, retryable: bool, requests: u64) -> Expected {
    Expected {
        code,
        retryable,
        requests,
    }
}

/// Each row of the page's table and of the decisions beside it, with what it is for `send` and for `gettoken`.
fn rows() -> Vec<(Fault, Expected, Expected)> {
    let same = |fault, one: Expected| (fault, one, one);
    let connection = expected("CONNECTION", true, 4);
    let ambiguous = expected("CONNECTION", true, 1);
    vec![
        same(Fault::Errcode(42001), expected("CONFIGURATION", false, 2)),
        same(Fault::Errcode(40014), expected("CONFIGURATION", false, 2)),
        same(Fault::Errcode(40001), expected("CONFIGURATION", false, 1)),
        same(Fault::Errcode(40013), expected("CONFIGURATION", false, 1)),
        same(Fault::Errcode(45009), expected("RATE_LIMITED", true, 1)),
        same(Fault::Errcode(-1), connection),
        same(
            Fault::Errcode(60020),
            expected("EXECUTION_FAILED", false, 1),
        ),
        same(
            Fault::Errcode(81013),
            expected("EXECUTION_FAILED", false, 1),
        ),
        same(
            Fault::Errcode(40091),
            expected("EXECUTION_FAILED", false, 1),
        ),
        same(
            Fault::Errcode(41001),
            expected("EXECUTION_FAILED", false, 1),
        ),
        same(Fault::Errcode(6000), expected("EXECUTION_FAILED", false, 1)),
        same(
            Fault::Errcode(987_654),
            expected("EXECUTION_FAILED", false, 1),
        ),
        same(Fault::Status(401), expected("CONFIGURATION", false, 1)),
        same(Fault::Status(403), expected("CONFIGURATION", false, 1)),
        (Fault::Status(500), ambiguous, connection),
        (Fault::Status(502), ambiguous, connection),
        (Fault::Status(504), ambiguous, connection),
        (Fault::Status(521), ambiguous, connection),
        same(Fault::Status(503), connection),
        same(Fault::Status(408), connection),
        same(Fault::Status(429), expected("RATE_LIMITED", true, 1)),
        same(Fault::Status(404), expected("EXECUTION_FAILED", false, 1)),
        same(Fault::Status(302), expected("EXECUTION_FAILED", false, 1)),
        (Fault::Status(204), ambiguous, connection),
        (
            Fault::Garbage("<html>maintenance</html>".into()),
            ambiguous,
            connection,
        ),
        (Fault::Json("{}".into()), ambiguous, connection),
        (Fault::Json(r#"["a"]"#.into()), ambiguous, connection),
        (
            Fault::Json(r#"{"errcode":0,"msgid":"m","access_token":"t","errcode":42001}"#.into()),
            ambiguous,
            connection,
        ),
        (
            Fault::Json(r#"{"errcode":0,"msgid":"m","access_token":"t","errcode":42"#.into()),
            ambiguous,
            connection,
        ),
        (Fault::Reset, ambiguous, connection),
        (Fault::SlowAfterAccept(20_000), ambiguous, connection),
    ]
}

/// Gateways at once: each must renew its lease in time also on a small machine.
const AT_ONCE: usize = 8;

async fn fails_with_durable_off(call: Call, fault: Fault, expected: Expected) {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&format!(
        "retry.durable = false\n{}",
        configuration(&wecom, "wechat.timeout_seconds = 1")
    ))
    .await;
    wecom.fault(call, fault.clone(), None);
    let outcome = gateway.final_outcome(&text("a")).await;
    let failed = &outcome["Failed"];
    let found = (
        failed["code"].as_str(),
        failed["retryable"].as_bool(),
        wecom.calls(call),
    );
    assert_eq!(
        found,
        (
            Some(expected.code),
            Some(expected.retryable),
            expected.requests
        ),
        "{call:?} {fault:?}: {outcome}"
    );
    if call == Call::Gettoken {
        assert_eq!(
            wecom.calls(Call::Send),
            0,
            "nothing is sent without a token"
        );
    }
    if matches!(fault, Fault::Errcode(40014 | 42001)) && call == Call::Send {
        assert_eq!(wecom.calls(Call::Gettoken), 2, "one fresh token, no more");
    }
}

async fn goes_on_with_durable_on(call: Call, fault: Fault, expected: Expected) {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&format!(
        "retry.delays_seconds = [1]\n{}",
        configuration(&wecom, "wechat.timeout_seconds = 1")
    ))
    .await;
    wecom.fault(call, fault.clone(), Some(expected.requests));
    let action = text("a");
    let first = gateway
        .post_preferring("/v1/dispatch", &action, "wait=30")
        .await
        .body;
    if !expected.retryable {
        assert_eq!(
            first["Failed"]["code"], expected.code,
            "{call:?} {fault:?}: {first}"
        );
        return;
    }
    // The retry comes within the wait.
    assert_eq!(
        first["Executed"]["body"]["errcode"], 0,
        "{call:?} {fault:?}: {first}"
    );
    let view = gateway.get("/v1/actions/a").await.body;
    let failed: Vec<_> = view["history"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|attempt| attempt.get("error"))
        .collect();
    assert_eq!(
        failed.len() as u64,
        expected.requests,
        "{call:?} {fault:?}: {view}"
    );
    for error in failed {
        assert_eq!(
            (error["code"].as_str(), error["retryable"].as_bool()),
            (Some(expected.code), Some(true)),
            "{call:?} {fault:?}: {view}"
        );
    }
    let ambiguous = call == Call::Send && expected.requests == 1 && expected.code == "CONNECTION";
    assert_eq!(
        view["possible_duplicate"], ambiguous,
        "{call:?} {fault:?}: {view}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_with_durable_retries_off() {
    let cases = rows().into_iter().flat_map(|(fault, send, gettoken)| {
        [
            fails_with_durable_off(Call::Send, fault.clone(), send),
            fails_with_durable_off(Call::Gettoken, fault, gettoken),
        ]
    });
    Box::pin(iter(cases).buffer_unordered(AT_ONCE).collect::<()>()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_with_durable_retries_on() {
    let cases = rows().into_iter().flat_map(|(fault, send, gettoken)| {
        [
            goes_on_with_durable_on(Call::Send, fault.clone(), send),
            goes_on_with_durable_on(Call::Gettoken, fault, gettoken),
        ]
    });
    Box::pin(iter(cases).buffer_unordered(AT_ONCE).collect::<()>()).await;
}
