//! A law over generated samples whose content is known: what is read unasked is right; what is asked has the truth among
//! its answers, and every other answer says that it means something else and gives something else.

use huiliu_values::date::parse_date;
use serde_json::Value;

use super::answers::{Sheet, class_hours, preview_of, take_answer};
use super::guess_of;
use crate::test_env::{Services, TestEnv};

/// How a platform writes hours: the column's name, the text of an amount in class hours, and what a manifest must say.
struct HoursForm {
    name: &'static str,
    text: fn(u32) -> String,
    says: &'static str,
}

const HOURS: [HoursForm; 12] = [
    HoursForm { name: "学时", text: |n| n.to_string(), says: "unit = \"class_hour\"" },
    HoursForm { name: "认定学时", text: |n| format!("{n}学时"), says: "unit = \"class_hour\"" },
    HoursForm { name: "课时", text: |n| format!("{n} 课时"), says: "unit = \"class_hour\"" },
    HoursForm { name: "时长", text: |n| n.to_string(), says: "unit = \"class_hour\"" },
    HoursForm { name: "时长", text: |n| (n * 45).to_string(), says: "unit = \"minute\"" },
    HoursForm { name: "学时(分钟)", text: |n| (n * 45).to_string(), says: "unit = \"minute\"" },
    HoursForm { name: "学习时长/分", text: |n| (n * 45).to_string(), says: "unit = \"minute\"" },
    HoursForm {
        name: "培训时长（小时）", text: |n| format!("{:.2}", f64::from(n) * 0.75), says: "unit = \"hour\""
    },
    HoursForm { name: "学时", text: |n| format!("{}分钟", n * 45), says: "unit = \"minute\"" },
    HoursForm {
        name: "学习时长",
        text: |n| format!("PT{}H{}M", n * 45 / 60, n * 45 % 60),
        says: "unit_in_text = true",
    },
    HoursForm {
        name: "学时",
        text: |n| match n {
            8 => "一天".to_owned(),
            4 => "半天".to_owned(),
            n if n % 8 == 0 => format!("{}天", n / 8),
            n => format!("{n}学时"),
        },
        says: "unit_in_text = true",
    },
    HoursForm {
        name: "学时",
        text: |n| if n == 8 { "1天".to_owned() } else { n.to_string() },
        says: "unit = \"class_hour\", unit_in_text = true",
    },
];

/// How a platform writes days, and what a manifest must say about it.
struct DayForm {
    text: fn(u32) -> String,
    says: &'static str,
}

const DAY_FORMS: [DayForm; 7] = [
    DayForm { text: |d| format!("2015-03-{d:02}"), says: "" },
    DayForm { text: |d| format!("2015/3/{d}"), says: "" },
    DayForm { text: |d| format!("2015年3月{d}日"), says: "" },
    DayForm { text: |d| format!("201503{d:02}"), says: "" },
    DayForm { text: |d| format!("15-03-{d:02}"), says: "%y-%m-%d" },
    DayForm { text: |d| format!("{d:02}/03/2015"), says: "%d/%m/%Y" },
    DayForm { text: |d| format!("3月{d}日"), says: "?" },
];

/// Returns the next of a row of numbers that looks like chance and is always the same.
fn next_number(seed: &mut u32) -> u32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *seed >> 16
}

fn days_of(preview: &Value) -> Vec<String> {
    let records = preview["records"].as_array().unwrap();
    let day = |record: &Value| {
        let field = record["fields"].as_array().unwrap().iter().find(|field| field["field"] == "period_end");
        let text = field.map_or("", |field| field["text"].as_str().unwrap_or_default());
        parse_date(text).map_or_else(|_| "-".to_owned(), |day| day.to_string())
    };
    records.iter().map(day).collect()
}

/// Returns whether an answer or a question is about a field.
fn is_about(of: &Value, field: &str) -> bool {
    of["answers"]
        .as_array()
        .unwrap()
        .iter()
        .any(|answer| answer["lines"].as_array().unwrap().iter().any(|line| line["key"] == field))
}

/// Adds constants for required fields that the manifest does not map yet.
fn complete(manifest: &str) -> String {
    let mut text = manifest.to_owned();
    for (key, line) in [
        ("hours", "hours = { constant = \"1\", unit = \"class_hour\" }"),
        ("period_end", "period_end = { constant = \"2015-01-01\" }"),
    ] {
        if !text.contains(&format!("\n{key} = ")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// One generated sample with its truth.
struct Known {
    text: String,
    hours: Vec<String>,
    days: Vec<String>,
    says: [&'static str; 2],
}

fn generate(nth: usize, seed: &mut u32) -> Known {
    let (hours, day) = (&HOURS[nth % HOURS.len()], &DAY_FORMS[(nth / 2 + nth) % DAY_FORMS.len()]);
    // Whole fours of class hours are whole in every unit.
    let amounts: [u32; 6] = std::array::from_fn(|at| if at == 0 { 8 } else { 4 * (1 + next_number(seed) % 5) });
    let dates: [u32; 6] = std::array::from_fn(|at| if at == 0 { 28 } else { 13 + next_number(seed) % 15 });
    let (amount_texts, day_texts) = (amounts.map(hours.text), dates.map(day.text));
    let sheet = Sheet {
        hours_name: hours.name,
        hours: std::array::from_fn(|at| amount_texts[at].as_str()),
        day_name: "完成时间",
        days: std::array::from_fn(|at| day_texts[at].as_str()),
    };
    Known {
        text: sheet.to_csv(),
        hours: amounts.iter().map(u32::to_string).collect(),
        days: dates.iter().map(|d| format!("2015-03-{d:02}")).collect(),
        says: [hours.says, day.says],
    }
}

/// Checks the answers of the questions about a field. `read` takes the field out of a preview. Returns how many there are.
fn check_answers(
    house: &TestEnv,
    guess: &Value,
    known: &Known,
    (field, says, truth): (&str, &str, &[String]),
    read: fn(&Value) -> Vec<String>,
) -> usize {
    let manifest = guess["manifest"].as_str().unwrap();
    let mut checked = 0;
    for question in guess["questions"].as_array().unwrap().iter().filter(|question| is_about(question, field)) {
        let (mut effects, mut has_truth): (Vec<Vec<String>>, bool) = (vec![], false);
        for answer in question["answers"].as_array().unwrap() {
            let taken = complete(&take_answer(manifest, answer));
            let preview = preview_of(house, &taken, &known.text).unwrap_or_else(|why| panic!("{answer}: {why}"));
            let effect = read(&preview);
            assert!(preview["summary"]["clean"] != 0, "nothing is accepted under {answer}: {}", known.text);
            assert!(!effects.contains(&effect), "two answers have one effect: {question}");
            let line = answer["lines"].to_string().replace('\\', "");
            match effect == truth {
                true => has_truth = true,
                // It names the unit or the format by which it reads, and that is not the one of the sample.
                false => assert!(
                    (line.contains("unit = ") || line.contains("formats = "))
                        && (!line.contains(says) || line.contains("scale = ")),
                    "{answer} says what the sample means and gives {effect:?}, not {truth:?}: {}",
                    known.text
                ),
            }
            effects.push(effect);
            checked += 1;
        }
        assert!(has_truth, "the truth {says} is not among the answers of {question}: {}", known.text);
    }
    checked
}

#[test]
fn what_is_read_is_right_and_what_is_asked_has_the_right_answer() {
    let house = TestEnv::new(Services::Sqlite);
    let (mut seed, mut unasked, mut answers) = (2_015, 0, 0);
    for nth in 0..42 {
        let known = generate(nth, &mut seed);
        let guess = guess_of(&house, "generated.csv", &known.text);
        let manifest = guess["manifest"].as_str().unwrap();
        let asked =
            |field: &str| guess["questions"].as_array().unwrap().iter().any(|question| is_about(question, field));
        let mapped = |field: &str| manifest.contains(&format!("\n{field} = "));
        let preview = preview_of(&house, &complete(manifest), &known.text).unwrap();
        if mapped("hours") && !asked("hours") {
            assert_eq!(class_hours(&preview), known.hours, "{}\n{manifest}", known.text);
            unasked += 1;
        }
        if mapped("period_end") && !asked("period_end") {
            assert_eq!(days_of(&preview), known.days, "{}\n{manifest}", known.text);
            unasked += 1;
        }
        for field in ["hours", "period_end"] {
            let questions = guess["questions"].to_string();
            assert!(
                mapped(field)
                    || questions.contains(if field == "hours" { "时长" } else { "完成时间" })
                    || questions.contains("学时"),
                "{field} is neither read nor asked about: {guess}"
            );
        }
        answers += check_answers(&house, &guess, &known, ("hours", known.says[0], &known.hours), class_hours);
        answers += check_answers(&house, &guess, &known, ("period_end", known.says[1], &known.days), days_of);
    }
    assert!(unasked >= 42 && answers >= 30, "{unasked} read unasked, {answers} answers taken");
}
