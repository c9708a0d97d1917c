//! Refusals of the API.

use std::net::IpAddr;

use serde_json::{Value, json};

/// Refusal: HTTP 200 with an `errcode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) text: &'static str,
}

pub(super) const fn refusal(code: i64, text: &'static str) -> Refusal {
    Refusal { code, text }
}

impl Refusal {
    /// Body of the answer, with the hint, address and link that the real servers append to `errmsg`.
    pub(super) fn body(self, caller: IpAddr, trace: u64) -> Value {
        let Self { code, text } = self;
        let errmsg = format!(
            "{text}, hint: [{trace}], from ip: {caller}, more info at https://open.work.weixin.qq.com/devtool/query?e={code}"
        );
        json!({ "errcode": code, "errmsg": errmsg })
    }
}
