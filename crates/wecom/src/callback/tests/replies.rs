//! Tests of replies.

use super::support::{codec, deliver, envelope, message, query};
use crate::callback::xml::Element;
use crate::callback::{Received, Reply, ReplyError, Stamp};

fn received() -> Received {
    deliver(&message(
        "<MsgType>text</MsgType><Content>status</Content><MsgId>1</MsgId>",
    ))
    .expect("a text")
}

fn reply(text: &str) -> Result<String, ReplyError> {
    let stamp = Stamp::new(1_700_000_009, [7; 24]);
    codec().reply(&received(), &Reply::Text(text.to_owned()), &stamp)
}

/// Content of a reply, as the other side reads it.
fn read(sealed: &str) -> String {
    let sealed = Element::read(sealed.as_bytes()).expect("XML");
    let field = |name| sealed.needed(name).expect(name);
    let url = format!(
        "msg_signature={}&timestamp={}&nonce={}&echostr={}",
        field("MsgSignature"),
        field("TimeStamp"),
        field("Nonce"),
        field("Encrypt")
    );
    let xml = codec().verify_url(&query(&url)).expect("a reply");
    let inner = Element::read(xml.as_bytes()).expect("XML");
    assert_eq!(inner.needed("ToUserName"), Ok("zhangsan"));
    assert_eq!(inner.needed("MsgType"), Ok("text"));
    inner.needed("Content").expect("a text").to_owned()
}

#[test]
fn a_text_arrives_as_it_was_written() {
    for text in ["ok", "已处理 ]]> <b> & ]]]]>", "]]>", "a\nb\tc"] {
        assert_eq!(read(&reply(text).expect("a reply")), text);
    }
}

#[test]
fn what_would_be_cut_or_not_read_is_refused() {
    assert!(reply(&"中".repeat(200)).is_ok());
    assert!(reply(&"x".repeat(2048)).is_ok());
    let refused = reply(&"x".repeat(2049));
    assert_eq!(
        refused,
        Err(ReplyError::TooLong {
            size: 2049,
            limit: 2048
        })
    );
    assert_eq!(reply(" \n"), Err(ReplyError::Empty));
    assert_eq!(reply("a\u{1}"), Err(ReplyError::Character('\u{1}')));
    assert_eq!(reply("a\u{fffe}"), Err(ReplyError::Character('\u{fffe}')));
}

#[test]
fn a_stamp_signs_with_letters_and_digits() {
    let stamp = |nonce: &str| Stamp {
        nonce: nonce.to_owned(),
        ..Stamp::new(1, [0; 24])
    };
    for nonce in ["", "a b", "]]>", &"n".repeat(129)] {
        let sealed = codec().seal("<xml/>", &stamp(nonce));
        assert_eq!(sealed, Err(ReplyError::Nonce), "{nonce}");
    }
    assert!(codec().seal("<xml/>", &stamp(&"n".repeat(128))).is_ok());
    let made = Stamp::new(1, std::array::from_fn(|place| place as u8));
    assert_eq!(made.nonce, "1011121314151617");
    assert!(!format!("{made:?}").contains("1011"));
}

#[test]
fn a_reply_is_not_taken_for_a_request_of_another() {
    let sealed = reply("ok").expect("a reply");
    let read = Element::read(sealed.as_bytes()).expect("XML");
    let encrypt = read.needed("Encrypt").expect("a ciphertext");
    let forged = query(&format!(
        "msg_signature={}&timestamp=1700000009&nonce=other",
        read.needed("MsgSignature").expect("a signature")
    ));
    assert!(codec().open(&forged, &envelope(encrypt)).is_err());
}
