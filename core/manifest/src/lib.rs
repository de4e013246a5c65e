//! The manifest language: how a platform is read, how its data is decoded, and how its fields map to canonical
//! fields.
//!
//! The types here are the only definition of the language (see [`shape`]). A manifest is checked when it is read.
//! Every unknown key or word, required field that is not mapped and unit without a rule is reported with line and
//! column before anything runs.

pub mod amount;
mod check;
pub mod content;
mod define;
pub mod explain;
pub mod fault;
pub mod format;
pub mod mapping;
mod page;
mod path;
mod paths;
pub mod quality;
pub mod read;
pub mod reference;
pub mod rule;
mod sample;
pub mod schema;
pub mod shape;
pub mod stream;
pub mod template;
pub mod transport;

pub use fault::{LocatedProblem, ManifestError, Problem};
pub use format::{Archive, Encoding, Format, Layout, Separator, matches_name_pattern};
pub use mapping::{Field, Rule, Step, Unit};
pub use sample::{MAX_SAMPLES, Sample};
pub use shape::Within;
pub use stream::{Assessor, Kind, KnownBy, Paging, PassRule, Since, Stream, VersionFrom, WhenCorrected, WhenMissing};
pub use transport::{Auth, Bucket, Download, Request, Sign, Transport};

use read::Reader;

table! {
    /// The description of one kind of platform.
    #[zh = "对一种平台的说明（清单）"]
    pub struct Manifest {
        /// Version of the manifest language: 1.
        #[zh = "清单语言的版本：1"]
        manifest: Within<1, 1>;
        /// Connector id: lowercase letters, digits, `-` and `_`.
        #[zh = "连接器标识：小写字母、数字、- 和 _"]
        id: String;
        /// Version of this manifest; raise it with every change.
        #[zh = "本清单的版本，每次修改加一"]
        version: Within<1, 1_000_000>;
        /// Title in Chinese.
        #[zh = "中文名称"]
        title_zh: String;
        /// Title in English.
        #[zh = "英文名称"]
        title_en: String;
        /// What this description is based on.
        #[zh = "依据：这份清单根据什么写成"]
        profile: String;
        /// How the platform is reached.
        #[zh = "如何与平台对接"]
        transport: Transport;
        /// Its streams, in the order they are read.
        #[zh = "数据流，按读取顺序"]
        stream: Vec<Stream>;
    }
}

impl Manifest {
    /// Parses and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] with all faults at once, each with line, column and what is allowed.
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        Reader::read_document(file, text, check::check_manifest)
    }

    /// Returns the stream with a name.
    #[must_use]
    pub fn find_stream(&self, name: &str) -> Option<&Stream> {
        self.stream.iter().find(|s| s.name == name)
    }

    /// Returns its version as stored in tables.
    #[must_use]
    pub fn version_number(&self) -> i64 {
        i64::try_from(self.version.0).unwrap_or(i64::MAX)
    }
}
