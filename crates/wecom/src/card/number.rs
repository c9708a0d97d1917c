//! Closed sets that the service writes as numbers.

use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Name by which a reader is asked for a number of any size.
pub(crate) const ANY_NUMBER: &str = "number";

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
                struct Numbered;

                impl<'de> Visitor<'de> for Numbered {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("one of:" $(, " ", stringify!($number))+))
                    }

                    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<$name, D::Error> {
                        match u64::deserialize(deserializer)? {
                            $($number => Ok($name::$variant),)+
                            other => Err(D::Error::custom(format!(
                                concat!("{} is no ", stringify!($name), ", expected one of:" $(, " ", stringify!($number))+),
                                other
                            ))),
                        }
                    }
                }

                // The name tells a reader of what people wrote which numbers there are.
                deserializer.deserialize_newtype_struct(concat!($(stringify!($number), " "),+), Numbered)
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

/// Reads a number that may be missing, of any size.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<serde_json::Number>, D::Error> {
    struct Any(serde_json::Number);
    struct OfAnySize;

    impl<'de> Visitor<'de> for OfAnySize {
        type Value = Any;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_newtype_struct<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Any, D::Error> {
            serde_json::Number::deserialize(deserializer).map(Any)
        }
    }

    impl<'de> Deserialize<'de> for Any {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_newtype_struct(ANY_NUMBER, OfAnySize)
        }
    }

    let number = Option::<Any>::deserialize(deserializer)?;
    Ok(number.map(|Any(number)| number))
}
