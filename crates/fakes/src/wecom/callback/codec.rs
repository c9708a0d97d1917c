//! Encryption and signatures of callbacks (page 90968).
//!
//! AES-256-CBC with the key's first half as initialisation vector, over 16 random bytes, the text's length, the text and the receiver's id, filled up to
//! a multiple of 32 bytes.

use aes::Aes256;
use aes::cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{NO_PAD, STANDARD};
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const BLOCK: usize = 16;
/// Multiple that texts are filled up to: two blocks.
const FILLED: usize = 32;
/// Random bytes and length before a text.
const HEAD: usize = 20;

/// Key that an `EncodingAESKey` stands for.
#[derive(Clone)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// Reads 43 letters and digits. Their last two bits are beyond the key, and mean nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lenient: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);
        let alphanumeric = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let bytes = GeneralPurpose::new(&ALPHABET, lenient).decode(text).ok()?;
        let key = bytes.try_into().ok().map(Self);
        key.filter(|_| alphanumeric)
    }

    fn cipher(&self) -> Aes256 {
        Aes256::new(&Array::from(self.0))
    }

    fn first_vector(&self) -> [u8; BLOCK] {
        let mut vector = [0; BLOCK];
        vector.copy_from_slice(&self.0[..BLOCK]);
        vector
    }
}

/// Encrypts a text for a receiver, to base64.
pub(super) fn seal(key: &Key, random: [u8; 16], text: &str, receiver: &str) -> String {
    let mut bytes = random.to_vec();
    bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(receiver.as_bytes());
    let filling = FILLED - bytes.len() % FILLED;
    bytes.resize(bytes.len() + filling, filling as u8);
    let (cipher, mut before) = (key.cipher(), key.first_vector());
    for block in bytes.as_chunks_mut::<BLOCK>().0 {
        let mut mixed = Array::from(exclusive_or(*block, before));
        cipher.encrypt_block(&mut mixed);
        *block = mixed.into();
        before = *block;
    }
    STANDARD.encode(bytes)
}

/// Decrypts a text that was sealed for a receiver. Errors with what is wrong with it.
pub(super) fn open(key: &Key, sealed: &str, receiver: &str) -> Result<String, &'static str> {
    let mut bytes = STANDARD.decode(sealed).map_err(|_| "it is no base64")?;
    if bytes.is_empty() || !bytes.len().is_multiple_of(FILLED) {
        return Err("its length is no multiple of 32 bytes");
    }
    let (cipher, mut before) = (key.cipher(), key.first_vector());
    for block in bytes.as_chunks_mut::<BLOCK>().0 {
        let mut mixed = Array::from(*block);
        cipher.decrypt_block(&mut mixed);
        let plain = exclusive_or(mixed.into(), before);
        before = *block;
        *block = plain;
    }
    let filling = usize::from(bytes.last().copied().unwrap_or(0));
    let end = bytes.len().checked_sub(filling);
    let end = end.filter(|_| (1..=FILLED).contains(&filling));
    let end = end.ok_or("its filling is wrong")?;
    if bytes[end..]
        .iter()
        .any(|byte| usize::from(*byte) != filling)
    {
        return Err("its filling is wrong");
    }
    let (head, rest) = bytes[..end]
        .split_first_chunk::<HEAD>()
        .ok_or("it is too short")?;
    let length = u32::from_be_bytes([head[16], head[17], head[18], head[19]]);
    let parts = rest.split_at_checked(length as usize);
    let (text, other) = parts.ok_or("its length goes beyond its end")?;
    if other != receiver.as_bytes() {
        return Err("it is for another corporation");
    }
    String::from_utf8(text.to_vec()).map_err(|_| "it is no UTF-8")
}

/// Signature of a sealed text: SHA-1 of the four texts, sorted, in small hexadecimal digits.
pub(super) fn signature(token: &str, timestamp: &str, nonce: &str, sealed: &str) -> String {
    let mut texts = [token, timestamp, nonce, sealed];
    texts.sort_unstable();
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, texts.concat().as_bytes());
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

fn exclusive_or(left: [u8; BLOCK], right: [u8; BLOCK]) -> [u8; BLOCK] {
    std::array::from_fn(|place| left[place] ^ right[place])
}

#[cfg(test)]
mod tests;
