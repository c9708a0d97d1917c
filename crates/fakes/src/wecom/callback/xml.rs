//! The little XML that callbacks are made of.

/// Element with a text, which may be any.
pub(super) fn text(name: &str, text: &str) -> String {
    let text = text.replace("]]>", "]]]]><![CDATA[>");
    format!("<{name}><![CDATA[{text}]]></{name}>")
}

/// Element with a number.
pub(super) fn number(name: &str, number: i128) -> String {
    format!("<{name}>{number}</{name}>")
}

/// Element around others.
pub(super) fn around(name: &str, inside: &str) -> String {
    format!("<{name}>{inside}</{name}>")
}

/// Text of the first element of a name, without its CDATA. None when there is no such element, or it does not end.
pub(super) fn find(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    let inside = inside.trim();
    let data = inside.strip_prefix("<![CDATA[");
    let text = data.and_then(|text| text.strip_suffix("]]>"));
    Some(text.unwrap_or(inside).to_owned())
}
