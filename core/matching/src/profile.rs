//! One side of a comparison: what a row, a claim or a roster says about a person, prepared for comparison.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::NameForm;
use crate::numbers::{HIDDEN, IdForm};
use huiliu_values::date::parse_date;
use huiliu_values::text::fold_text;

/// What a text says about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A whole name.
    Name,
    /// A name that the person had before.
    FormerName,
    /// The name without the family name.
    GivenName,
    /// The family name alone, such as 欧阳.
    FamilyName,
    /// An ID number, whole, partly masked or damaged.
    IdNumber,
    /// The number that a province or platform assigns to a teacher.
    TeacherNumber,
    /// A birth date, such as 1959-09-11.
    BirthDate,
    /// 男, 女, 1, 2, M, F.
    Sex,
    /// A telephone number, whole or partly masked.
    Phone,
    /// A school's identification code.
    SchoolCode,
    /// A school's name.
    School,
    /// A division code of six digits, or the division's name.
    Region,
    /// A postal address, such as 人民大街1号.
    Address,
    /// A postcode, such as 130000.
    Postcode,
    /// Any other text.
    Text,
}

impl Role {
    /// Returns the word that files use.
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

/// The order of a date's numbers where the text does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 1959-09-11, and every form that manifests allow.
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

/// A person as one side describes them. Personal data: no `Display`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The current name.
    pub name: Option<NameForm>,
    /// Former names.
    pub former: Vec<NameForm>,
    /// The given name, if it has its own column.
    pub given: Option<NameForm>,
    /// The family name, if it has its own column.
    pub family: Option<NameForm>,
    /// The ID number.
    pub id: Option<IdForm>,
    /// Teacher number, upper case.
    pub teacher_number: Option<String>,
    /// Birth date, eight digits; it need not be a real day.
    pub birth: Option<String>,
    /// Whether the person is male.
    pub male: Option<bool>,
    /// Telephone number: digits, masked ones as `*`.
    pub phone: Option<String>,
    /// School code, letters in upper case.
    pub school_code: Option<String>,
    /// School name.
    pub school: Option<NameForm>,
    /// Code or name of the division, letters in upper case.
    pub region: Option<String>,
    /// Postal address, in the form in which texts are compared.
    pub address: Option<TextForm>,
    /// Postcode, letters in upper case.
    pub postcode: Option<String>,
    /// Other texts; each is compared with the other side's text at the same position.
    pub texts: Vec<Option<TextForm>>,
}

impl Profile {
    /// Adds one text. Returns false if it contains nothing that can be compared; an empty text returns true, because a
    /// missing value is not a fault.
    pub fn add_text(&mut self, role: Role, text: &str, order: DateOrder) -> bool {
        if text.trim().is_empty() {
            if role == Role::Text {
                self.texts.push(None);
            }
            return true;
        }
        match role {
            Role::Name => set_if_empty(&mut self.name, NameForm::from_text(text)),
            Role::GivenName => set_if_empty(&mut self.given, NameForm::from_text(text)),
            Role::FamilyName => set_if_empty(&mut self.family, NameForm::from_text(text)),
            Role::FormerName => {
                let form = NameForm::from_text(text);
                let sound = form.is_some();
                self.former.extend(form);
                sound
            }
            Role::IdNumber => set_if_empty(&mut self.id, IdForm::from_text(text)),
            Role::TeacherNumber => set_if_empty(&mut self.teacher_number, upper_alphanumeric(text)),
            Role::BirthDate => set_if_empty(&mut self.birth, read_date(text, order)),
            Role::Sex => set_if_empty(&mut self.male, read_sex(text)),
            Role::Phone => set_if_empty(&mut self.phone, read_phone(text)),
            Role::SchoolCode => set_if_empty(&mut self.school_code, upper_alphanumeric(text)),
            Role::School => set_if_empty(&mut self.school, NameForm::from_text(text)),
            Role::Region => set_if_empty(&mut self.region, upper_alphanumeric(text)),
            Role::Address => set_if_empty(&mut self.address, TextForm::from_text(text)),
            Role::Postcode => set_if_empty(&mut self.postcode, upper_alphanumeric(text)),
            Role::Text => {
                let form = TextForm::from_text(text);
                let sound = form.is_some();
                self.texts.push(form);
                sound
            }
        }
    }

    /// Returns the stated birth date, or else that of a valid ID number.
    #[must_use]
    pub fn any_birth(&self) -> Option<&str> {
        self.birth.as_deref().or_else(|| self.id.as_ref().and_then(IdForm::birth_date))
    }

    /// Returns whether the person is male, as stated, or else by a valid ID number.
    #[must_use]
    pub fn any_male(&self) -> Option<bool> {
        self.male.or_else(|| self.id.as_ref().and_then(IdForm::is_male))
    }
}

/// Stores the value if the place is empty; returns whether there was a value.
fn set_if_empty<T>(place: &mut Option<T>, found: Option<T>) -> bool {
    let sound = found.is_some();
    if place.is_none() {
        *place = found;
    }
    sound
}

/// Returns letters and digits in upper case; `None` if there are none.
fn upper_alphanumeric(text: &str) -> Option<String> {
    let bare: String = fold_text(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    (!bare.is_empty()).then_some(bare)
}

fn read_date(text: &str, order: DateOrder) -> Option<String> {
    let folded = fold_text(text);
    if order == DateOrder::YearFirst {
        if let Ok(date) = parse_date(&folded) {
            return Some(date.format("%Y%m%d").to_string());
        }
        // Digits that are not a valid day can still agree in all but one.
        let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
        return (7..=9).contains(&digits.len()).then_some(digits);
    }
    let numbers: Vec<&str> = folded.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    let &[first, second, year] = numbers.as_slice() else { return None };
    let (day, month) = if order == DateOrder::DayFirst { (first, second) } else { (second, first) };
    (year.len() == 4 && day.len() <= 2 && month.len() <= 2).then(|| format!("{year}{month:0>2}{day:0>2}"))
}

fn read_sex(text: &str) -> Option<bool> {
    match fold_text(text).to_ascii_lowercase().as_str() {
        "男" | "男性" | "1" | "m" | "male" => Some(true),
        "女" | "女性" | "2" | "f" | "female" => Some(false),
        _ => None,
    }
}

fn read_phone(text: &str) -> Option<String> {
    let folded = fold_text(text);
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
    /// Prepares a text as typed; `None` if it has no letter and no digit.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let upper: String = fold_text(text).chars().filter(|c| *c != '\'').flat_map(char::to_uppercase).collect();
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
        assert!(profile.add_text(Role::Name, "张伟", DateOrder::YearFirst));
        assert!(!profile.add_text(Role::Sex, "未知", DateOrder::YearFirst));
        assert!(profile.add_text(Role::Phone, "  ", DateOrder::YearFirst) && profile.phone.is_none());
    }
}
