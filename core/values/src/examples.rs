//! ID numbers that are printed as examples and belong to nobody who was trained.

use std::borrow::Cow;

use crate::id_number::clean_text;
use crate::name_cell::is_sample_name;

/// Examples of GB 11643-1999, of tutorials and of forms, in eighteen and fifteen characters.
const PRINTED: [&str; 14] = [
    // GB 11643-1999, 4.4.
    "11010519491231002X",
    "440524188001010014",
    "440524198001010014",
    "440524198001010013",
    // Tutorials on the check character, which forms copy.
    "34052419800101001X",
    "340524198001010013",
    "340524800101001",
    "53010219200508011X",
    "530102200508011",
    "130503670401001",
    "110101199003070759",
    "123456789012345678",
    "111111111111111111",
    "000000000000000000",
];
/// Numbers of forms and of test data: Dongcheng, 7 March 1990.
const TEST_PERSON: &str = "11010119900307";

/// Returns whether an ID number is that of an example: one that is printed somewhere, or one of the usual test person.
/// Numbers of the test person are examples only beside the name of one, such as 张三, because people were born there that day.
#[must_use]
pub fn is_example_number(id_number: &str, name: &str) -> bool {
    let is_clean = id_number.bytes().all(|b| b.is_ascii_digit() || b == b'X');
    let given = if is_clean { Cow::Borrowed(id_number) } else { Cow::Owned(clean_text(id_number)) };
    PRINTED.contains(&&*given) || given.starts_with(TEST_PERSON) && is_sample_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_numbers_are_told_from_those_of_people() {
        for (number, name) in [
            ("11010519491231002x", "王伟"),
            ("440524188001010014", "王伟"),
            ("34052419800101001X", "王伟"),
            ("110101199003070759", "王伟"),
            ("110101199003077424", "张三"),
        ] {
            assert!(is_example_number(number, name), "{number}");
        }
        for (number, name) in [("110101199003077424", "王伟"), ("22010219590911001X", "张三"), ("", "张三")] {
            assert!(!is_example_number(number, name), "{number}");
        }
    }
}
