//! What the tests share: a codec, and requests as WeChat Work makes them.

use std::sync::Arc;

use crate::callback::cipher;
use crate::callback::key::Key;
use crate::callback::signature::Signed;
use crate::callback::{CallbackError, Codec, Query, Received, Settings, SettingsError};

pub(super) const TOKEN: &str = "AcTg8wTok3nV1";
pub(super) const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub(super) const CORP_ID: &str = "ww0123456789abcdef";

pub(super) fn codec_of(token: &str, key: &str, id: &str) -> Result<Codec, SettingsError> {
    Codec::new(Settings {
        token: token.into(),
        encoding_aes_key: key.into(),
        receive_id: Arc::new(id.into()),
    })
}

pub(super) fn codec() -> Codec {
    codec_of(TOKEN, KEY, CORP_ID).expect("a codec")
}

pub(super) fn query(text: &str) -> Query {
    Query::parse(text).expect(text)
}

/// Query with the right signature of a ciphertext.
pub(super) fn signed_query(encrypt: &str) -> Query {
    let signed = Signed {
        timestamp: "1700000000",
        nonce: "n0nce",
        encrypt,
    };
    query(&format!(
        "msg_signature={}&timestamp=1700000000&nonce=n0nce",
        signed.signature(TOKEN)
    ))
}

pub(super) fn envelope(encrypt: &str) -> Vec<u8> {
    format!(
        "<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><AgentID>1000002</AgentID><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    )
    .into_bytes()
}

/// Ciphertext of a message.
pub(super) fn encrypt(text: &[u8]) -> String {
    let key = Key::read(&KEY.into()).expect("a key");
    cipher::encrypt(&key, *b"0123456789abcdef", text, CORP_ID.as_bytes())
}

/// What comes of a ciphertext that is signed as it should be.
pub(super) fn open(encrypt: &str) -> Result<Received, CallbackError> {
    codec().open(&signed_query(encrypt), &envelope(encrypt))
}

/// What comes of a message that is encrypted and signed as it should be.
pub(super) fn deliver(xml: &str) -> Result<Received, CallbackError> {
    open(&encrypt(xml.as_bytes()))
}

/// Message of a member with fields of its own.
pub(super) fn message(fields: &str) -> String {
    format!(
        "<xml><ToUserName>{CORP_ID}</ToUserName><FromUserName>zhangsan</FromUserName><CreateTime>1700000001</CreateTime>{fields}</xml>"
    )
}
