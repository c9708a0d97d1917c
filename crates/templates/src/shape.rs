//! Bounds of what a source may look like, held before it is parsed: the parser, and what walks its trees, recurse.

use acteon_core::limits::{MAX_TEMPLATE_ELIFS, MAX_TEMPLATE_TAG_TOKENS};
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Line and message of what is out of bounds. What cannot be read is left to the parser, which tells more about it.
pub(crate) fn flaw(source: &str) -> Option<(usize, String)> {
    let mut in_tag = 0;
    let mut elifs = 0;
    let mut opens_block = false;
    for token in tokenize(source, false, SyntaxConfig::default()) {
        let Ok((token, span)) = token else {
            return None;
        };
        let line = span.start_line as usize;
        match token {
            Token::TemplateData(_) => {}
            Token::VariableStart | Token::BlockStart => in_tag = 0,
            Token::Ident("elif") if opens_block => elifs += 1,
            _ => in_tag += 1,
        }
        opens_block = matches!(token, Token::BlockStart);
        if in_tag > MAX_TEMPLATE_TAG_TOKENS {
            let message = format!(
                "has more than {MAX_TEMPLATE_TAG_TOKENS} words and signs between two braces; part it with {{% set %}}"
            );
            return Some((line, message));
        }
        if elifs > MAX_TEMPLATE_ELIFS {
            let message = format!(
                "has more than {MAX_TEMPLATE_ELIFS} branches with elif; look values up in a map instead"
            );
            return Some((line, message));
        }
    }
    None
}
