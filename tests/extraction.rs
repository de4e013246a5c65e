//! Everything that a manifest can say about how a platform is reached and read, against a platform on loopback, through the
//! front door. No manifest here has more than sixty lines.

mod answers;
mod auth;
mod bucket;
mod each;
mod export;
mod folder;
mod guard;
mod large;
mod paging;
mod platform;
mod receive;
mod requests;
mod secrets;
mod since;
mod tls;
mod upload;

use std::process::{Command, Output};

use serde_json::Value;

use crate::house::{House, On};
pub use platform::{Answer, Asked, Platform, page, record, record_of, records};

/// Most lines of a manifest.
const MAX: usize = 60;

/// A house with one source of a connector that a manifest makes.
pub struct Site {
    pub house: House,
    base_url: String,
}

/// What a manifest's stream says besides what all of them have in common.
pub struct Says<'a> {
    /// Lines under `[transport]`.
    pub transport: &'a str,
    /// Lines under `[[stream]]`.
    pub stream: &'a str,
    /// Lines under `[stream.map]` more.
    pub map: &'a str,
}

impl Default for Says<'_> {
    fn default() -> Self {
        Self { transport: HTTP, stream: JSON, map: "" }
    }
}

pub const HTTP: &str = "kind = \"http\"";
pub const JSON: &str = "request = \"/list\"\nformat = { kind = \"json\", items = \"items\" }";

pub fn manifest(id: &str, says: &Says<'_>) -> String {
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
        Self::on(On::Sqlite, platform, says)
    }

    pub fn on(on: On, platform: &Platform, says: &Says<'_>) -> Self {
        let site = Self { house: House::new(on), base_url: platform.url.clone() };
        assert!(on == On::Sqlite || site.house.run(&["migrate"]).status.success());
        site.connector("p", says);
        site.settings("");
        site
    }

    /// Writes a connector's manifest.
    pub fn connector(&self, id: &str, says: &Says<'_>) {
        self.rewrite(id, &manifest(id, says));
    }

    pub fn rewrite(&self, id: &str, text: &str) {
        assert!(text.lines().count() <= MAX, "{text}");
        let folder = self.house.dir.0.join("manifests").join(id);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("manifest.toml"), text).unwrap();
    }

    /// Writes the settings: one source `a` with more lines.
    pub fn settings(&self, more: &str) {
        self.write(&format!(
            "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\nuser = \"huiliu\"\n\
             password_env = \"PASSWORD\"\n{more}\n",
            self.base_url
        ));
    }

    pub fn write(&self, sources: &str) {
        let manifests = self.house.dir.0.join("manifests");
        std::fs::create_dir_all(&manifests).unwrap();
        let text = format!("manifests_dir = \"{}\"\n{sources}", manifests.display());
        std::fs::write(self.house.dir.0.join("huiliu.toml"), text).unwrap();
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, &[])
    }

    pub fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        self.command(args).envs(env.iter().copied()).output().unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let config = self.house.dir.0.join("huiliu.toml");
        let mut command = self.house.command(args);
        command.args(["--config", config.to_str().unwrap()]).env("PASSWORD", PASSWORD);
        command
    }

    /// Syncs; gives records received, and inserted.
    pub fn sync(&self) -> (i64, i64) {
        self.sync_with(&[])
    }

    pub fn sync_with(&self, args: &[&str]) -> (i64, i64) {
        let pass = self.json(&[&["sync", "--all", "--json"], args].concat());
        let n = |key: &str| pass["balance"][key].as_i64().unwrap();
        assert_eq!((n("parked"), n("unread"), n("pending")), (0, 0, 0), "{pass}");
        (n("received"), n("inserted"))
    }

    /// Syncs, and expects that the run fails; gives what is said about it.
    pub fn fail(&self) -> String {
        let out = self.run(&["sync", "--all"]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&out.stdout));
        assert!(!said.contains(PASSWORD), "the password is told: {said}");
        said
    }

    /// Runs, expects exit 0, parses the output.
    pub fn json(&self, args: &[&str]) -> Value {
        let out = self.run(args);
        let left = || String::from_utf8_lossy(&self.run(&["batches", "list"]).stdout).into_owned();
        assert!(out.status.success(), "{args:?}: {}{}", String::from_utf8_lossy(&out.stderr), left());
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// The rows of a listing.
    pub fn items(&self, args: &[&str]) -> Value {
        crate::house::items_of(self.json(args))
    }

    /// The cursor of source `a`.
    pub fn cursor(&self) -> Value {
        let rows = self.items(&["cursors", "list", "a", "--json"]);
        rows[0]["cursor"].clone()
    }
}

pub const PASSWORD: &str = "Kennwort-4711";
