//! Tests of media: their bytes and their limits.

use super::*;
use crate::content::Content;
use crate::limits::MessageError;
use crate::message::{Message, Ready};
use crate::overflow::Overflow;
use crate::recipients::Recipients;

fn message(content: Content, safe: u8) -> Message {
    Message {
        recipients: Recipients {
            touser: "@all".into(),
            ..Recipients::default()
        },
        agentid: 1,
        content,
        safe,
        enable_id_trans: None,
        enable_duplicate_check: None,
        duplicate_check_interval: None,
    }
}

fn media(media_id: &str) -> Media {
    Media {
        media_id: media_id.into(),
    }
}

fn video(title: &str, description: &str) -> Content {
    Content::Video {
        video: Video {
            media_id: "m".into(),
            title: title.into(),
            description: description.into(),
        },
    }
}

fn ready(content: Content, safe: u8, overflow: Overflow) -> Result<Ready, MessageError> {
    message(content, safe).ready(overflow, Language::En)
}

#[test]
fn media_are_written_as_the_api_reads_them() {
    for (content, end) in [
        (
            Content::Image { image: media("m") },
            r#""msgtype":"image","image":{"media_id":"m"},"safe":1}"#,
        ),
        (
            Content::Voice { voice: media("m") },
            r#""msgtype":"voice","voice":{"media_id":"m"},"safe":1}"#,
        ),
        (
            Content::File { file: media("m") },
            r#""msgtype":"file","file":{"media_id":"m"},"safe":1}"#,
        ),
        (
            video("t", ""),
            r#""msgtype":"video","video":{"media_id":"m","title":"t"},"safe":1}"#,
        ),
        (
            video("t", "d"),
            r#""msgtype":"video","video":{"media_id":"m","title":"t","description":"d"},"safe":1}"#,
        ),
    ] {
        let is_voice = matches!(content, Content::Voice { .. });
        let ready = ready(content, 1, Overflow::Reject).expect("ready");
        let bytes = ready.message.to_bytes();
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        assert_eq!(text, format!(r#"{{"touser":"@all","agentid":1,{end}"#));
        assert_eq!(ready.warnings.len(), usize::from(is_voice));
        assert_eq!(Message::from_bytes(&bytes), Some(ready.message));
    }
}

#[test]
fn a_medium_has_an_id() {
    for (content, path) in [
        (Content::Image { image: media("") }, "image.media_id"),
        (Content::Voice { voice: media(" ") }, "voice.media_id"),
        (Content::File { file: media("") }, "file.media_id"),
    ] {
        let error = ready(content, 0, Overflow::Truncate).expect_err(path);
        assert_eq!(error.to_string(), format!("{path} is missing or empty"));
    }
}

#[test]
fn texts_of_a_video_are_cut_at_their_limits() {
    let met = ready(
        video(&"t".repeat(128), &"d".repeat(512)),
        0,
        Overflow::Reject,
    );
    assert_eq!(met.expect("ready").warnings, Vec::<String>::new());
    for (content, field, limit) in [
        (video(&"t".repeat(129), ""), "title", 128),
        (video("", &"d".repeat(513)), "description", 512),
    ] {
        let refused = ready(content.clone(), 0, Overflow::Reject);
        assert_eq!(
            refused.expect_err("too long").to_string(),
            format!(
                "video.{field} is {} bytes long, at most {limit} are allowed; shorten it",
                limit + 1
            )
        );
        let cut = ready(content, 0, Overflow::Truncate).expect("ready");
        assert!(cut.warnings[0].starts_with(&format!("video.{field} was cut")));
        let Content::Video { video } = cut.message.content else {
            panic!("a video")
        };
        assert!(video.title.len() <= 128 && video.description.len() <= 512);
    }
}

#[test]
fn what_has_a_text_says_that_it_is_late() {
    let late = message(video("t", ""), 0).mark_late("[late]");
    assert_eq!(late.content, video("t", "[late]"));
    let picture = message(Content::Image { image: media("m") }, 0);
    assert_eq!(picture.clone().mark_late("[late]"), picture);
}
