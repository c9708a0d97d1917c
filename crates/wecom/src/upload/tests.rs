//! Tests of uploads.

use super::*;
use crate::test_server::{Received, T1, serve};

fn upload<'a>(media_type: MediaType, filename: &'a str, bytes: &'a [u8]) -> Upload<'a> {
    Upload {
        media_type,
        filename,
        content_type: "application/octet-stream",
        bytes,
    }
}

/// Bytes that begin as a format does.
fn bytes_of(begin: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = begin.to_vec();
    bytes.resize(size, 0);
    bytes
}

#[test]
fn each_type_has_a_smallest_and_a_largest_size() {
    for (media_type, begin, limit) in [
        (MediaType::Image, &b"\xff\xd8\xff"[..], 10 * MB),
        (MediaType::Voice, b"#!AMR", 2 * MB),
        (MediaType::Video, b"\0\0\0\0ftyp", 10 * MB),
        (MediaType::File, b"", 20 * MB),
    ] {
        let check = |size| upload(media_type, "f", &bytes_of(begin, size)).check();
        assert_eq!(check(limit), Ok(()));
        for size in [0, 5, limit + 1] {
            let fault = UploadError::Size {
                media_type,
                size,
                limit,
            };
            assert_eq!(check(size), Err(fault));
        }
    }
    assert_eq!(upload(MediaType::File, "f", b"123456").check(), Ok(()));
}

#[test]
fn each_type_has_its_formats() {
    let png = bytes_of(b"\x89PNG\r\n\x1a\n", 100);
    assert_eq!(upload(MediaType::Image, "a.png", &png).check(), Ok(()));
    for media_type in [MediaType::Voice, MediaType::Video] {
        let refused = upload(media_type, "a.png", &png).check();
        assert_eq!(refused, Err(UploadError::Format(media_type)));
    }
    let gif = upload(MediaType::Image, "a.gif", b"GIF89a..")
        .check()
        .expect_err("a GIF");
    assert_eq!(
        gif.to_string(),
        "image has other bytes than the formats that WeChat Work takes: JPEG or PNG"
    );
}

#[test]
fn names_and_content_types_stay_in_their_lines() {
    for name in ["", "a\r\nb", &"n".repeat(256)] {
        let refused = upload(MediaType::File, name, b"123456").check();
        assert_eq!(refused, Err(UploadError::Name), "{name:?}");
    }
    for content_type in ["", "text", "text/plain\r\nX: y", "文/本"] {
        let refused = Upload {
            content_type,
            ..upload(MediaType::File, "f", b"123456")
        };
        assert_eq!(refused.check(), Err(UploadError::ContentType));
    }
}

#[tokio::test]
async fn a_medium_is_uploaded_as_a_form() {
    let (app, calls) = serve(&[
        T1,
        r#"{"errcode":0,"errmsg":"","type":"file","media_id":"m-1","created_at":"1380000000"}"#,
        r#"{"errcode":0,"errmsg":""}"#,
    ]);
    let report = upload(MediaType::File, "报告 \"1\".txt", b"123456");
    assert_eq!(report.check(), Ok(()));
    let uploaded = app.upload(report).await.expect("an upload");
    assert_eq!(
        uploaded,
        Uploaded {
            media_id: "m-1".into(),
            created_at: Some(1_380_000_000)
        }
    );
    assert!(app.upload(report).await.is_err());
    let calls: Vec<Received> = calls.try_iter().collect();
    let boundary = "8d969eef6ecad3c29a3a629280e686cf";
    assert_eq!(
        calls[1],
        (
            "/cgi-bin/media/upload?access_token=t0ken-1&type=file".to_owned(),
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"报告 %221%22.txt\"; filelength=6\r\nContent-Type: application/octet-stream\r\n\r\n123456\r\n--{boundary}--\r\n"
            )
        )
    );
    assert_eq!(calls[1], calls[2]);
    let body = report.to_body();
    assert_eq!(
        body.content_type,
        format!("multipart/form-data; boundary={boundary}")
    );
}

#[test]
fn debug_shows_no_content() {
    let shown = format!("{:?}", upload(MediaType::File, "f.txt", b"s3cret!"));
    assert!(shown.contains("f.txt") && !shown.contains("s3cret") && !shown.contains("115"));
}
