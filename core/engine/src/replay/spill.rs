//! Keeps the results of a rehearsal in a file until it is rolled back, so that a plan of any size needs little memory. The
//! file has no name, and is gone with its process.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, Write};

use serde::{Deserialize, Serialize};

use huiliu_store::delivery::replays::{Effect, Item};
use huiliu_values::{BeforeAfter, ExactHours, RecordOutcome};

/// One result, as a line of JSON.
#[derive(Serialize, Deserialize)]
enum Line {
    Item {
        letter: Option<i64>,
        record: Option<i64>,
        batch: i64,
        index: u32,
        address: String,
        outcome: RecordOutcome,
        key: Option<[u8; 16]>,
        tied: bool,
        detail: serde_json::Value,
    },
    Effect {
        person: String,
        teacher: Option<i64>,
        name: Option<String>,
        hours: [i64; 4],
        changed: i64,
    },
    StepEnd,
}

/// Results of a rehearsal, in order.
pub(super) struct Spill(BufWriter<File>);

/// What a spill held.
pub(super) enum Spilled {
    /// A raw record.
    Item(Item),
    /// The effect of the current step on a person.
    Effect(Effect),
    /// The current step is complete.
    StepEnd,
}

impl Spill {
    /// Opens an empty one, in the folder for temporary files.
    pub fn create() -> std::io::Result<Self> {
        Ok(Self(BufWriter::new(tempfile::tempfile()?)))
    }

    /// Adds the results of a step.
    pub fn add_step(&mut self, items: Vec<Item>, effects: Vec<Effect>) -> std::io::Result<()> {
        for item in items {
            let Item {
                dead_letter: letter, record, batch, index, address, outcome, record_key: key, tied, detail, ..
            } = item;
            self.add(&Line::Item { letter, record, batch, index, address, outcome, key, tied, detail })?;
        }
        for Effect { person, teacher, name, counted, provisional, entries_changed: changed, .. } in effects {
            let hours = [counted.before.0, counted.after.0, provisional.before.0, provisional.after.0];
            self.add(&Line::Effect { person, teacher, name, hours, changed })?;
        }
        self.add(&Line::StepEnd)
    }

    fn add(&mut self, line: &Line) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.0, line)?;
        self.0.write_all(b"\n")
    }

    /// Reads the results back.
    pub fn read(self) -> std::io::Result<impl Iterator<Item = std::io::Result<Spilled>>> {
        let mut file = self.0.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        let lines = serde_json::Deserializer::from_reader(BufReader::new(file)).into_iter::<Line>();
        Ok(lines.map(|line| {
            Ok(match line? {
                Line::Item { letter, record, batch, index, address, outcome, key, tied, detail } => {
                    Spilled::Item(Item {
                        dead_letter: letter,
                        record,
                        batch,
                        index,
                        address,
                        outcome,
                        record_key: key,
                        tied,
                        kept: None,
                        detail,
                    })
                }
                Line::Effect { person, teacher, name, hours: [counted, to, provisional, until], changed } => {
                    Spilled::Effect(Effect {
                        person,
                        teacher,
                        name,
                        id_number: None,
                        counted: BeforeAfter::new(ExactHours(counted), ExactHours(to)),
                        provisional: BeforeAfter::new(ExactHours(provisional), ExactHours(until)),
                        entries_changed: changed,
                    })
                }
                Line::StepEnd => Spilled::StepEnd,
            })
        }))
    }
}
