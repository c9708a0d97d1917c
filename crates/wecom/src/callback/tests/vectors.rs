//! Vectors: Tencent's own (page 90968 and its sample library), and others that `wechatpy`, `@wecom/crypto` and openssl agree on.

use super::support::{CORP_ID, KEY, TOKEN, codec, codec_of, envelope, query, signed_query};
use crate::callback::cipher;
use crate::callback::key::Key;
use crate::callback::{Incoming, Received, Reply, Stamp};

/// Encrypted text with its signature.
struct Vector {
    timestamp: u64,
    nonce: &'static str,
    random: [u8; 16],
    text: &'static str,
    encrypt: &'static str,
    signature: &'static str,
    /// Bytes of padding: all of them but the first are more than an AES block has.
    padding: usize,
}

impl Vector {
    fn query(&self) -> String {
        format!(
            "msg_signature={}&timestamp={}&nonce={}",
            self.signature, self.timestamp, self.nonce
        )
    }
}

const RANDOM: [u8; 16] = *b"0123456789abcdef";

const ECHO: Vector = Vector {
    timestamp: 1_700_000_000,
    nonce: "n0nceAAA1",
    random: RANDOM,
    text: "3875264935012093455",
    encrypt: "Q3stYC6hdFzMh9T8HCvyDATF5qsTFS3ZytAiTh1OoMa/+O9zP8JkZGrIuJV407EMOkmd1KS47/XEB62rhV0pqQ==",
    signature: "9f7d0a31795b5ac426b27ad36d06f53b4181e24b",
    padding: 7,
};

const PRESS: Vector = Vector {
    timestamp: 1_700_000_001,
    nonce: "n0nceAAA2",
    random: RANDOM,
    text: "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><\
        CreateTime>1700000001</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[template_card_event]]></\
        Event><EventKey><![CDATA[approve]]></EventKey><TaskId><![CDATA[act-20231114-0001]]></TaskId><CardType><![CDATA\
        [button_interaction]]></CardType><ResponseCode><![CDATA[RC_abc123]]></ResponseCode><AgentID>1000002</AgentID><\
        /xml>",
    encrypt: "Q3stYC6hdFzMh9T8HCvyDANwXXno9B70VkAZTXseqJAVw8QvBBEghpy1YyFrwxH+UxzE50Avg8tsmdXQVsYzr8ldjxc0qMDF0hY+qei053WHCc\
        7AGvRpN0KTVT78/rc5tKilQwzModyvgOLl3vqTeqwfkq2tgsM0Aj0eV9GZ0nyWui4sQCvCqxYb9TuIECusGaUcCgd8iqULu14TMx9L7X1ikC5F\
        IQ4abe7bp6VJzkqSRQNdm425FSZmnjMcZkYN4jQr76+YgeDu4fzMZucA2aLArzhlRJYu9zvWKcQuCb/8Oa1QhUmWka1fbKGQV19maPX3QUOPuQ\
        OpIis+zjLuOeGgMlmWYdCCEgMXDfPtRbbfLYHudGMYUK7wlv22I+T7kNGWpc2frnb/K5J1EPNWvu3smZrBQ0V3hFe45Pue9a8H+0w/GBxpjz0j\
        aI4NXA1Kp25tyk0nJ9p/IbjaAI8wPHdfb/NxJCPUANdicuZ6lMFHYKLKKd4kt3ubhXrSruV2V1S1FbZO82l/yk5HA2DmLL+OX0BX0W2dt6bkFm\
        lgfLGULBNS8tS59JNTJGJHZXqs8+oXfQ59j2H3p4br+owLrW2uNvOBaiUtAY/2BXeJjtNuXsCToJMxUhuqW6iSaIircXDshn9FOdVnvsq3xNQd\
        2zLzAehfE69unWpoR5G70pA=",
    signature: "ee2ccbabb5d1f48ed6f0d4eefed1eb0a6a761561",
    padding: 29,
};

const TEXT: Vector = Vector {
    timestamp: 1_700_000_002,
    nonce: "n0nceAAA3",
    random: RANDOM,
    text: "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><\
        CreateTime>1700000002</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[ack 123 已处理]]></Content\
        ><MsgId>4561255354251345929</MsgId><AgentID>1000002</AgentID></xml>",
    encrypt: "Q3stYC6hdFzMh9T8HCvyDKEQDhAYgkDlMsXiU1ECxclB+RVKzdUKClmnvnZ7wWWmX9pyPxeij013n9FxT0NB2w691eySmJ0mogqPU6Ykr++r4q\
        WsvWiwi0yY4TiJwKt7eRrXWwNEKlYVs4O9nyNFInJZ6aajfP6f7O6Y3m1e0lkmcOVyGZL9LBPQEN8z6ARKNWFARXRXasu6Bea1Owa3zmt59U89\
        kVT99uarBrE2vxgK1CnBFGrCCW/XyHiKHijbQK1UPc0MFJFNJYBuNNGxdjyg3wnIRqIPaUzeLcoSImpOCme2FWRrESU67WDK99y0woCSvxzpj9\
        3aY8+V5q5/RQXu3rObKeOcu3kboW4uddGJXwPW9pgpXTY/ikzdWvz7GJ4uLLaVD8AlXT+49GGzSkByfYkcdqWEXijVvGeQ7X7NyIpmQQUBUDgC\
        SoGedaEsbdwvv4uFTP9ZtPaQrnnHuQ==",
    signature: "d9820503f79a89116ef1fa807a51bd38dfc04204",
    padding: 21,
};

const FULL_BLOCK: Vector = Vector {
    timestamp: 1_700_000_003,
    nonce: "n0nceAAA4",
    random: RANDOM,
    text: "xxxxxxxxxxxxxxxxxxxxxxxxxx",
    encrypt: "Q3stYC6hdFzMh9T8HCvyDHDxbrF7f8TfmYxXSN1y2VZW6cJciwduFWqR/1kOoL39/ej0a6fKofgBE1C6UNg0SDHGjiUEB2yBIj2aWa8+sWGAvF\
        ARk51N4jiS4KBp73cu",
    signature: "e94acb17675739a4f77546bc0a64d7e1728cb9c1",
    padding: 32,
};

const BUTTON_REPLY: Vector = Vector {
    timestamp: 1_700_000_005,
    nonce: "n0nceAAA5",
    random: *b"fedcba9876543210",
    text: "<xml><ToUserName><![CDATA[zhangsan]]></ToUserName><FromUserName><![CDATA[ww0123456789abcdef]]></FromUserName><\
        CreateTime>1700000005</CreateTime><MsgType><![CDATA[update_button]]></MsgType><Button><ReplaceName><![CDATA[已批\
        准]]></ReplaceName></Button></xml>",
    encrypt: "DpQeJfnf/MGZ/+GTIspwVLBjT2oDFyvpnBs/v0/D8naPb5hjaSf/cTtwhxBJvYVUBpRnDT+BwR+kgTUT97Gzz38UJR1jQDpqH+HHT9P+Y9YG0/\
        L2x3cgwxfNJlXwSfuYp0wcPfaSrV9GSyI/0RYnQ1cMRTDOgkek+4VnnxoYwT8zUYORLYxjafzDSxNHQhHlMsSQI/4Zgc3tGudhN97oi2XpDQ7Q\
        5VJb1f4eXyGRnzqbAhZHtuSiyunJfJAMf8nhqMb/5fpVKaR/iniOG+0MT6wLyxOhb+PVd1b0KWkrlmQ70T+qMoBynS82Vw6N8rvczBvE/bufaK\
        86s1qO7A1d3J6x64FB4chUUQ5O/1p2Uh0D8/ow6L0ud55hcTVuoyiapSgocMzx5AAg0Vej0gSnuBts6dyLQxNFqMqscvkzbLQ=",
    signature: "d897bbc96dda257d3c1a66dd1fa18f2eb3c7f682",
    padding: 23,
};

const OFFICIAL_TOKEN: &str = "QDG6eK";
const OFFICIAL_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const OFFICIAL_CORP_ID: &str = "wx5823bf96d3bd56c7";
const OFFICIAL_ENCRYPT: &str = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJT\
    s3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hg\
    f5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4Ehz\
    JWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2Yoy\
    yH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";
const OFFICIAL_ECHOSTR: &str =
    "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";

#[test]
fn what_others_encrypt_is_decrypted() {
    let url = format!(
        "{}&echostr={}",
        ECHO.query(),
        ECHO.encrypt
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D")
    );
    assert_eq!(codec().verify_url(&query(&url)).as_deref(), Ok(ECHO.text));
    let bare = format!("{}&echostr={}", FULL_BLOCK.query(), FULL_BLOCK.encrypt);
    assert_eq!(
        codec().verify_url(&query(&bare)).as_deref(),
        Ok(FULL_BLOCK.text)
    );

    for vector in [&PRESS, &TEXT, &BUTTON_REPLY] {
        let received = codec()
            .open(&query(&vector.query()), &envelope(vector.encrypt))
            .expect("a message");
        assert_eq!(received.xml(), vector.text);
    }
}

#[test]
fn what_is_encrypted_here_is_what_others_encrypt() {
    let key = Key::read(&KEY.into()).expect("a key");
    for vector in [&ECHO, &PRESS, &TEXT, &FULL_BLOCK, &BUTTON_REPLY] {
        let encrypt = cipher::encrypt(
            &key,
            vector.random,
            vector.text.as_bytes(),
            CORP_ID.as_bytes(),
        );
        assert_eq!(encrypt, vector.encrypt);
        let unpadded = 16 + 4 + vector.text.len() + CORP_ID.len();
        assert_eq!((unpadded + vector.padding) % 32, 0);
        let sealed = codec()
            .seal(vector.text, &stamp_of(vector))
            .expect("an envelope");
        assert_eq!(sealed, sealed_as(vector));
    }
}

#[test]
fn a_press_is_read_and_answered() {
    let received = codec()
        .open(&query(&PRESS.query()), &envelope(PRESS.encrypt))
        .expect("a press");
    assert_eq!(
        (
            received.to_user_name.as_str(),
            received.from_user_name.as_str(),
            received.create_time,
            received.agent_id
        ),
        (CORP_ID, "zhangsan", 1_700_000_001, Some(1_000_002))
    );
    let Incoming::CardEvent(event) = &received.incoming else {
        panic!("{received:?}")
    };
    assert_eq!(
        (
            event.event_key.as_str(),
            event.task_id.as_str(),
            event.card_type.as_str()
        ),
        ("approve", "act-20231114-0001", "button_interaction")
    );
    let reply = Reply::UpdateButton("已批准".to_owned());
    assert_eq!(
        codec().reply(&received, &reply, &stamp_of(&BUTTON_REPLY)),
        Ok(sealed_as(&BUTTON_REPLY))
    );
}

#[test]
fn a_text_of_several_bytes_a_letter_is_read() {
    let received: Received = codec()
        .open(&query(&TEXT.query()), &envelope(TEXT.encrypt))
        .expect("a text");
    let Incoming::Text(text) = received.incoming else {
        panic!("{received:?}")
    };
    assert_eq!(text.content, "ack 123 已处理");
    assert_eq!(text.msg_id, 4_561_255_354_251_345_929);
}

#[test]
fn the_samples_of_tencent_are_read() {
    let codec = codec_of(OFFICIAL_TOKEN, OFFICIAL_KEY, OFFICIAL_CORP_ID).expect("a codec");
    let body = format!(
        "<xml><ToUserName><![CDATA[{OFFICIAL_CORP_ID}]]></ToUserName><Encrypt><![CDATA[{OFFICIAL_ENCRYPT}]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>"
    );
    let url = "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
    let received = codec.open(&query(url), body.as_bytes()).expect("a text");
    assert_eq!(
        (received.from_user_name.as_str(), received.agent_id),
        ("mycreate", Some(218))
    );
    let Incoming::Text(text) = received.incoming else {
        panic!("{received:?}")
    };
    assert_eq!(
        (text.content.as_str(), text.msg_id),
        ("hello", 4_561_255_354_251_345_929)
    );

    let url = format!(
        "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr={OFFICIAL_ECHOSTR}"
    );
    assert!(codec.verify_url(&query(&url)).is_ok());
}

#[test]
fn the_two_spare_bits_of_a_key_do_not_matter() {
    // `G` ends in the bits 10: the other texts of the same key end in 00, 01 and 11.
    for last in ["E", "F", "G", "H"] {
        let key = format!("{}{last}", &KEY[..42]);
        let same = codec_of(TOKEN, &key, CORP_ID).expect("a codec");
        let received = same.open(&query(&PRESS.query()), &envelope(PRESS.encrypt));
        assert!(received.is_ok(), "{last}: {received:?}");
    }
    let other = codec_of(TOKEN, &format!("{}I", &KEY[..42]), CORP_ID).expect("a codec");
    let received = other.open(&signed_query(PRESS.encrypt), &envelope(PRESS.encrypt));
    assert!(received.is_err());
}

fn stamp_of(vector: &Vector) -> Stamp {
    Stamp {
        timestamp: vector.timestamp,
        nonce: vector.nonce.to_owned(),
        random: vector.random,
    }
}

fn sealed_as(vector: &Vector) -> String {
    format!(
        "<xml><Encrypt><![CDATA[{}]]></Encrypt><MsgSignature><![CDATA[{}]]></MsgSignature><TimeStamp>{}</TimeStamp><Nonce><![CDATA[{}]]></Nonce></xml>",
        vector.encrypt, vector.signature, vector.timestamp, vector.nonce
    )
}
