//! Blocking keys: only people who share one are compared. A key never decides anything.
//!
//! Every known kind of damage leaves some key intact: a wrong or transposed digit of an ID number spares its head, its
//! tail or its ends; a masked number keeps its ends; a homophone keeps the sound; a different character keeps the rest
//! of the name beside a school or a birth date.

use crate::names::{NameForm, soundex_code};
use crate::numbers::{HIDDEN, IdForm};
use crate::profile::{Profile, TextForm};

/// What a key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A whole valid ID number.
    IdWhole,
    /// A whole teacher number.
    TeacherNumber,
    /// First six and last four characters of an ID number.
    Id64,
    /// First four and last four characters of an ID number.
    Id44,
    /// First three and last four characters of an ID number.
    Id34,
    /// Area, and the birth date without century and last digit: the part that numbers of fifteen digits also have.
    IdHead,
    /// Month, day and sequence of an ID number.
    IdTail,
    /// Area and sequence of an ID number.
    IdAreaSequence,
    /// A number that is not a citizen ID number.
    Number,
    /// Half of such a number.
    NumberHalf,
    /// A name in simplified characters.
    Name,
    /// The approximate sound of a name.
    Sound,
    /// One part of a name that has several.
    NamePart,
    /// A name's sounds except one, and the school.
    SoundsAtSchool,
    /// A name's sounds except one, and the birth date.
    SoundsBorn,
    /// Sounds of given and family name, in either order.
    SoundPair,
    /// Birth date, for people with Latin names.
    Birth,
    /// Telephone number.
    Phone,
    /// First three and last four digits of a telephone number.
    Phone34,
    /// Postcode and the sound of a name.
    PostcodeSound,
    /// Two adjacent words of an address.
    AddressPair,
    /// One word of another text.
    Word,
}

impl Kind {
    /// Returns the word that tables use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IdWhole => "id_number",
            Self::TeacherNumber => "teacher_number",
            Self::Id64 => "id_6_4",
            Self::Id44 => "id_4_4",
            Self::Id34 => "id_3_4",
            Self::IdHead => "id_head",
            Self::IdTail => "id_tail",
            Self::IdAreaSequence => "id_area_sequence",
            Self::Number => "number",
            Self::NumberHalf => "number_half",
            Self::Name => "name",
            Self::Sound => "sound",
            Self::NamePart => "name_part",
            Self::SoundsAtSchool => "sounds_at_school",
            Self::SoundsBorn => "sounds_born",
            Self::SoundPair => "sound_pair",
            Self::Birth => "birth_date",
            Self::Phone => "phone",
            Self::Phone34 => "phone_3_4",
            Self::PostcodeSound => "postcode_sound",
            Self::AddressPair => "address_pair",
            Self::Word => "word",
        }
    }

    /// Returns whether many people with nothing else in common share such a key. People found only by weak keys are
    /// compared if two of them match, or if the person has fewer than three keys to search by.
    #[must_use]
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Word | Self::AddressPair | Self::NumberHalf)
    }

    /// Returns whether the key alone identifies one person: a whole ID number or a teacher number.
    #[must_use]
    pub fn is_strong(self) -> bool {
        matches!(self, Self::IdWhole | Self::TeacherNumber)
    }
}

/// What keys are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// For the index: all keys by which a person can be found.
    Find,
    /// For a lookup: of an ID number's keys, only the most specific.
    Look,
}

/// Emits every key of a profile in a fixed order; a key may be emitted twice.
pub fn emit_keys(person: &Profile, wanted: KeyUse, emit: &mut dyn FnMut(Kind, &str)) {
    if let Some(id) = &person.id {
        id_keys(id, wanted, emit);
    }
    if let Some(number) = &person.teacher_number {
        emit(Kind::TeacherNumber, number);
    }
    for name in person.name.iter().chain(&person.former) {
        name_keys(person, name, emit);
    }
    pair_keys(person, emit);
    if let Some(phone) = &person.phone {
        phone_keys(phone, wanted, emit);
    }
    let han = person.name.as_ref().or(person.given.as_ref()).is_some_and(|n| n.han);
    if let Some(birth) = person.any_birth().filter(|_| !han) {
        emit(Kind::Birth, birth);
    }
    if let Some(address) = &person.address {
        for pair in word_pairs(address) {
            emit(Kind::AddressPair, &pair);
        }
    }
    for (at, text) in person.texts.iter().enumerate() {
        for word in text.iter().flat_map(|form| &form.words).filter(|word| word.chars().count() > 2) {
            emit(Kind::Word, &format!("{at} {word}"));
        }
    }
}

fn id_keys(id: &IdForm, wanted: KeyUse, emit: &mut dyn FnMut(Kind, &str)) {
    let text = id.reveal();
    if id.is_valid() {
        emit(Kind::IdWhole, text);
    }
    let ends = |from: usize| Some(format!("{} {}", id.shown_digits(0, from)?, id.shown_digits(14, 18)?));
    for (kind, from) in [(Kind::Id64, 6), (Kind::Id44, 4), (Kind::Id34, 3)] {
        if let Some(key) = ends(from) {
            emit(kind, &key);
            if wanted == KeyUse::Look {
                break;
            }
        }
    }
    let whole = !text.bytes().any(|b| b == HIDDEN) && text.is_ascii();
    if !whole {
        return;
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let last = text.len();
    match last {
        15 => {
            emit(Kind::IdHead, part(0, 11));
            emit(Kind::IdTail, part(8, 15));
            emit(Kind::IdAreaSequence, &format!("{} {}", part(0, 6), part(12, 15)));
        }
        17..=19 => {
            emit(Kind::IdHead, &format!("{}{}", part(0, 6), part(8, 13)));
            // Counted from the end, so that a digit missing further left does not shift it.
            emit(Kind::IdTail, part(last - 8, last - 1));
            if wanted == KeyUse::Find || id.is_unchecked() {
                emit(Kind::IdAreaSequence, &format!("{} {}", part(0, 6), part(14, 17)));
            }
        }
        _ => {
            emit(Kind::Number, text);
            emit(Kind::NumberHalf, &format!("< {}", part(0, last / 2)));
            emit(Kind::NumberHalf, &format!("> {}", part(last - last / 2, last)));
        }
    }
}

fn name_keys(person: &Profile, name: &NameForm, emit: &mut dyn FnMut(Kind, &str)) {
    emit(Kind::Name, &name.simple);
    if name.parts.len() > 1 {
        let mut sounds: Vec<&str> = name.sound.split(' ').collect();
        if !name.han {
            sounds.sort_unstable();
        }
        emit(Kind::Sound, &sounds.join(" "));
        for part in name.parts.iter().filter(|part| part.len() > 2) {
            emit(Kind::NamePart, part);
        }
    } else {
        emit(Kind::Sound, &name.sound);
        emit(Kind::NamePart, &name.simple);
    }
    // A roster has code and name, a claim often only one of them.
    let schools = [person.school_code.as_deref(), person.school.as_ref().map(|s| s.simple.as_str())];
    let birth = person.any_birth();
    if !name.han || (birth.is_none() && schools.iter().all(Option::is_none)) {
        return;
    }
    let sounds: Vec<&str> = name.sound.split(' ').collect();
    for left_out in 0..sounds.len().min(8) {
        let rest: Vec<&str> = sounds.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, s)| *s).collect();
        let rest = rest.join(" ");
        for school in schools.into_iter().flatten() {
            emit(Kind::SoundsAtSchool, &format!("{school} {rest}"));
        }
        if let Some(birth) = birth {
            emit(Kind::SoundsBorn, &format!("{birth} {rest}"));
        }
    }
}

/// Emits keys for given and family name that come in separate columns.
fn pair_keys(person: &Profile, emit: &mut dyn FnMut(Kind, &str)) {
    let sound =
        |form: &Option<NameForm>| form.as_ref().map(|f| if f.han { f.sound.clone() } else { soundex_code(&f.simple) });
    let (given, family) = (sound(&person.given), sound(&person.family));
    if let (Some(given), Some(family)) = (&given, &family) {
        let (first, second) = if given <= family { (given, family) } else { (family, given) };
        emit(Kind::SoundPair, &format!("{first} {second}"));
    }
    let Some(postcode) = &person.postcode else { return };
    let whole = person.name.as_ref().map(|n| n.sound.clone());
    for sound in [given, family, whole].into_iter().flatten() {
        emit(Kind::PostcodeSound, &format!("{postcode} {sound}"));
    }
}

fn phone_keys(phone: &str, wanted: KeyUse, emit: &mut dyn FnMut(Kind, &str)) {
    let hidden = phone.bytes().any(|b| b == HIDDEN);
    if !hidden {
        emit(Kind::Phone, phone);
    }
    let ends = phone.get(..3).zip(phone.len().checked_sub(4).and_then(|at| phone.get(at..)));
    if let Some((first, last)) = ends.filter(|_| hidden || wanted == KeyUse::Find) {
        emit(Kind::Phone34, &format!("{first} {last}"));
    }
}

/// Returns every two adjacent words of a text.
fn word_pairs(text: &TextForm) -> Vec<String> {
    let words: Vec<&str> = text.joined.split(' ').collect();
    words.windows(2).map(|pair| pair.join(" ")).collect()
}

/// Emits a person's other values, each with its kind; they narrow a block that too many people share.
pub fn emit_narrowing_values(person: &Profile, emit: &mut dyn FnMut(&str, &str)) {
    let sound = |form: &Option<NameForm>| form.as_ref().map(|f| f.sound.clone());
    let (given, family) = (sound(&person.given), sound(&person.family));
    for (what, value) in [
        ("birth", person.any_birth()),
        ("code", person.school_code.as_deref()),
        ("school", person.school.as_ref().map(|s| s.simple.as_str())),
        ("phone", person.phone.as_deref()),
        ("teacher", person.teacher_number.as_deref()),
        ("region", person.region.as_deref()),
        ("postcode", person.postcode.as_deref()),
        ("given", given.as_deref()),
        ("family", family.as_deref()),
        ("ends", person.id.as_ref().and_then(|id| id.shown_digits(14, 18))),
        ("name", person.name.as_ref().map(|n| n.simple.as_str())),
    ] {
        if let Some(value) = value {
            emit(what, value);
        }
    }
    if let Some(year) = person.any_birth().and_then(|b| b.get(..4)) {
        emit("year", year);
    }
    for form in person.texts.iter().chain([&person.address]).flatten() {
        for word in &form.words {
            emit("word", word);
        }
    }
}
