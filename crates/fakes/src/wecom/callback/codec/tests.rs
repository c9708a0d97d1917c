//! Texts that other implementations sealed and signed: `wechatpy`, checked with Tencent's `@wecom/crypto`.

use super::{Key, open, seal, signature};

const TOKEN: &str = "AcTg8wTok3nV1";
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const CORP: &str = "ww0123456789abcdef";

/// Text that was sealed elsewhere.
struct Vector {
    timestamp: &'static str,
    nonce: &'static str,
    random: &'static [u8; 16],
    text: &'static str,
    sealed: &'static str,
    signature: &'static str,
}

const VECTORS: [Vector; 5] = [
    Vector {
        timestamp: "1700000000",
        nonce: "n0nceAAA1",
        random: b"0123456789abcdef",
        text: "3875264935012093455",
        sealed: "Q3stYC6hdFzMh9T8HCvyDATF5qsTFS3ZytAiTh1OoMa/+O9zP8JkZGrIuJV407EMOkmd1KS47/XEB62rhV0pqQ==",
        signature: "9f7d0a31795b5ac426b27ad36d06f53b4181e24b",
    },
    Vector {
        timestamp: "1700000001",
        nonce: "n0nceAAA2",
        random: b"0123456789abcdef",
        text: "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1700000001</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[approve]]></EventKey><TaskId><![CDATA[act-20231114-0001]]></TaskId><CardType><![CDATA[button_interaction]]></CardType><ResponseCode><![CDATA[RC_abc123]]></ResponseCode><AgentID>1000002</AgentID></xml>",
        sealed: "Q3stYC6hdFzMh9T8HCvyDANwXXno9B70VkAZTXseqJAVw8QvBBEghpy1YyFrwxH+UxzE50Avg8tsmdXQVsYzr8ldjxc0qMDF0hY+qei053WHCc7AGvRpN0KTVT78/rc5tKilQwzModyvgOLl3vqTeqwfkq2tgsM0Aj0eV9GZ0nyWui4sQCvCqxYb9TuIECusGaUcCgd8iqULu14TMx9L7X1ikC5FIQ4abe7bp6VJzkqSRQNdm425FSZmnjMcZkYN4jQr76+YgeDu4fzMZucA2aLArzhlRJYu9zvWKcQuCb/8Oa1QhUmWka1fbKGQV19maPX3QUOPuQOpIis+zjLuOeGgMlmWYdCCEgMXDfPtRbbfLYHudGMYUK7wlv22I+T7kNGWpc2frnb/K5J1EPNWvu3smZrBQ0V3hFe45Pue9a8H+0w/GBxpjz0jaI4NXA1Kp25tyk0nJ9p/IbjaAI8wPHdfb/NxJCPUANdicuZ6lMFHYKLKKd4kt3ubhXrSruV2V1S1FbZO82l/yk5HA2DmLL+OX0BX0W2dt6bkFmlgfLGULBNS8tS59JNTJGJHZXqs8+oXfQ59j2H3p4br+owLrW2uNvOBaiUtAY/2BXeJjtNuXsCToJMxUhuqW6iSaIircXDshn9FOdVnvsq3xNQd2zLzAehfE69unWpoR5G70pA=",
        signature: "ee2ccbabb5d1f48ed6f0d4eefed1eb0a6a761561",
    },
    Vector {
        timestamp: "1700000002",
        nonce: "n0nceAAA3",
        random: b"0123456789abcdef",
        text: "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1700000002</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[ack 123 已处理]]></Content><MsgId>4561255354251345929</MsgId><AgentID>1000002</AgentID></xml>",
        sealed: "Q3stYC6hdFzMh9T8HCvyDKEQDhAYgkDlMsXiU1ECxclB+RVKzdUKClmnvnZ7wWWmX9pyPxeij013n9FxT0NB2w691eySmJ0mogqPU6Ykr++r4qWsvWiwi0yY4TiJwKt7eRrXWwNEKlYVs4O9nyNFInJZ6aajfP6f7O6Y3m1e0lkmcOVyGZL9LBPQEN8z6ARKNWFARXRXasu6Bea1Owa3zmt59U89kVT99uarBrE2vxgK1CnBFGrCCW/XyHiKHijbQK1UPc0MFJFNJYBuNNGxdjyg3wnIRqIPaUzeLcoSImpOCme2FWRrESU67WDK99y0woCSvxzpj93aY8+V5q5/RQXu3rObKeOcu3kboW4uddGJXwPW9pgpXTY/ikzdWvz7GJ4uLLaVD8AlXT+49GGzSkByfYkcdqWEXijVvGeQ7X7NyIpmQQUBUDgCSoGedaEsbdwvv4uFTP9ZtPaQrnnHuQ==",
        signature: "d9820503f79a89116ef1fa807a51bd38dfc04204",
    },
    Vector {
        timestamp: "1700000003",
        nonce: "n0nceAAA4",
        random: b"0123456789abcdef",
        text: "xxxxxxxxxxxxxxxxxxxxxxxxxx",
        sealed: "Q3stYC6hdFzMh9T8HCvyDHDxbrF7f8TfmYxXSN1y2VZW6cJciwduFWqR/1kOoL39/ej0a6fKofgBE1C6UNg0SDHGjiUEB2yBIj2aWa8+sWGAvFARk51N4jiS4KBp73cu",
        signature: "e94acb17675739a4f77546bc0a64d7e1728cb9c1",
    },
    Vector {
        timestamp: "1700000005",
        nonce: "n0nceAAA5",
        random: b"fedcba9876543210",
        text: "<xml><ToUserName><![CDATA[zhangsan]]></ToUserName><FromUserName><![CDATA[ww0123456789abcdef]]></FromUserName><CreateTime>1700000005</CreateTime><MsgType><![CDATA[update_button]]></MsgType><Button><ReplaceName><![CDATA[已批准]]></ReplaceName></Button></xml>",
        sealed: "DpQeJfnf/MGZ/+GTIspwVLBjT2oDFyvpnBs/v0/D8naPb5hjaSf/cTtwhxBJvYVUBpRnDT+BwR+kgTUT97Gzz38UJR1jQDpqH+HHT9P+Y9YG0/L2x3cgwxfNJlXwSfuYp0wcPfaSrV9GSyI/0RYnQ1cMRTDOgkek+4VnnxoYwT8zUYORLYxjafzDSxNHQhHlMsSQI/4Zgc3tGudhN97oi2XpDQ7Q5VJb1f4eXyGRnzqbAhZHtuSiyunJfJAMf8nhqMb/5fpVKaR/iniOG+0MT6wLyxOhb+PVd1b0KWkrlmQ70T+qMoBynS82Vw6N8rvczBvE/bufaK86s1qO7A1d3J6x64FB4chUUQ5O/1p2Uh0D8/ow6L0ud55hcTVuoyiapSgocMzx5AAg0Vej0gSnuBts6dyLQxNFqMqscvkzbLQ=",
        signature: "d897bbc96dda257d3c1a66dd1fa18f2eb3c7f682",
    },
];

fn key() -> Key {
    Key::parse(AES_KEY).expect("a key")
}

#[test]
fn texts_are_sealed_and_signed_as_elsewhere() {
    for vector in VECTORS {
        let sealed = seal(&key(), *vector.random, vector.text, CORP);
        assert_eq!(sealed, vector.sealed, "{}", vector.nonce);
        let signed = signature(TOKEN, vector.timestamp, vector.nonce, &sealed);
        assert_eq!(signed, vector.signature, "{}", vector.nonce);
    }
}

#[test]
fn texts_that_were_sealed_elsewhere_open() {
    for vector in VECTORS {
        assert_eq!(
            open(&key(), vector.sealed, CORP).as_deref(),
            Ok(vector.text)
        );
    }
}

#[test]
fn what_is_broken_does_not_open() {
    let [sealed, ..] = VECTORS.map(|vector| vector.sealed);
    let other = open(&key(), sealed, "ww0000000000000000");
    assert_eq!(other, Err("it is for another corporation"));
    assert_eq!(open(&key(), "%", CORP), Err("it is no base64"));
    assert_eq!(
        open(&key(), "", CORP),
        Err("its length is no multiple of 32 bytes")
    );
    assert_eq!(
        open(&key(), "AAAAAAAAAAAAAAAAAAAAAA==", CORP),
        Err("its length is no multiple of 32 bytes")
    );
    let another = Key::parse(&"z".repeat(43)).expect("a key");
    assert!(open(&another, sealed, CORP).is_err());
    // The last block decides on the filling: any other last byte makes it wrong.
    let flipped = sealed.replace("pqQ==", "pqA==");
    assert_ne!(flipped, sealed);
    assert!(open(&key(), &flipped, CORP).is_err());
}

#[test]
fn keys_are_43_letters_and_digits() {
    // The last two bits of 43 digits do not count, so four keys are one.
    let bytes = |text: &str| Key::parse(text).map(|key| key.0);
    let first = u128::from_be_bytes(key().0[..16].try_into().expect("16 bytes"));
    let second = u128::from_be_bytes(key().0[16..].try_into().expect("16 bytes"));
    assert_eq!(
        (first, second),
        (
            0x69b7_1d79_f821_8a39_259a_7a29_aabb_2dba,
            0xfc31_cb3d_35db_7e39_ebbf_3d00_1083_1051
        )
    );
    assert_eq!(bytes(AES_KEY), bytes(&AES_KEY.replace('G', "E")));
    assert!(bytes("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").is_some());
    for wrong in [
        "",
        "abc",
        &"a".repeat(42),
        &"a".repeat(44),
        &format!("{}+", "a".repeat(42)),
    ] {
        assert!(bytes(wrong).is_none(), "{wrong:?}");
    }
}
