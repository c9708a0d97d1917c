//! Encryption of callbacks: AES-256-CBC over `random(16) ‖ length(4, big-endian) ‖ text ‖ receive id` (page 90968).
//!
//! The padding is PKCS#7 with a block of 32 bytes, although AES has one of 16: ordinary readers refuse paddings of 17 to 32.

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use subtle::{Choice, ConstantTimeEq as _, ConstantTimeLess as _};
use zeroize::Zeroizing;

use super::error::CallbackError;
use super::key::Key;

/// Bytes of an AES block.
const AES_BLOCK: usize = 16;
/// Bytes to whose multiple a text is padded.
const PADDED: usize = 32;
/// Random bytes before a text.
pub(super) const RANDOM: usize = 16;
/// Bytes of a text's length.
const LENGTH: usize = 4;

/// Text that was decrypted, wiped when it is dropped: `response_code` and what people write are in it.
pub(super) type Plain = Zeroizing<Vec<u8>>;

/// Encrypts a text for `receive_id`, to base64. `text` is shorter than 4 GiB.
pub(super) fn encrypt(key: &Key, random: [u8; RANDOM], text: &[u8], receive_id: &[u8]) -> String {
    let unpadded = RANDOM + LENGTH + text.len() + receive_id.len();
    let pad = PADDED - unpadded % PADDED;
    let mut buffer: Plain = Zeroizing::new(Vec::with_capacity(unpadded + pad));
    buffer.extend_from_slice(&random);
    buffer.extend_from_slice(&(text.len() as u32).to_be_bytes());
    buffer.extend_from_slice(text);
    buffer.extend_from_slice(receive_id);
    buffer.resize(unpadded + pad, pad as u8);
    encrypt_blocks(key, &mut buffer);
    STANDARD.encode(&buffer)
}

/// Encrypts a buffer of whole blocks in place.
pub(super) fn encrypt_blocks(key: &Key, buffer: &mut [u8]) {
    let mut encryptor = Encryptor::<Aes256>::new(&(*key.0).into(), &vector(key).into());
    let (blocks, _) = buffer.as_chunks_mut::<AES_BLOCK>();
    for block in blocks {
        encryptor.encrypt_block(block.into());
    }
}

/// Decrypts a text that is for `receive_id`. Its signature was checked before, so that a sender cannot try paddings.
pub(super) fn decrypt(key: &Key, encrypt: &str, receive_id: &[u8]) -> Result<Plain, CallbackError> {
    let bytes = STANDARD
        .decode(encrypt)
        .map_err(|_| CallbackError::Base64)?;
    let mut buffer: Plain = Zeroizing::new(bytes);
    if buffer.len() < PADDED || !buffer.len().is_multiple_of(AES_BLOCK) {
        return Err(CallbackError::Blocks(buffer.len()));
    }
    let mut decryptor = Decryptor::<Aes256>::new(&(*key.0).into(), &vector(key).into());
    let (blocks, _) = buffer.as_chunks_mut::<AES_BLOCK>();
    for block in blocks {
        decryptor.decrypt_block(block.into());
    }
    let end = unpadded(&buffer).ok_or(CallbackError::Padding)?;
    let (length, rest) = buffer[..end]
        .get(RANDOM..)
        .and_then(|rest| rest.split_first_chunk::<LENGTH>())
        .ok_or(CallbackError::Buffer)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (text, id) = rest.split_at_checked(length).ok_or(CallbackError::Buffer)?;
    if !bool::from(id.ct_eq(receive_id)) {
        return Err(CallbackError::ReceiveId);
    }
    Ok(Zeroizing::new(text.to_vec()))
}

/// Initialisation vector: the key's first half.
fn vector(key: &Key) -> [u8; AES_BLOCK] {
    let (first, _) = key.0.as_chunks::<AES_BLOCK>();
    first[0]
}

/// Length of a text without its padding of 1 to 32 bytes; `None` when the padding is wrong. It reads the same bytes whatever the padding is. `buffer`
/// has 32 bytes or more.
fn unpadded(buffer: &[u8]) -> Option<usize> {
    let tail = buffer.last_chunk::<PADDED>()?;
    let pad = tail[PADDED - 1];
    let mut is_right = !pad.ct_eq(&0) & pad.ct_lt(&(PADDED as u8 + 1));
    for (behind, byte) in tail.iter().rev().enumerate() {
        let is_padding: Choice = (behind as u8).ct_lt(&pad);
        is_right &= !is_padding | byte.ct_eq(&pad);
    }
    bool::from(is_right).then(|| buffer.len() - usize::from(pad))
}
