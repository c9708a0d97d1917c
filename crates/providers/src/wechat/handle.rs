//! Handles: response codes, by which cards are changed, sealed so that nothing that is stored, shown or logged holds one.
//!
//! The key is derived from the app's secret: every gateway with the same configuration opens them, and nobody who reads the store does. After the secret
//! was changed they open no more, and a message says what the card would have.

use std::fmt;

use acteon_crypto::{Envelope, ExposeSecret, KeyRing, SecretString, sha256};

/// What the derivation of the key begins with, so that the hash is of use for nothing else.
const PURPOSE: &str = "acteon wechat response code\n";

/// Sealer of handles. `Debug` shows nothing of it.
pub(super) struct Sealer(Option<KeyRing>);

impl Sealer {
    /// Sealer with the key that a secret gives.
    pub(super) fn of(secret: &SecretString) -> Self {
        let text = SecretString::from(format!("{PURPOSE}{}", secret.expose_secret()));
        let digits = hexadecimal(&sha256(text.expose_secret().as_bytes()));
        // 64 hexadecimal digits are a key ring. Without one nothing is sealed, and a message says what a card would.
        Self(KeyRing::parse(digits.expose_secret()).ok())
    }

    /// Handle that stands for a response code; `None` where the system gives no random bytes.
    pub(super) fn seal(&self, code: &SecretString) -> Option<String> {
        let sealed = Envelope::seal(code, self.0.as_ref()?);
        sealed.ok().map(|sealed| sealed.to_string())
    }

    /// Response code of a handle; `None` where another secret sealed it.
    pub(super) fn open(&self, handle: &str) -> Option<SecretString> {
        Envelope::parse(handle).ok()?.open(self.0.as_ref()?).ok()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

fn hexadecimal(bytes: &[u8]) -> SecretString {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String = digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_opens_a_handle() {
        let sealer = Sealer::of(&"secret".into());
        let handle = sealer.seal(&"code-123".into()).expect("sealed");
        assert!(!handle.contains("code-123"));
        let opened = Sealer::of(&"secret".into()).open(&handle);
        assert_eq!(
            opened.as_ref().map(ExposeSecret::expose_secret),
            Some("code-123")
        );
        assert!(Sealer::of(&"other".into()).open(&handle).is_none());
        assert!(sealer.open("code-123").is_none());
    }
}
