//! Keys by which people are found: two that share one are compared, others are not. No key is a decision.
//!
//! Each damage that is known leaves one key whole: a wrong or exchanged digit of an ID number spares its head, its tail or
//! its ends; a masked number has its ends; a homophone has the sound; another character has the rest beside a school or a
//! birth date.

use crate::names::{NameForm, soundex};
use crate::numbers::{HIDDEN, IdForm};
use crate::profile::{Profile, TextForm};

/// What a key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A whole valid ID number.
    IdWhole,
    /// A teacher number.
    TeacherNumber,
    /// First six and last four characters of an ID number.
    Id64,
    /// First four and last four.
    Id44,
    /// First three and last four.
    Id34,
    /// Area and the date without century and last digit, as fifteen digits have them, too.
    IdHead,
    /// Month, day and sequence.
    IdTail,
    /// Area and sequence.
    IdAreaSequence,
    /// A number that is no citizen ID number.
    Number,
    /// A half of such a number.
    NumberHalf,
    /// A name in simplified characters.
    Name,
    /// How a name sounds, roughly.
    Sound,
    /// A part of a name of several.
    NamePart,
    /// A name's sounds but one, and the school.
    SoundsAtSchool,
    /// A name's sounds but one, and the birth date.
    SoundsBorn,
    /// Sounds of given and family name, in either order.
    SoundPair,
    /// Birth date, of Latin tables.
    Birth,
    /// Telephone number.
    Phone,
    /// First three and last four digits of it.
    Phone34,
    /// Postcode and the sound of a name.
    PostcodeSound,
    /// Two words of an address that stand together.
    AddressPair,
    /// A word of another text.
    Word,
}

impl Kind {
    /// The word used in tables.
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

    /// Whether many people share the key who have nothing else in common: who is met by such a key alone is not compared
    /// unless by two of them.
    #[must_use]
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Word | Self::AddressPair | Self::NumberHalf)
    }

    /// Whether the key alone names one person: a whole ID number or a teacher number.
    #[must_use]
    pub fn is_strong(self) -> bool {
        matches!(self, Self::IdWhole | Self::TeacherNumber)
    }
}

/// Which keys are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// By which somebody can be found.
    Find,
    /// By which somebody is looked for: of the keys of an ID number only those that say most.
    Look,
}

/// Gives every key of a profile, in one order; a key may come twice.
pub fn keys(person: &Profile, wanted: Use, emit: &mut dyn FnMut(Kind, &str)) {
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
        for pair in pairs(address) {
            emit(Kind::AddressPair, &pair);
        }
    }
    for (at, text) in person.texts.iter().enumerate() {
        for word in text.iter().flat_map(|form| &form.words).filter(|word| word.chars().count() > 2) {
            emit(Kind::Word, &format!("{at} {word}"));
        }
    }
}

fn id_keys(id: &IdForm, wanted: Use, emit: &mut dyn FnMut(Kind, &str)) {
    let text = id.reveal();
    if id.is_valid() {
        emit(Kind::IdWhole, text);
    }
    let ends = |from: usize| Some(format!("{} {}", id.shown(0, from)?, id.shown(14, 18)?));
    for (kind, from) in [(Kind::Id64, 6), (Kind::Id44, 4), (Kind::Id34, 3)] {
        if let Some(key) = ends(from) {
            emit(kind, &key);
            if wanted == Use::Look {
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
            // Counted from the end, so that a digit missing before it does not move it.
            emit(Kind::IdTail, part(last - 8, last - 1));
            if wanted == Use::Find || id.is_unchecked() {
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
    // A roster has code and name, a claim often one of them.
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

/// Given and family name in columns of their own.
fn pair_keys(person: &Profile, emit: &mut dyn FnMut(Kind, &str)) {
    let sound =
        |form: &Option<NameForm>| form.as_ref().map(|f| if f.han { f.sound.clone() } else { soundex(&f.simple) });
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

fn phone_keys(phone: &str, wanted: Use, emit: &mut dyn FnMut(Kind, &str)) {
    let hidden = phone.bytes().any(|b| b == HIDDEN);
    if !hidden {
        emit(Kind::Phone, phone);
    }
    let ends = phone.get(..3).zip(phone.len().checked_sub(4).and_then(|at| phone.get(at..)));
    if let Some((first, last)) = ends.filter(|_| hidden || wanted == Use::Find) {
        emit(Kind::Phone34, &format!("{first} {last}"));
    }
}

/// Each two words that stand together.
fn pairs(text: &TextForm) -> Vec<String> {
    let words: Vec<&str> = text.joined.split(' ').collect();
    words.windows(2).map(|pair| pair.join(" ")).collect()
}

/// What narrows a block that too many share: other values of a person, each with what it is.
pub fn narrowers(person: &Profile, emit: &mut dyn FnMut(&str, &str)) {
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
        ("ends", person.id.as_ref().and_then(|id| id.shown(14, 18))),
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
