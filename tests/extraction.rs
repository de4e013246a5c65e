//! Tests everything that a manifest can say about how a platform is reached and read, with the real program against a
//! platform on loopback. No manifest here has more than 60 lines.

mod answers;
mod auth;
mod bucket;
mod each;
mod export;
mod folder;
mod generated;
mod guard;
mod large;
mod layouts;
mod odd_parts;
mod paging;
mod platform;
pub mod receive;
mod requests;
mod resume;
mod secrets;
mod sheets;
mod since;
mod tls;
mod upload;

use std::process::{Command, Output};

use serde_json::Value;

use crate::test_env::{Services, TestEnv};
pub use platform::{Answer, Platform, SeenRequest, page_of_records, record_json, record_of_course, records_json};

/// Maximum number of lines of a manifest.
const MAX: usize = 60;

/// A house with one source, whose connector is a manifest.
pub struct Site {
    pub house: TestEnv,
    base_url: String,
}

/// The parts of a manifest in which the tests differ.
pub struct Says<'a> {
    /// Lines under `[transport]`.
    pub transport: &'a str,
    /// Lines under `[[stream]]`.
    pub stream: &'a str,
    /// Further lines under `[stream.map]`.
    pub map: &'a str,
}

impl Default for Says<'_> {
    fn default() -> Self {
        Self { transport: HTTP, stream: JSON, map: "" }
    }
}

pub const HTTP: &str = "kind = \"http\"";
pub const JSON: &str = "request = \"/list\"\nformat = { kind = \"json\", items = \"items\" }";

pub fn manifest_text(id: &str, says: &Says<'_>) -> String {
    let Says { transport, stream, map } = says;
    let course = if map.contains("course_code") { "" } else { "course_code = \"course\"\n" };
    let key = if stream.contains("record_key") { "" } else { "record_key = [\"id\"]\n" };
    let text = format!(
        "manifest = 1\nid = \"{id}\"\nversion = 1\ntitle_zh = \"测试平台\"\ntitle_en = \"A platform of a test\"\n\
         profile = \"Made for a test.\"\n\n[transport]\n{transport}\n\n[[stream]]\nname = \"records\"\nkind = \"certificate\"\n\
         {stream}\n{key}version = {{ from = \"field\", path = \"v\" }}\npass = \"not_assessed\"\n\n[stream.map]\n\
         record_name = \"id\"\nname = \"name\"\nid_number = \"idno\"\n{course}hours = {{ path = \"hours\", unit = \"day\" }}\n\
         period_end = \"end\"\n{map}\n"
    );
    assert!(text.lines().count() <= MAX, "{text}");
    text
}

impl Site {
    pub fn new(platform: &Platform, says: &Says<'_>) -> Self {
        Self::with_database(Services::Sqlite, platform, says)
    }

    pub fn with_database(on: Services, platform: &Platform, says: &Says<'_>) -> Self {
        let site = Self { house: TestEnv::new(on), base_url: platform.url.clone() };
        assert!(on == Services::Sqlite || site.house.run(&["migrate"]).status.success());
        site.write_connector("p", says);
        site.write_source("");
        site
    }

    /// Writes a connector's manifest.
    pub fn write_connector(&self, id: &str, says: &Says<'_>) {
        self.write_manifest(id, &manifest_text(id, says));
    }

    pub fn write_manifest(&self, id: &str, text: &str) {
        assert!(text.lines().count() <= MAX, "{text}");
        let folder = self.house.dir.0.join("manifests").join(id);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("manifest.toml"), text).unwrap();
    }

    /// Writes the settings file: one source `a`, with more lines in its table.
    pub fn write_source(&self, more: &str) {
        self.write_settings(&format!(
            "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\nuser = \"huiliu\"\n\
             password_env = \"PASSWORD\"\n{more}\n",
            self.base_url
        ));
    }

    pub fn write_settings(&self, sources: &str) {
        let manifests = self.house.dir.0.join("manifests");
        std::fs::create_dir_all(&manifests).unwrap();
        let text = format!("manifests_dir = \"{}\"\n{sources}", manifests.display());
        std::fs::write(self.house.dir.0.join("huiliu.toml"), text).unwrap();
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with_env(args, &[])
    }

    pub fn run_with_env(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        self.command(args).envs(env.iter().copied()).output().unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let config = self.house.dir.0.join("huiliu.toml");
        let mut command = self.house.command(args);
        command.args(["--config", config.to_str().unwrap()]).env("PASSWORD", PASSWORD);
        command
    }

    /// Syncs and returns how many records were received and how many inserted.
    pub fn sync(&self) -> (i64, i64) {
        self.sync_with(&[])
    }

    pub fn sync_with(&self, args: &[&str]) -> (i64, i64) {
        let pass = self.run_json(&[&["sync", "--all", "--json"], args].concat());
        let n = |key: &str| pass["balance"][key].as_i64().unwrap();
        assert_eq!((n("parked"), n("unread"), n("pending")), (0, 0, 0), "{pass}");
        (n("received"), n("inserted"))
    }

    /// Syncs, expects that the run fails, and returns the text on standard error.
    pub fn sync_expecting_failure(&self) -> String {
        let out = self.run(&["sync", "--all"]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&out.stdout));
        assert!(!said.contains(PASSWORD), "the password is told: {said}");
        said
    }

    /// Runs the binary, expects exit 0, and parses its output.
    pub fn run_json(&self, args: &[&str]) -> Value {
        let out = self.run(args);
        let left = || String::from_utf8_lossy(&self.run(&["batches", "list"]).stdout).into_owned();
        assert!(out.status.success(), "{args:?}: {}{}", String::from_utf8_lossy(&out.stderr), left());
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Runs a listing and returns its rows.
    pub fn list_items(&self, args: &[&str]) -> Value {
        crate::test_env::items_of(self.run_json(args))
    }

    /// Returns the cursor of source `a`.
    pub fn read_cursor(&self) -> Value {
        let rows = self.list_items(&["cursors", "list", "a", "--json"]);
        rows[0]["cursor"].clone()
    }
}

pub const PASSWORD: &str = "Kennwort-4711";
