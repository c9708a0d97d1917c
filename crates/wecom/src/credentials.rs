//! The credentials of an app.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

/// The corporation's id and the app's secret. Prints neither.
#[derive(Clone)]
pub struct Credentials {
    /// The corporation's id.
    pub corp_id: Arc<SecretString>,
    /// The app's secret.
    pub corp_secret: Arc<SecretString>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}
