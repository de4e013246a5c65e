//! One side of a comparison: what a row, a claim or a roster says of a person, ready to be compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::NameForm;
use crate::numbers::{HIDDEN, IdForm};
use huiliu_values::date::parse_date;
use huiliu_values::text::fold;

/// What a text says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A whole name.
    Name,
    /// A name borne before.
    FormerName,
    /// A given name.
    GivenName,
    /// A family name.
    FamilyName,
    /// An ID number, whole, hidden in part or damaged.
    IdNumber,
    /// The number a province or platform gives a teacher.
    TeacherNumber,
    /// A birth date.
    BirthDate,
    /// 男, 女, 1, 2, M, F.
    Sex,
    /// A telephone number, whole or hidden in part.
    Phone,
    /// A school's identification code.
    SchoolCode,
    /// A school's name.
    School,
    /// A division code, six digits, or its name.
    Region,
    /// An address.
    Address,
    /// A postcode.
    Postcode,
    /// Any other text.
    Text,
}

impl Role {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::FormerName => "former_name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::IdNumber => "id_number",
            Self::TeacherNumber => "teacher_number",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
            Self::Phone => "phone",
            Self::SchoolCode => "school_code",
            Self::School => "school",
            Self::Region => "region",
            Self::Address => "address",
            Self::Postcode => "postcode",
            Self::Text => "text",
        }
    }
}

/// In which order a date has its numbers where that cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 1959-09-11 and every form of the manifests.
    #[default]
    YearFirst,
    /// 11.09.1959
    DayFirst,
    /// 09/11/1959
    MonthFirst,
}

/// A text of several words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextForm {
    /// Its words in upper case, sorted.
    pub words: Vec<String>,
    /// Its words in their order, joined by one space.
    pub joined: String,
}

/// A person as one side tells of them. Personal data: no `Display`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name in use.
    pub name: Option<NameForm>,
    /// Names borne before.
    pub former: Vec<NameForm>,
    /// Given name by itself.
    pub given: Option<NameForm>,
    /// Family name by itself.
    pub family: Option<NameForm>,
    /// ID number.
    pub id: Option<IdForm>,
    /// Teacher number, upper case.
    pub teacher_number: Option<String>,
    /// Birth date, eight digits; not always a real day.
    pub birth: Option<String>,
    /// Whether male.
    pub male: Option<bool>,
    /// Digits, hidden ones as `*`.
    pub phone: Option<String>,
    /// School code.
    pub school_code: Option<String>,
    /// School name.
    pub school: Option<NameForm>,
    /// Region.
    pub region: Option<String>,
    /// Address.
    pub address: Option<TextForm>,
    /// Postcode.
    pub postcode: Option<String>,
    /// Other texts, each compared with the other side's of the same place.
    pub texts: Vec<Option<TextForm>>,
}

impl Profile {
    /// Takes one text; false where it says nothing that can be compared (an empty text is true: it says nothing and is
    /// no fault).
    pub fn take(&mut self, role: Role, text: &str, order: DateOrder) -> bool {
        if text.trim().is_empty() {
            if role == Role::Text {
                self.texts.push(None);
            }
            return true;
        }
        match role {
            Role::Name => put(&mut self.name, NameForm::read(text)),
            Role::GivenName => put(&mut self.given, NameForm::read(text)),
            Role::FamilyName => put(&mut self.family, NameForm::read(text)),
            Role::FormerName => {
                let form = NameForm::read(text);
                let sound = form.is_some();
                self.former.extend(form);
                sound
            }
            Role::IdNumber => put(&mut self.id, IdForm::read(text)),
            Role::TeacherNumber => put(&mut self.teacher_number, plain(text)),
            Role::BirthDate => put(&mut self.birth, read_date(text, order)),
            Role::Sex => put(&mut self.male, read_sex(text)),
            Role::Phone => put(&mut self.phone, read_phone(text)),
            Role::SchoolCode => put(&mut self.school_code, plain(text)),
            Role::School => put(&mut self.school, NameForm::read(text)),
            Role::Region => put(&mut self.region, plain(text)),
            Role::Address => put(&mut self.address, TextForm::read(text)),
            Role::Postcode => put(&mut self.postcode, plain(text)),
            Role::Text => {
                let form = TextForm::read(text);
                let sound = form.is_some();
                self.texts.push(form);
                sound
            }
        }
    }

    /// The birth date told by itself, else the one of a valid ID number.
    #[must_use]
    pub fn any_birth(&self) -> Option<&str> {
        self.birth.as_deref().or_else(|| self.id.as_ref().and_then(IdForm::birth))
    }

    /// The sex told by itself, else the one of a valid ID number.
    #[must_use]
    pub fn any_male(&self) -> Option<bool> {
        self.male.or_else(|| self.id.as_ref().and_then(IdForm::male))
    }
}

/// Keeps the first of several; whether there was one.
fn put<T>(place: &mut Option<T>, found: Option<T>) -> bool {
    let sound = found.is_some();
    if place.is_none() {
        *place = found;
    }
    sound
}

/// Letters and digits in upper case.
fn plain(text: &str) -> Option<String> {
    let bare: String = fold(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    (!bare.is_empty()).then_some(bare)
}

fn read_date(text: &str, order: DateOrder) -> Option<String> {
    let folded = fold(text);
    if order == DateOrder::YearFirst {
        if let Ok(date) = parse_date(&folded) {
            return Some(date.format("%Y%m%d").to_string());
        }
        // Digits that are no day can still agree in all but one.
        let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
        return (7..=9).contains(&digits.len()).then_some(digits);
    }
    let numbers: Vec<&str> = folded.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    let &[first, second, year] = numbers.as_slice() else { return None };
    let (day, month) = if order == DateOrder::DayFirst { (first, second) } else { (second, first) };
    (year.len() == 4 && day.len() <= 2 && month.len() <= 2).then(|| format!("{year}{month:0>2}{day:0>2}"))
}

fn read_sex(text: &str) -> Option<bool> {
    match fold(text).to_ascii_lowercase().as_str() {
        "男" | "男性" | "1" | "m" | "male" => Some(true),
        "女" | "女性" | "2" | "f" | "female" => Some(false),
        _ => None,
    }
}

fn read_phone(text: &str) -> Option<String> {
    let folded = fold(text);
    let bare = folded.trim_start_matches("+86");
    let digits: String = bare
        .chars()
        .filter_map(|c| match c {
            '0'..='9' => Some(c),
            '*' | '●' | 'X' | 'x' => Some(char::from(HIDDEN)),
            _ => None,
        })
        .collect();
    let shown = digits.bytes().filter(|b| *b != HIDDEN).count();
    (shown >= 4).then_some(digits)
}

impl TextForm {
    /// A text as typed; none where no letter and no digit stands in it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let upper: String = fold(text).chars().filter(|c| *c != '\'').flat_map(char::to_uppercase).collect();
        let words: Vec<String> =
            upper.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect();
        if words.is_empty() {
            return None;
        }
        let joined = words.join(" ");
        let mut words = words;
        words.sort_unstable();
        Some(Self { words, joined })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_phones_and_sexes_as_typed() {
        for (text, order, date) in [
            ("1959年9月11日", DateOrder::YearFirst, Some("19590911")),
            ("19591311", DateOrder::YearFirst, Some("19591311")),
            ("11/9/1959", DateOrder::DayFirst, Some("19590911")),
            ("9/11/1959", DateOrder::MonthFirst, Some("19590911")),
            ("soon", DateOrder::DayFirst, None),
        ] {
            assert_eq!(read_date(text, order).as_deref(), date, "{text}");
        }
        assert_eq!(read_phone("+86 138-0000-1234").as_deref(), Some("13800001234"));
        assert_eq!(read_phone("138****1234").as_deref(), Some("138****1234"));
        assert_eq!((read_sex("男"), read_sex("F"), read_sex("?")), (Some(true), Some(false), None));
        let mut profile = Profile::default();
        assert!(profile.take(Role::Name, "张伟", DateOrder::YearFirst));
        assert!(!profile.take(Role::Sex, "未知", DateOrder::YearFirst));
        assert!(profile.take(Role::Phone, "  ", DateOrder::YearFirst) && profile.phone.is_none());
    }
}
