//! Assigns each column at most one meaning, and each field at most one column.

use std::collections::BTreeMap;

use crate::infer::answers::identifying_field;
use crate::infer::candidates::{Candidate, Columns, MIN_TELLING_SCORE};
use crate::infer::content;
use crate::infer::dictionary::STRIPPED;
use crate::infer::doubts;
use crate::infer::groups::Group;
use crate::infer::guess::{Evidence, FieldGuess, Pass, Question, REQUIRED, UNSURE, UnitGuess, UnmappedColumn};
use crate::infer::table::{Column, Table};
use crate::infer::terms::Meaning;
use crate::infer::unit;
use huiliu_decode::draft::redact_text;
use huiliu_manifest::Field;
use huiliu_values::date::parse_date;

/// Two guesses are rivals if their confidences differ by less than this.
const CLOSE: u32 = 12;
/// Highest confidence for a field that has a rival.
const WITH_RIVAL: u32 = 74;
/// Confidence in credits used as hours, if there are no other hours.
const CREDIT_AS_HOURS: u32 = 72;

/// Longest word of a result, in characters.
const LONGEST_WORD: usize = 16;
/// Highest confidence for a name that is split over two columns.
const MAX_SPLIT_NAME_CONFIDENCE: u32 = 84;
/// Columns that may say whether the teacher passed: how many are listed, and how many different texts each may have.
const VERDICTS: (usize, usize) = (4, 6);

/// The meanings assigned to a table's columns.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Meaning of each column.
    pub meanings: Vec<Option<Meaning>>,
    pub fields: Vec<FieldGuess>,
    pub unit: Option<UnitGuess>,
    pub questions: Vec<Question>,
    pub others: Vec<UnmappedColumn>,
    /// Unmapped columns that may say whether the teacher passed.
    pub verdicts: Vec<String>,
    /// Groups of columns that repeat, each of which is a training of its own.
    pub groups: Vec<Group>,
}

impl Settled {
    /// Returns the weight of the table; the heaviest of several is used.
    pub fn total_weight(&self) -> u32 {
        let of = |guess: &FieldGuess| {
            let required = REQUIRED.iter().any(|field| field.as_str() == guess.field);
            guess.confidence * if required { 10 } else { 1 }
        };
        self.fields.iter().map(of).sum()
    }

    /// Returns the path of the column with this meaning.
    pub fn path_of(&self, meaning: Meaning, table: &Table) -> Option<String> {
        let at = self.meanings.iter().position(|m| *m == Some(meaning))?;
        table.columns.get(at).filter(|c| !c.twin).map(|c| c.path.clone())
    }

    /// Returns the path that a field is mapped from.
    pub fn mapped_path(&self, field: Field) -> Option<String> {
        self.fields.iter().find(|guess| guess.field == field.as_str()).map(|guess| guess.path.clone())
    }

    /// Decides what says that the teacher passed.
    pub fn find_pass(&self, table: &Table) -> Pass {
        if [Field::ScoreLearning, Field::ScoreActivity, Field::ScoreArtefact]
            .iter()
            .all(|f| self.mapped_path(*f).is_some())
        {
            return Pass::Scores;
        }
        if let Some(path) = self.path_of(Meaning::Field(Field::Result), table) {
            let column = table.columns.iter().find(|c| c.path == path);
            let mut words: Vec<String> = column.into_iter().flat_map(|c| c.values.iter().flatten().cloned()).collect();
            // Yes and no beside a score are not surely its result: 是否完成.
            let says_little = words.iter().all(|word| content::is_yes_or_no(word.trim()));
            if says_little && self.mapped_path(Field::ScoreTotal).is_some() && !doubts::names_passing(&path) {
                return Pass::Nothing;
            }
            // A text that does not look like a word of a result may be a remark about a person, so it is masked.
            for word in
                words.iter_mut().filter(|word| word.chars().count() > LONGEST_WORD || redact_text(word) != **word)
            {
                "…".clone_into(word);
            }
            words.sort();
            words.dedup();
            words.truncate(12);
            return Pass::Words { path, words };
        }
        self.path_of(Meaning::Field(Field::ScoreTotal), table).map_or(Pass::Nothing, |path| Pass::Total { path })
    }
}

/// Settles the meanings of a table's columns.
pub(super) fn settle_table(table: &Table) -> Settled {
    let columns = Columns::new(table);
    let candidates = columns.list_candidates();
    let mut settled = Settled { meanings: vec![None; table.columns.len()], ..Settled::default() };
    let mut taken: BTreeMap<usize, Candidate> = BTreeMap::new();
    for candidate in &candidates {
        let free = !taken.contains_key(&candidate.column);
        let first = matches!(candidate.meaning, m if !is_exclusive(m))
            || !taken.values().any(|t| t.meaning == candidate.meaning);
        if free && first && candidate.confidence >= UNSURE {
            taken.insert(candidate.column, candidate.clone());
        }
    }
    credit_as_hours(&mut taken);
    for (column, candidate) in &taken {
        settled.meanings[*column] = Some(candidate.meaning);
    }
    columns.add_fields(&mut settled, &taken, &candidates);
    columns.split_period_column(&mut settled);
    columns.take_only_columns(&mut settled);
    columns.take_paired_code(&mut settled);
    columns.use_title_as_code(&mut settled);
    columns.drop_groups(&mut settled);
    columns.doubt_hours(&mut settled);
    columns.doubt_deadline(&mut settled);
    columns.doubt_end(&mut settled);
    columns.doubt_total(&mut settled);
    columns.doubt_result(&mut settled);
    columns.doubt_blank(&mut settled);
    columns.settle_unit(&mut settled);
    columns.scale_scores(&mut settled);
    columns.ask_scales(&mut settled);
    columns.ask_pass_mark(&mut settled);
    columns.ask_adjusted(&mut settled);
    columns.ask_shared_code(&mut settled);
    columns.join_given_name(&mut settled);
    columns.drop_layered(&mut settled);
    columns.ask_legend(&mut settled);
    columns.list_verdicts(&mut settled);
    columns.ask_states(&mut settled);
    columns.ask_other_verdict(&mut settled);
    columns.add_questions(&mut settled, &candidates);
    columns.list_others(&mut settled);
    let order = |guess: &FieldGuess| REQUIRED.iter().position(|f| f.as_str() == guess.field).unwrap_or(usize::MAX);
    settled.fields.sort_by_key(|guess| (order(guess), guess.field));
    settled
}

/// Returns the steps that may make the texts that do not fit readable.
fn helping_steps(field: Field, odd: &[&str]) -> Vec<String> {
    let all = |test: fn(&str) -> bool| odd.iter().all(|text| test(text));
    let is_grouped =
        |text: &str| text.contains(',') && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.'));
    match field {
        Field::Hours if all(is_grouped) => {
            match all(|text| text.split([',', '.']).nth(1).is_some_and(|group| group.len() == 3)) {
                true => vec!["then = [{ replace = { from = \",\", to = \"\" } }]".to_owned()],
                false => vec!["then = [{ replace = { from = \",\", to = \".\" } }]".to_owned()],
            }
        }
        Field::Hours if all(|text| text.starts_with(|c: char| c.is_ascii_digit()) && text.contains("学时")) => {
            vec!["then = [{ capture = \"^([0-9.]+) *学时\" }]".to_owned()]
        }
        Field::PeriodEnd => day_formats(odd).into_iter().map(|form| format!("formats = [\"{form}\"]")).collect(),
        _ => vec![],
    }
}

/// Returns the formats under which all of these texts are days: three numbers with one separator, the year in four digits
/// or two.
fn day_formats(texts: &[&str]) -> Vec<String> {
    let mark = ['/', '-', '.'].into_iter().find(|mark| texts.iter().all(|text| text.matches(*mark).count() == 2));
    let Some(mark) = mark else { return vec![] };
    let fits = |order: &[&str; 3]| {
        texts.iter().all(|text| {
            text.split(mark).zip(order).all(|(part, kind)| {
                let is_number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
                is_number
                    && match *kind {
                        "%Y" => part.len() == 4,
                        "%y" => part.len() == 2,
                        "%m" => part.len() <= 2 && part.parse().is_ok_and(|month: u32| (1..=12).contains(&month)),
                        _ => part.len() <= 2 && part.parse().is_ok_and(|day: u32| (1..=31).contains(&day)),
                    }
            })
        })
    };
    let orders = [["%y", "%m", "%d"], ["%d", "%m", "%Y"], ["%m", "%d", "%Y"], ["%d", "%m", "%y"], ["%m", "%d", "%y"]];
    orders.iter().filter(|order| fits(order)).map(|order| order.join(&mark.to_string())).collect()
}

/// Returns whether only one column can have a meaning.
fn is_exclusive(meaning: Meaning) -> bool {
    matches!(meaning, Meaning::Field(_) | Meaning::Version | Meaning::Credit)
}

/// Takes 学分 as hours, if the platform gives no other hours.
fn credit_as_hours(taken: &mut BTreeMap<usize, Candidate>) {
    let hours = Meaning::Field(Field::Hours);
    if taken.values().any(|t| t.meaning == hours) {
        return;
    }
    let planned = taken.values().any(|t| t.meaning == Meaning::PlannedHours);
    if let Some(credit) = taken.values_mut().find(|t| t.meaning == Meaning::Credit).filter(|_| !planned) {
        credit.meaning = hours;
        credit.confidence = credit.confidence.min(CREDIT_AS_HOURS);
    }
}

impl Columns<'_> {
    fn add_fields(&self, settled: &mut Settled, taken: &BTreeMap<usize, Candidate>, candidates: &[Candidate]) {
        for candidate in taken.values() {
            let Meaning::Field(field) = candidate.meaning else { continue };
            let column = &self.table.columns[candidate.column];
            // A path of two columns says neither of them.
            if column.twin {
                let path = column.path.clone();
                let is_layered = self.layered_paths().any(|of| *of == path);
                settled.questions.push(if is_layered { Question::Layers { path } } else { Question::Twin { path } });
                continue;
            }
            let mut guess = FieldGuess {
                field: field.as_str(),
                path: column.path.clone(),
                confidence: candidate.confidence,
                evidence: candidate.evidence.clone(),
                examples: masked_examples(field, column),
                piece: None,
                full_mark: None,
                joined: None,
            };
            if let Some(other) = self.find_rival(candidate, taken, candidates) {
                guess.confidence = guess.confidence.min(WITH_RIVAL);
                guess.evidence.push(Evidence::Rival { path: other.clone() });
                settled.questions.push(Question::Rival { field: field.as_str(), path: column.path.clone(), other });
            }
            settled.fields.push(guess);
        }
    }

    /// Returns another column that could equally be the field.
    fn find_rival(
        &self,
        of: &Candidate,
        taken: &BTreeMap<usize, Candidate>,
        candidates: &[Candidate],
    ) -> Option<String> {
        let rival = candidates.iter().find(|other| {
            let elsewhere = taken.get(&other.column).is_some_and(|t| t.confidence >= other.confidence);
            other.meaning == of.meaning
                && other.column != of.column
                && !elsewhere
                && other.confidence + CLOSE > of.confidence
        })?;
        // Two columns with the same texts need no question.
        let [a, b] = [of.column, rival.column].map(|at| &self.table.columns[at]);
        (a.values != b.values).then(|| b.path.clone())
    }

    /// Joins the given name to the family name, because a family name alone is not a name.
    fn join_given_name(&self, settled: &mut Settled) {
        let leaf = |at: usize| -> String {
            let words = self.table.columns[at].words.last().map(String::as_str).unwrap_or_default();
            words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let above = |at: usize| self.table.columns[at].words.split_last().map_or(&[][..], |(_, above)| above);
        let find = |names: &[&str]| {
            (0..self.table.columns.len())
                .filter(|at| names.contains(&leaf(*at).as_str()) && !self.table.columns[*at].twin)
                .collect()
        };
        let families: Vec<usize> = find(&["familyname", "lastname", "surname", "姓", "姓氏"]);
        let given: Vec<usize> = find(&["givenname", "firstname", "forename", "名", "名字"]);
        let pairs = families.iter().flat_map(|f| given.iter().map(move |g| (*f, *g)));
        let mut pairs = pairs.filter(|(f, g)| above(*f) == above(*g));
        let path = |at: usize| &self.table.columns[at].path;
        let known = settled.mapped_path(Field::Name);
        let is_of_name = |f: usize, g: usize| known.as_ref().is_none_or(|known| [path(f), path(g)].contains(&known));
        let Some((family, given)) = pairs.find(|(f, g)| is_of_name(*f, *g)) else { return };
        if known.is_none() {
            let column = &self.table.columns[family];
            settled.fields.push(FieldGuess {
                field: Field::Name.as_str(),
                path: column.path.clone(),
                confidence: MAX_SPLIT_NAME_CONFIDENCE,
                evidence: vec![],
                examples: masked_examples(Field::Name, column),
                piece: None,
                full_mark: None,
                joined: None,
            });
        }
        let Some(guess) = settled.fields.iter_mut().find(|guess| guess.field == Field::Name.as_str()) else { return };
        let rival = |question: &Question| matches!(question, Question::Rival { field: "name", .. });
        settled.questions.retain(|question| !rival(question));
        guess.path.clone_from(path(family));
        guess.joined = Some(path(given).clone());
        guess.confidence = guess.confidence.min(MAX_SPLIT_NAME_CONFIDENCE);
        guess.evidence.push(Evidence::WithGivenName { path: path(given).clone() });
    }

    /// Returns the paths of columns that a third row of the header divides.
    fn layered_paths(&self) -> impl Iterator<Item = &String> {
        self.table.layered.iter().filter_map(|at| Some(&self.table.columns.get(*at)?.path))
    }

    /// Leaves out the fields of columns that a third row of the header divides: which of them is meant is asked.
    fn drop_layered(&self, settled: &mut Settled) {
        for path in self.layered_paths() {
            let count = settled.fields.len();
            settled.fields.retain(|guess| guess.path != *path);
            if settled.fields.len() < count {
                settled.questions.push(Question::Layers { path: path.clone() });
            }
        }
        if settled.mapped_path(Field::Hours).is_none() {
            settled.unit = None;
        }
    }

    /// Leaves out the fields of columns that repeat: to read the first group alone would lose the records of the others.
    fn drop_groups(&self, settled: &mut Settled) {
        settled.groups = self.find_groups();
        let grouped: Vec<&String> =
            settled.groups.iter().flat_map(|group| &group.columns).map(|at| &self.table.columns[*at].path).collect();
        if grouped.is_empty() {
            return;
        }
        settled.fields.retain(|guess| !grouped.contains(&&guess.path));
        settled.questions.retain(|question| match question {
            Question::Rival { path, .. } | Question::Twin { path } | Question::Unsure { path, .. } => {
                !grouped.contains(&path)
            }
            _ => true,
        });
        let name = |group: &Group| {
            let paths: Vec<&str> = group.columns.iter().map(|at| self.table.columns[*at].path.as_str()).collect();
            paths.join(" + ")
        };
        let groups = settled.groups.iter().map(name).collect();
        let mut columns = settled.groups.iter().flat_map(|group| &group.columns);
        let named_alike = columns.any(|at| self.table.columns[*at].twin);
        settled.questions.push(Question::Groups { groups, named_alike });
    }

    /// Returns whether a column is one of those that repeat.
    pub fn is_grouped(settled: &Settled, at: usize) -> bool {
        settled.groups.iter().any(|group| group.columns.contains(&at))
    }

    /// Asks about a column that is named as a required field, but of which some texts do not fit.
    fn question_about_texts(&self, field: Field, at: usize) -> Option<Question> {
        let column = &self.table.columns[at];
        let texts = || column.values.iter().flatten();
        // Two days in a cell are a period, whatever the column is called.
        let is_yearless = field == Field::PeriodEnd && texts().all(|text| content::is_yearless_period(text));
        if is_yearless && texts().count() > 0 && !column.twin {
            let odd = texts().take(3).map(|text| redact_text(text)).collect();
            return Some(Question::NoYear { path: column.path.clone(), odd });
        }
        if self.names[at].score_for(Meaning::Field(field)) < STRIPPED || column.twin {
            return None;
        }
        let fits = |text: &str| match field {
            Field::Hours => content::is_number(text),
            Field::PeriodEnd => parse_date(text).is_ok(),
            _ => true,
        };
        let mut odd: Vec<&str> =
            column.values.iter().flatten().map(|text| text.trim()).filter(|text| !fits(text)).collect();
        odd.sort_unstable();
        odd.dedup();
        if odd.is_empty() {
            return None;
        }
        let path = column.path.clone();
        if field == Field::Hours && odd.iter().all(|text| content::is_calendar_days(text)) {
            return Some(Question::CalendarDays { path });
        }
        if field == Field::PeriodEnd && odd.iter().all(|text| content::is_yearless(text)) {
            return Some(Question::NoYear { path, odd: odd.iter().take(3).map(|text| redact_text(text)).collect() });
        }
        let steps = helping_steps(field, &odd);
        let odd = odd.iter().take(3).map(|text| redact_text(text)).collect();
        Some(Question::Odd { field: field.as_str(), path, odd, steps })
    }

    fn list_verdicts(&self, settled: &mut Settled) {
        let may = |at: &usize| {
            let facts = &self.facts[*at];
            let column = &self.table.columns[*at];
            let state = settled.meanings[*at] == Some(Meaning::State) && facts.distinct > 1;
            // A column that is named as a result is offered whatever it has, such as 合格(85), √ or 缺考.
            let named = [Field::Result, Field::ScoreTotal]
                .iter()
                .any(|field| self.names[*at].score_for(Meaning::Field(*field)) >= MIN_TELLING_SCORE);
            let told = facts.results >= 60 || state || named && facts.filled > 0;
            let score = matches!(settled.meanings[*at], Some(Meaning::OtherScore)) && facts.distinct > 1;
            let mapped = settled.fields.iter().any(|guess| guess.path == column.path);
            let is_asked = settled
                .questions
                .iter()
                .any(|question| matches!(question, Question::FullMark { path, .. } | Question::Legend { path, .. } if *path == column.path));
            // A number that is the same for all is a full mark or a pass mark.
            let is_constant = facts.numbers >= 90 && facts.distinct == 1 && facts.filled > 1;
            let named = named && !is_constant;
            (score || named || told && facts.distinct <= VERDICTS.1) && !mapped && !is_asked && !column.twin
        };
        let found = (0..self.facts.len()).filter(may).take(VERDICTS.0);
        settled.verdicts = found.map(|at| self.table.columns[at].path.clone()).collect();
    }

    fn add_questions(&self, settled: &mut Settled, candidates: &[Candidate]) {
        for field in REQUIRED {
            if settled.mapped_path(field).is_some() {
                continue;
            }
            let is_asked = |at: &usize| !Self::is_grouped(settled, *at);
            // What the groups hold is asked once, for all of them.
            if self.is_in_groups(settled, field) {
                continue;
            }
            let odd = (0..self.facts.len()).filter(is_asked).find_map(|at| self.question_about_texts(field, at));
            if let Some(odd) = odd {
                settled.questions.push(odd);
                continue;
            }
            if field == Field::Hours {
                let is_asked = |question: &Question| {
                    matches!(question, Question::Product { .. } | Question::Sum { .. } | Question::OtherHours { .. })
                };
                if settled.questions.iter().any(is_asked) {
                    continue;
                }
                if let Some(question) = self.question_about_hours(settled) {
                    settled.questions.push(question);
                    continue;
                }
            }
            let free = |c: &&Candidate| {
                settled.meanings[c.column].is_none()
                    && c.confidence >= 10
                    && !self.table.columns[c.column].twin
                    && is_asked(&c.column)
            };
            let maybe = candidates.iter().filter(|c| c.meaning == Meaning::Field(field)).find(free);
            settled.questions.push(match maybe {
                Some(c) => {
                    let path = self.table.columns[c.column].path.clone();
                    Question::Unsure { field: field.as_str(), path, confidence: c.confidence }
                }
                None => Question::Missing { field: field.as_str() },
            });
        }
        for (at, facts) in self.facts.iter().enumerate() {
            let path = self.table.columns[at].path.clone();
            let said = |field: Field| self.names[at].score_for(Meaning::Field(field)) >= MIN_TELLING_SCORE;
            if facts.id_shaped >= 50 && facts.ids < 85 && said(Field::IdNumber) {
                settled.questions.push(Question::BadIds { path });
            } else if facts.months >= 80 && facts.dates < 50 && said(Field::PeriodEnd) {
                settled.questions.push(Question::MonthsOnly { path });
            } else if facts.durations >= 80 && facts.dates < 50 && said(Field::Hours) {
                settled.questions.push(Question::Durations { path });
            } else if settled.meanings[at] == Some(Meaning::Period) && settled.mapped_path(Field::PeriodEnd).is_none() {
                settled.questions.push(Question::Period { path });
            }
        }
    }

    fn list_others(&self, settled: &mut Settled) {
        for (column, meaning) in self.table.columns.iter().zip(&settled.meanings) {
            let reads = |guess: &FieldGuess| guess.path == column.path || guess.joined.as_ref() == Some(&column.path);
            if settled.fields.iter().any(reads) {
                continue;
            }
            let meaning = meaning.map(|m| match m {
                Meaning::Field(field) => field.as_str().to_owned(),
                other => format!("{other:?}"),
            });
            // 单位 is also the school, but not where the texts are units of time.
            let is_unit = column.values.iter().flatten().all(|text| unit::unit_of_word(text).is_some());
            let could_be = meaning.as_deref().and_then(identifying_field).filter(|_| !is_unit);
            settled.others.push(UnmappedColumn { path: column.path.clone(), meaning, could_be });
        }
    }
}

/// Returns three different texts of a column, masked; for names only the first character is shown.
pub(super) fn masked_examples(field: Field, column: &Column) -> Vec<String> {
    let mut texts: Vec<&str> = Vec::new();
    for text in column.values.iter().flatten() {
        if texts.len() < 3 && !texts.contains(&text.as_str()) {
            texts.push(text);
        }
    }
    let shown = |text: &&str| match field {
        Field::Name => text.chars().enumerate().map(|(at, c)| if at == 0 { c } else { '*' }).take(8).collect(),
        _ => redact_text(text),
    };
    texts.iter().map(shown).collect()
}
