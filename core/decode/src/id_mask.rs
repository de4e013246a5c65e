//! Masks ID numbers in texts that are stored or shown: names of files and sheets, codes, titles, messages.

use std::borrow::Cow;

use huiliu_values::id_search::find_id_numbers;
use huiliu_vault::keys::Keys;

/// Number of letters that tell two numbers apart.
const LETTERS: usize = 8;

/// Replaces each ID number in a text by its mask, for people.
#[must_use]
pub fn mask_id_numbers(text: &str) -> Cow<'_, str> {
    replace(text, |number| number.to_string())
}

/// Replaces each ID number in a text by its mask and some letters. The letters are a keyed digest of the number: texts that
/// differ only in the number still differ, and nobody without the key can find the number by trying.
#[must_use]
pub fn replace_id_numbers<'t>(keys: &Keys, text: &'t str) -> Cow<'t, str> {
    replace(text, |number| {
        let digest = keys.digest(&[b"id number in a text", number.reveal().as_bytes()]);
        // Only letters, so that no date is read from them.
        let letters = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half));
        format!("{number}~{}", letters.take(LETTERS).collect::<String>())
    })
}

fn replace<'t>(text: &'t str, stand_in: impl Fn(&huiliu_values::IdNumber) -> String) -> Cow<'t, str> {
    let found = find_id_numbers(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut kept) = (String::with_capacity(text.len() + 16), 0);
    for (range, number) in found {
        out.push_str(text.get(kept..range.start).unwrap_or_default());
        out.push_str(&stand_in(&number));
        kept = range.end;
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_stay_two_and_one_person_stays_one() {
        let keys = Keys::from_hex(&"7".repeat(64)).expect("a key");
        let of = |text: &'static str| replace_id_numbers(&keys, text).into_owned();
        let masked = of("王一_22010219590911001X.csv");
        assert!(masked.starts_with("王一_22***************X~") && masked.ends_with(".csv"), "{masked}");
        assert_ne!(of("220381197001011228"), of("222401198010102228"));
        assert_eq!(of("220102590911001"), of("22010219590911001X"));
        assert_eq!(replace_id_numbers(&keys, &masked), masked);
        assert_eq!(mask_id_numbers("a 22010219590911001X b"), "a 22***************X b");
    }
}
