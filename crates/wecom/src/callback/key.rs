//! AES key of a callback.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::error::SettingsError;

/// Characters of an `EncodingAESKey`.
const ENCODED: usize = 43;
/// Bytes of an AES key.
pub(super) const KEY: usize = 32;

/// Reader of an `EncodingAESKey`: base64 without its `=`. Its 43 characters carry two bits more than a key has, and WeChat Work chooses them by
/// chance, so that four different texts are one key. A strict reader would refuse three of them.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// AES key of a callback, which is wiped when it is dropped. Its first half is the initialisation vector, too (page 90968). Has no `Debug`.
pub(super) struct Key(pub(super) Zeroizing<[u8; KEY]>);

impl Key {
    /// Reads an `EncodingAESKey`. Errors when it is not 43 letters and digits.
    pub(super) fn read(encoded: &SecretString) -> Result<Self, SettingsError> {
        let encoded = encoded.expose_secret();
        let is_plain = encoded.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if encoded.len() != ENCODED || !is_plain {
            return Err(SettingsError::Key);
        }
        let mut key = Zeroizing::new([0; KEY]);
        match ENGINE.decode_slice(encoded, key.as_mut_slice()) {
            Ok(KEY) => Ok(Self(key)),
            _ => Err(SettingsError::Key),
        }
    }
}
