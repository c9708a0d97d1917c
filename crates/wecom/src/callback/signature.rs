//! Signatures of callbacks (page 90968).

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use subtle::ConstantTimeEq as _;

use super::hexadecimal;

/// Hexadecimal digits of a signature.
pub(super) const DIGITS: usize = 40;

/// What is signed besides the token. The texts are those of the query and the body, as they were received.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) timestamp: &'a str,
    pub(super) nonce: &'a str,
    /// Ciphertext in base64.
    pub(super) encrypt: &'a str,
}

impl Signed<'_> {
    /// Signature in lower-case hexadecimal digits: SHA-1 over the four texts in the order of their bytes.
    pub(super) fn signature(self, token: &str) -> String {
        let mut texts = [token, self.timestamp, self.nonce, self.encrypt];
        texts.sort_unstable();
        let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        for text in texts {
            hash.update(text.as_bytes());
        }
        hexadecimal(hash.finish().as_ref())
    }

    /// Whether `signature` is the one that `token` gives. Takes as long for each that is as long.
    pub(super) fn is_signed(self, token: &str, signature: &str) -> bool {
        self.signature(token)
            .as_bytes()
            .ct_eq(signature.as_bytes())
            .into()
    }
}
