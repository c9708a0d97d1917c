//! Tests of what is forged, damaged, or meant for somebody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::support::{
    CORP_ID, KEY, TOKEN, codec, codec_of, deliver, encrypt, envelope, message, open, signed_query,
};
use crate::callback::cipher;
use crate::callback::key::Key;
use crate::callback::{CallbackError, XmlFault};

fn text() -> String {
    message("<MsgType>text</MsgType><Content>hello</Content><MsgId>1</MsgId>")
}

/// Encrypts bytes as they are, padding included.
fn encrypt_padded(mut plain: Vec<u8>) -> String {
    cipher::encrypt_blocks(&Key::read(&KEY.into()).expect("a key"), &mut plain);
    STANDARD.encode(plain)
}

/// A message before its padding.
fn framed(length: u32, text: &[u8]) -> Vec<u8> {
    [
        b"0123456789abcdef",
        &length.to_be_bytes()[..],
        text,
        CORP_ID.as_bytes(),
    ]
    .concat()
}

#[test]
fn a_single_bit_changes_the_signature() {
    let encrypt = encrypt(text().as_bytes());
    let query = signed_query(&encrypt);
    assert!(codec().open(&query, &envelope(&encrypt)).is_ok());
    let mut bytes = STANDARD.decode(&encrypt).expect("base64");
    for place in 0..bytes.len() * 8 {
        bytes[place / 8] ^= 1 << (place % 8);
        let damaged = envelope(&STANDARD.encode(&bytes));
        let opened = codec().open(&query, &damaged).map(drop);
        assert_eq!(opened, Err(CallbackError::Signature), "bit {place}");
        bytes[place / 8] ^= 1 << (place % 8);
    }
}

#[test]
fn another_token_key_or_corporation_is_refused() {
    let encrypt = encrypt(text().as_bytes());
    let (query, body) = (signed_query(&encrypt), envelope(&encrypt));
    let opened = |token, key: &str, id| {
        let codec = codec_of(token, key, id).expect("a codec");
        let error = codec.open(&query, &body).expect_err("refused");
        (error, error.code())
    };
    assert_eq!(
        opened("another", KEY, CORP_ID),
        (CallbackError::Signature, Some(-40001))
    );
    assert_eq!(
        opened(TOKEN, &KEY.replace('a', "A"), CORP_ID),
        (CallbackError::Padding, Some(-40007))
    );
    for id in ["ww0123456789abcdee", "ww0123456789abcde", ""] {
        assert_eq!(
            opened(TOKEN, KEY, id),
            (CallbackError::ReceiveId, Some(-40005)),
            "{id}"
        );
    }
}

#[test]
fn a_ciphertext_is_base64_of_whole_blocks() {
    for encrypt in ["====", "abc", "a b=", "Zm9v_w==", "已处理", "Zh=="] {
        let opened = open(encrypt).map(drop);
        assert_eq!(opened, Err(CallbackError::Base64), "{encrypt}");
    }
    for length in [1, 15, 16, 31, 33, 47] {
        let opened = open(&STANDARD.encode(vec![0; length])).map(drop);
        assert_eq!(opened, Err(CallbackError::Blocks(length)));
    }
}

#[test]
fn a_padding_has_one_to_32_equal_bytes() {
    // 57 bytes, and 7 of padding.
    let plain = || framed(19, b"3875264935012093455");
    for padding in 1..=64_usize {
        let mut padded = plain();
        padded.truncate(64 - padding);
        padded.resize(64, padding as u8);
        let opened = open(&encrypt_padded(padded)).map(drop);
        let is_wrong = opened == Err(CallbackError::Padding);
        assert_eq!(is_wrong, padding > 32, "{padding}: {opened:?}");
    }
    let zero = [plain(), vec![0; 7]].concat();
    assert_eq!(
        open(&encrypt_padded(zero)).map(drop),
        Err(CallbackError::Padding)
    );
    for place in 57..63 {
        let mut uneven = [plain(), vec![7; 7]].concat();
        uneven[place] = 8;
        let opened = open(&encrypt_padded(uneven)).map(drop);
        assert_eq!(opened, Err(CallbackError::Padding), "{place}");
    }
}

#[test]
fn a_text_is_as_long_as_it_says() {
    let padded = |length| [framed(length, b"3875264935012093455"), vec![7; 7]].concat();
    for length in [38, 100, u32::MAX] {
        let opened = open(&encrypt_padded(padded(length))).map(drop);
        assert_eq!(opened, Err(CallbackError::Buffer), "{length}");
    }
    for length in [0, 18, 20, 37] {
        let opened = open(&encrypt_padded(padded(length))).map(drop);
        assert_eq!(opened, Err(CallbackError::ReceiveId), "{length}");
    }
    // Too short for a length, although the padding is right.
    let short = open(&encrypt_padded([vec![1; 16], vec![16; 16]].concat())).map(drop);
    assert_eq!(short, Err(CallbackError::Buffer));
}

#[test]
fn document_types_entities_and_other_texts_are_refused() {
    let plain = text();
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
    let deep = format!("{}{}", "<a>".repeat(16), "</a>".repeat(16));
    let many = "<a/>".repeat(4096);
    for (xml, fault) in [
        (format!("{bomb}{plain}"), XmlFault::DocumentType),
        (format!("{plain}{bomb}"), XmlFault::DocumentType),
        (message("<Content>&a;</Content>"), XmlFault::Entity(132)),
        (message("<Content>&#0;</Content>"), XmlFault::Entity(132)),
        (message(&deep), XmlFault::TooDeep),
        (message(&many), XmlFault::TooMany),
        (format!("{plain}{plain}"), XmlFault::Malformed(166)),
        (format!("x{plain}"), XmlFault::Malformed(0)),
        (plain[..100].to_owned(), XmlFault::Malformed(100)),
        (String::new(), XmlFault::Malformed(0)),
        (message("<MsgType>event"), XmlFault::Malformed(0)),
        (format!("<?php x ?>{plain}"), XmlFault::Malformed(0)),
    ] {
        let in_message = match deliver(&xml).map(drop) {
            Err(CallbackError::Message(fault)) => fault,
            other => panic!("{other:?} of {xml}"),
        };
        let in_envelope = match codec()
            .open(&signed_query("AA=="), xml.as_bytes())
            .map(drop)
        {
            Err(CallbackError::Envelope(fault)) => fault,
            other => panic!("{other:?} of {xml}"),
        };
        let kind = std::mem::discriminant::<XmlFault>;
        assert_eq!(kind(&in_message), kind(&fault), "{in_message:?} of {xml}");
        assert_eq!(in_message, in_envelope, "{xml}");
    }
    let opened = open(&encrypt(b"<xml>\xff</xml>")).map(drop);
    assert_eq!(opened, Err(CallbackError::Message(XmlFault::NotUtf8)));
}

#[test]
fn a_body_has_one_ciphertext_and_a_limit() {
    let query = signed_query("AA==");
    let open = |body: &str| codec().open(&query, body.as_bytes()).map(drop);
    for body in [
        "<xml/>",
        "<xml><Encrypt/></xml>",
        "<a><xml><Encrypt>AA==</Encrypt></xml></a>",
    ] {
        assert_eq!(
            open(body),
            Err(CallbackError::Envelope(XmlFault::Missing("Encrypt"))),
            "{body}"
        );
    }
    assert_eq!(
        open("<xml><Encrypt>AA==</Encrypt><Encrypt>AA==</Encrypt></xml>"),
        Err(CallbackError::Envelope(XmlFault::Repeated("Encrypt")))
    );
    assert_eq!(
        open("<xml>\n  <Encrypt>\n <![CDATA[AA==]]>\n </Encrypt>\n</xml>\n"),
        Err(CallbackError::Blocks(1))
    );
    let long = format!("<xml>{}</xml>", " ".repeat(128 * 1024 - 11));
    assert!(matches!(open(&long), Err(CallbackError::Envelope(_))));
    assert_eq!(
        open(&format!("{long} ")),
        Err(CallbackError::BodyTooLong(128 * 1024))
    );
}

#[test]
fn errors_say_which_check_failed_and_nothing_of_what_came() {
    let encrypt = encrypt(b"<xml>s3cret</xml>");
    let errors = [
        codec().open(&signed_query("AA=="), &envelope(&encrypt)),
        open(&encrypt),
        codec_of(TOKEN, KEY, "other")
            .expect("a codec")
            .open(&signed_query(&encrypt), &envelope(&encrypt)),
    ];
    for error in errors.map(|opened| opened.expect_err("refused")) {
        let shown = format!("{error} {error:?}");
        for secret in [TOKEN, KEY, CORP_ID, "s3cret", &encrypt] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.starts_with("callback "), "{shown}");
    }
}
