//! Closed sets that the service writes as numbers.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Makes an enumeration that is written as the number of its variant.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of])* $variant = $number,)+
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u8(*self as u8)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match u64::deserialize(deserializer)? {
                    $($number => Ok(Self::$variant),)+
                    other => Err(D::Error::custom(format!(
                        concat!("{} is no ", stringify!($name), ", expected one of:" $(, " ", stringify!($number))+),
                        other
                    ))),
                }
            }
        }
    };
}

numbered! {
    /// Colour of a source's text.
    DescColor {
        /// Grey, as without a colour.
        Grey = 0,
        /// Black.
        Black = 1,
        /// Red.
        Red = 2,
        /// Green.
        Green = 3,
    }
}

numbered! {
    /// What opens when a part of a card is pressed.
    LinkType {
        /// Nothing, as without a type.
        Nothing = 0,
        /// Web page of `url`.
        Url = 1,
        /// Page `pagepath` of the mini program `appid`.
        MiniProgram = 2,
    }
}

numbered! {
    /// What opens when a line of a card is pressed.
    ContentType {
        /// Nothing, as without a type.
        Text = 0,
        /// Web page of `url`.
        Url = 1,
        /// File of `media_id`.
        File = 2,
        /// Page of the member `userid`.
        Member = 3,
    }
}

numbered! {
    /// What a button does.
    ButtonType {
        /// Sends an event with its `key` to the callback URL, as without a type.
        Callback = 0,
        /// Opens the web page of `url`.
        Url = 1,
    }
}

numbered! {
    /// Look of a button.
    ButtonStyle {
        /// Blue, as without a style.
        Primary = 1,
        /// White with blue text.
        Secondary = 2,
        /// White with red text.
        Warning = 3,
        /// White with black text.
        Plain = 4,
    }
}

numbered! {
    /// How many options of a vote may be chosen.
    CheckboxMode {
        /// One, as without a mode.
        Single = 0,
        /// Several.
        Multiple = 1,
    }
}
