//! A text that is written in both languages where it is defined, such as the words of the manifest language.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A text in both languages. A message uses the text in its own language.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Both {
    /// Text in English.
    pub en: Cow<'static, str>,
    /// Text in Chinese.
    pub zh: Cow<'static, str>,
}
