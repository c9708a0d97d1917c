//! Settings of callbacks: what the admin console shows under 接收消息 ("receive messages").

use std::sync::Arc;

use acteon_config::SectionReader;
use acteon_wecom::callback::{Codec, Settings, SettingsError};

const TOKEN: &str = "wechat.callback_token";
const AES_KEY: &str = "wechat.callback_aes_key";

/// Reads the settings; `None` where there are none, or one cannot be used, which is reported.
pub(super) fn read(reader: &mut SectionReader<'_>) -> Option<Codec> {
    let settings = reader.settings();
    let (token, key) = (settings.secret(TOKEN), settings.secret(AES_KEY));
    let (token, encoding_aes_key) = match (token, key) {
        (Some(token), Some(key)) => (token.clone(), key.clone()),
        (None, None) => return None,
        (token, _) => {
            let (there, missing) = if token.is_some() {
                (TOKEN, AES_KEY)
            } else {
                (AES_KEY, TOKEN)
            };
            reader.wrong(there, format!("needs {missing} as well"));
            return None;
        }
    };
    let receive_id = Arc::new(settings.secret("wechat.corp_id")?.clone());
    let made = Codec::new(Settings {
        token,
        encoding_aes_key,
        receive_id,
    });
    made.map_err(|error| {
        let key = match error {
            SettingsError::Token => TOKEN,
            SettingsError::ReceiveId => "wechat.corp_id",
            SettingsError::Key => AES_KEY,
        };
        reader.wrong(key, error.to_string());
    })
    .ok()
}
