//! What a platform sends: versions of a few records of three people, some of them faulty.

use proptest::prelude::*;

/// One version of one record, as the institution platform sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRecord {
    pub record: u8,
    pub version: u8,
    pub minutes: u16,
    pub learning: u8,
    pub bad: Option<Bad>,
    pub state: State,
}

/// What the platform says of the record: `void` withdraws it, a `draft` is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Valid,
    Void,
    Draft,
}

/// The fault of a record. Only the last two hide its version or its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    Name,
    Minutes,
    NameAndMinutes,
    Version,
    Id,
}

const PEOPLE: [(&str, &str); 3] =
    [("22010219590911001X", "王一"), ("220381197001011228", "李二"), ("220184197001011226", "张三")];

impl SentRecord {
    fn to_json(&self) -> String {
        // A record keeps its person and its course in all versions.
        let (id_number, name) = PEOPLE[usize::from(self.record) % 3];
        let bad = |these: &[Bad]| self.bad.is_some_and(|b| these.contains(&b));
        let name = if bad(&[Bad::Name, Bad::NameAndMinutes]) { "?" } else { name };
        let minutes = if bad(&[Bad::Minutes, Bad::NameAndMinutes]) { "\"x\"".into() } else { self.minutes.to_string() };
        let version = if bad(&[Bad::Version]) { "\"x\"".into() } else { self.version.to_string() };
        let id = if bad(&[Bad::Id]) { String::new() } else { format!("\"id\":\"C{}\",", self.record) };
        let state = match self.state {
            State::Valid => "",
            State::Void => "\"state\":\"void\",",
            State::Draft => "\"state\":\"draft\",",
        };
        format!(
            "{{{state}{id}\"version\":{version},\"userName\":\"{name}\",\"idNo\":\"{id_number}\",\"courseCode\":\"TS-0{}\",\
             \"studyMinutes\":{minutes},\"scores\":{{\"learning\":\"{}\",\"activity\":\"70\",\"artefact\":\"60\"}},\
             \"finishTime\":\"2014-11-20\"}}",
            self.record / 2 % 4 + 1,
            self.learning
        )
    }
}

/// Returns the text of a page.
pub fn render_page(items: &[SentRecord]) -> String {
    let items: Vec<String> = items.iter().map(SentRecord::to_json).collect();
    format!("{{\"code\":0,\"data\":{{\"items\":[{}]}}}}", items.join(","))
}

/// Generates a version of one of `records` records. Few contents occur, so that equal ones meet.
pub fn sent_strategy(records: u8) -> impl Strategy<Value = SentRecord> {
    let bad = prop_oneof![
        12 => Just(None),
        2 => Just(Some(Bad::Name)),
        2 => Just(Some(Bad::Minutes)),
        2 => Just(Some(Bad::NameAndMinutes)),
        1 => Just(Some(Bad::Version)),
        1 => Just(Some(Bad::Id)),
    ];
    (0..records, 1u8..4, prop_oneof![3 => Just(45u16), 1 => 1u16..2000], prop_oneof![Just(80u8), 30u8..100], bad)
        .prop_map(|(record, version, minutes, learning, bad)| SentRecord {
            record,
            version,
            minutes,
            learning,
            bad,
            state: State::Valid,
        })
}

/// Generates a version of one of `records` records, some of them void or drafts.
pub fn said_strategy(records: u8) -> impl Strategy<Value = SentRecord> {
    let state = prop_oneof![3 => Just(State::Valid), 1 => Just(State::Void), 1 => Just(State::Draft)];
    (sent_strategy(records), state).prop_map(|(sent, state)| SentRecord { state, ..sent })
}
