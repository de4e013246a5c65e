//! A text that is written in both languages where it is defined, as the words of the manifest language are.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A text in both languages. In a message it is said in the language of the message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Both {
    /// In English.
    pub en: Cow<'static, str>,
    /// In Chinese.
    pub zh: Cow<'static, str>,
}
