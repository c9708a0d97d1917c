//! Properties: what is encrypted is decrypted, nothing that is forged or damaged is accepted, and nothing panics.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::support::{KEY, TOKEN, codec, deliver, encrypt, envelope, message, open, query};
use crate::callback::cipher;
use crate::callback::key::Key;
use crate::callback::signature::Signed;
use crate::callback::xml::{Element, cdata};
use crate::callback::{CallbackError, Incoming, Query};

/// Pieces of XML, in an order that nobody would write.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<xml>".to_owned()),
        Just("</xml>".to_owned()),
        Just("<Encrypt>".to_owned()),
        Just("</Encrypt>".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("]]>".to_owned()),
        Just("<!DOCTYPE x>".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("&amp;".to_owned()),
        Just("<?xml version=\"1.0\"?>".to_owned()),
        Just("<Event>template_card_event</Event>".to_owned()),
        ".{0,8}",
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_encrypted_is_decrypted(
        random: [u8; 16],
        text in proptest::collection::vec(any::<u8>(), 0..600),
        id in "[a-z0-9]{0,40}",
    ) {
        let key = Key::read(&KEY.into()).expect("a key");
        let encrypt = cipher::encrypt(&key, random, &text, id.as_bytes());
        let plain = cipher::decrypt(&key, &encrypt, id.as_bytes());
        prop_assert_eq!(plain.as_ref().map(|plain| plain.as_slice()), Ok(text.as_slice()));
        let other = cipher::decrypt(&key, &encrypt, format!("{id}x").as_bytes()).map(drop);
        prop_assert_eq!(other, Err(CallbackError::ReceiveId));
    }

    #[test]
    fn a_text_comes_through_as_it_is(content in "[^\\r]{0,300}") {
        let xml = message(&format!(
            "<MsgType>text</MsgType><Content>{}</Content><MsgId>1</MsgId>",
            cdata(&content)
        ));
        match deliver(&xml).map(|received| received.incoming) {
            Ok(Incoming::Text(text)) => prop_assert_eq!(text.content, content),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn damage_anywhere_is_refused(place: prop::sample::Index, change in 1..=255_u8, what in 0..4_u8) {
        let encrypt = encrypt(message("<MsgType>text</MsgType><MsgId>1</MsgId>").as_bytes());
        let signature = Signed { timestamp: "1700000000", nonce: "n0nce", encrypt: &encrypt }.signature(TOKEN);
        let mut parts = [signature, "1700000000".to_owned(), "n0nce".to_owned(), encrypt];
        let part = &mut parts[usize::from(what)];
        let mut bytes = part.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        *part = String::from_utf8_lossy(&bytes).into_owned();
        let [signature, timestamp, nonce, encrypt] = parts;
        let escaped = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let query = Query::parse(&format!(
            "msg_signature={}&timestamp={}&nonce={}", escaped(&signature), escaped(&timestamp), escaped(&nonce)
        ));
        let opened = query.and_then(|query| codec().open(&query, &envelope(&encrypt)));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn a_part_of_a_ciphertext_is_refused(cut: prop::sample::Index) {
        let encrypt = encrypt(message("<MsgType>text</MsgType><MsgId>1</MsgId>").as_bytes());
        let shorter = &encrypt[..cut.index(encrypt.len())];
        prop_assert!(open(shorter).is_err());
    }

    #[test]
    fn nothing_panics_behind_a_right_signature(bytes in proptest::collection::vec(any::<u8>(), 0..200), blocks in 0..6_usize) {
        drop(open(&STANDARD.encode(&bytes)));
        let mut padded = bytes.clone();
        padded.resize((blocks + 1) * 32, 3);
        cipher::encrypt_blocks(&Key::read(&KEY.into()).expect("a key"), &mut padded);
        drop(open(&STANDARD.encode(&padded)));
    }

    #[test]
    fn nothing_is_accepted_without_the_token(signature in "[0-9a-f]{40}", timestamp in "[0-9]{1,12}", nonce in "[a-z0-9]{1,12}", content in ".{0,40}") {
        let encrypt = encrypt(message(&cdata(&content)).as_bytes());
        let query = query(&format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}&echostr={encrypt}"));
        prop_assert_eq!(codec().open(&query, &envelope(&encrypt)).map(drop), Err(CallbackError::Signature));
        prop_assert_eq!(codec().verify_url(&query).map(drop), Err(CallbackError::Signature));
    }

    #[test]
    fn no_xml_panics(text in pieces(), bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        drop(Element::read(text.as_bytes()));
        drop(Element::read(&bytes));
        drop(deliver(&text));
        drop(deliver(&message(&text)));
        drop(Query::parse(&text));
    }
}
