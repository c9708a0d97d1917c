//! What is fuzzed: a function takes any bytes, and must neither panic nor take long, nor accept a forgery. The fuzzer and the corpus test share it.

use std::sync::Arc;

use acteon_wecom::callback::{Codec, Query, Settings, Stamp};

/// A name and what is fuzzed under it.
type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
#[allow(dead_code, reason = "the fuzzer uses it by its own name")]
pub(crate) const TARGETS: [Target; 1] = [("callback", callback)];

fn codec() -> Codec {
    Codec::new(Settings {
        token: "AcTg8wTok3nV1".into(),
        encoding_aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".into(),
        receive_id: Arc::new("ww0123456789abcdef".into()),
    })
    .expect("a codec")
}

/// Query of a request with the signature, time and nonce of a sealed text.
fn query_of(sealed: &str) -> Query {
    let field = |name: &str| {
        let (_, rest) = sealed.split_once(&format!("<{name}>")).expect(name);
        let (value, _) = rest.split_once(&format!("</{name}>")).expect(name);
        value.replace("<![CDATA[", "").replace("]]>", "")
    };
    Query::parse(&format!(
        "msg_signature={}&timestamp={}&nonce={}&echostr={}",
        field("MsgSignature"),
        field("TimeStamp"),
        field("Nonce"),
        field("Encrypt")
    ))
    .expect("a query")
}

/// A request whose query is the first line, which nobody signed; and a message behind a right signature.
pub(crate) fn callback(data: &[u8]) {
    let codec = codec();
    let (query, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, data),
    };
    if let Ok(query) = Query::parse(&String::from_utf8_lossy(query)) {
        assert!(codec.open(&query, body).is_err(), "a forgery is opened");
        assert!(codec.verify_url(&query).is_err(), "a forgery is verified");
    }
    let Ok(message) = std::str::from_utf8(data) else {
        return;
    };
    let stamp = Stamp::new(1_700_000_000, [7; 24]);
    let Ok(sealed) = codec.seal(message, &stamp) else {
        return;
    };
    if message.len() < 700 {
        let echoed = codec.verify_url(&query_of(&sealed));
        assert_eq!(echoed.as_deref(), Ok(message), "it comes back otherwise");
        // A body that is sealed here is signed as a request is.
        if let Ok(received) = codec.open(&query_of(&sealed), sealed.as_bytes()) {
            assert_eq!(received.xml(), message);
            assert_eq!(received.digest().len(), 64);
        }
    }
}
