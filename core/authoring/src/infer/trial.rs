//! Writes manifests in which one answer is tried on the sample: what a person can choose must give values.

use crate::infer::answers::{Answer, ManifestTable};
use crate::infer::guess::Guess;
use crate::infer::write::{quote_string, render_format};

/// What stands for the fields that the answer is not about. The ID number belongs to nobody: it is the one of the tests.
const STAND_INS: [(&str, &str); 5] = [
    ("name", "{ constant = \"王芳\" }"),
    ("id_number", "{ constant = \"22010219590911001X\" }"),
    ("course_code", "{ constant = \"-\" }"),
    ("hours", "{ constant = \"1\", unit = \"class_hour\" }"),
    ("period_end", "{ constant = \"2015-01-01\" }"),
];
/// The same for the keys of the stream.
const KEYS: [(&str, &str); 3] =
    [("record_key", "[\"$file\"]"), ("version", "{ from = \"landing\" }"), ("pass", "\"pending\"")];

/// Writes a manifest that reads nothing of the sample but what an answer says; constants stand for the rest, so that a
/// record is refused only for the answer's sake.
#[must_use]
pub fn write_trial(guess: &Guess, sample: &str, answer: &Answer) -> String {
    let given = |table: ManifestTable| answer.lines.iter().filter(move |line| line.table == table);
    let write = |table: ManifestTable, stand_ins: &[(&str, &str)]| -> String {
        let missing = stand_ins.iter().filter(|(key, _)| !given(table).any(|line| line.key == *key));
        let missing = missing.map(|(key, value)| format!("{key} = {value}"));
        let lines: Vec<String> =
            given(table).map(|line| line.line.clone()).filter(|line| !line.is_empty()).chain(missing).collect();
        lines.join("\n")
    };
    format!(
        "manifest = 1\nid = \"trial\"\nversion = 1\ntitle_zh = \"-\"\ntitle_en = \"-\"\nprofile = \"-\"\n\
         [transport]\nkind = \"files\"\nnames = [{}]\n[[stream]]\nname = \"records\"\nkind = \"course_completion\"\n\
         format = {}\n{}\n[stream.map]\n{}\n",
        quote_string("*"),
        render_format(guess, sample),
        write(ManifestTable::Stream, &KEYS),
        write(ManifestTable::Map, &STAND_INS),
    )
}
