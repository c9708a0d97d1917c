//! Verifies and decrypts two callbacks without a network: a URL that is verified, and a button that is pressed; then encrypts a reply to the press.
//!
//! ```sh
//! cargo run -p acteon-wecom --example callback
//! ```
//!
//! An HTTP server does the same with the query and the body of a request.

use std::error::Error;
use std::sync::Arc;

use acteon_wecom::callback::{Codec, Incoming, Query, Reply, Settings, Stamp};

/// Query of the GET with which the admin console verifies a URL.
const VERIFICATION: &str = "msg_signature=9f7d0a31795b5ac426b27ad36d06f53b4181e24b&timestamp=1700000000&nonce=n0nceAAA1\
    &echostr=Q3stYC6hdFzMh9T8HCvyDATF5qsTFS3ZytAiTh1OoMa%2F%2BO9zP8JkZGrIuJV407EMOkmd1KS47%2FXEB62rhV0pqQ%3D%3D";

/// Query of a POST.
const QUERY: &str =
    "msg_signature=ee2ccbabb5d1f48ed6f0d4eefed1eb0a6a761561&timestamp=1700000001&nonce=n0nceAAA2";

/// Body of that POST.
const BODY: &str = include_str!("callback.xml");

fn main() -> Result<(), Box<dyn Error>> {
    let codec = Codec::new(Settings {
        token: "AcTg8wTok3nV1".into(),
        encoding_aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".into(),
        receive_id: Arc::new("ww0123456789abcdef".into()),
    })?;

    let answer = codec.verify_url(&Query::parse(VERIFICATION)?)?;
    println!("answer to the verification: {answer}");

    let received = codec.open(&Query::parse(QUERY)?, BODY.as_bytes())?;
    println!("received: {received:?}");
    println!("digest: {}", received.digest());
    if let Incoming::CardEvent(event) = &received.incoming {
        let what = &event.event_key;
        println!(
            "{} chose {what} on {}",
            received.from_user_name, event.task_id
        );
        // A server draws the random bytes and reads its clock.
        let stamp = Stamp::new(1_700_000_005, *b"0123456789abcdefghijklmn");
        let reply = codec.reply(&received, &Reply::UpdateButton("已批准".to_owned()), &stamp)?;
        println!("reply: {reply}");
    }
    Ok(())
}
