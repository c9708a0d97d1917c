//! Forms: bodies of the type `multipart/form-data`.

/// Part of a form that is a file.
pub(super) struct Part<'a> {
    pub(super) filename: &'a str,
    pub(super) bytes: &'a [u8],
}

/// Part of a name in a form; none when the body is no form, or has no such part.
pub(super) fn part<'a>(content_type: Option<&str>, body: &'a [u8], name: &str) -> Option<Part<'a>> {
    let (_, boundary) = content_type?.split_once("boundary=")?;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let mut rest = body;
    loop {
        let begin = find(rest, delimiter.as_bytes())? + delimiter.len();
        let within = rest[begin..].strip_prefix(b"\r\n")?;
        let head = find(within, b"\r\n\r\n")?;
        let bytes = &within[head + 4..];
        let end = find(bytes, format!("\r\n{delimiter}").as_bytes())?;
        let header = std::str::from_utf8(&within[..head]).ok()?;
        if value(header, "name") == Some(name) {
            return Some(Part {
                filename: value(header, "filename")?,
                bytes: &bytes[..end],
            });
        }
        rest = &bytes[end..];
    }
}

/// Value of a parameter in the header of a part.
fn value<'a>(header: &'a str, parameter: &str) -> Option<&'a str> {
    let (_, behind) = header.split_once(&format!("; {parameter}=\""))?;
    behind.split_once('"').map(|(value, _)| value)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
