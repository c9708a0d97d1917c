//! Credentials of an app.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

/// Credentials that `gettoken` changes for an access token (page 91039). `Debug` shows neither.
#[derive(Clone)]
pub struct Credentials {
    /// Id of the corporation (企业ID), such as `ww0123456789abcdef`.
    pub corp_id: Arc<SecretString>,
    /// Secret of the app: it belongs to one app, and changes when it is reset.
    pub corp_secret: Arc<SecretString>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}
