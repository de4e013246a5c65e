//! Written forms of dates: forms that mean a day, and texts that do not.

use chrono::{Datelike, Days, NaiveDate};

use crate::World;
use crate::facts::{Facts, Stream};
use crate::fault::Fault;
use crate::text::full_width;

/// Hour and minute at which a period starts and ends.
const MORNING: (u32, u32) = (9, 0);
const AFTERNOON: (u32, u32) = (16, 30);
/// Dates that do not exist, or are not in this programme's century.
const IMPOSSIBLE: [(i32, u32, u32); 6] =
    [(2014, 2, 30), (2015, 2, 29), (2014, 13, 1), (2016, 4, 31), (2015, 10, 0), (2140, 9, 11)];
const DATES_WITHOUT_FORM: [&str; 4] = ["九月中旬", "2014年秋季学期", "2014/9/1-2014/9/5", "2014-9/11"];
const NUMERALS: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

impl World {
    /// Returns the first day in the form that the platform sends, or "" if the platform does not know it, which is no
    /// fault.
    pub(crate) fn start_text(&self, facts: &Facts) -> String {
        let chance = self.roll(facts.stream.stream_purpose(53), facts.index);
        let has = |fault| facts.has_fault(fault);
        if has(Fault::StartDate) {
            impossible_day(facts.stream, chance)
        } else if has(Fault::StartForm) {
            DATES_WITHOUT_FORM[(chance % 4) as usize].to_owned()
        } else if has(Fault::StartMonth) {
            month_text(facts.stream, facts.start, chance)
        } else if chance % 100 < 3 && !has(Fault::Order) {
            String::new()
        } else {
            day_text(facts.stream, facts.start, MORNING, chance >> 8)
        }
    }

    /// Returns the last day in the form that the platform sends, or "" if it is missing.
    pub(crate) fn end_text(&self, facts: &Facts) -> String {
        let chance = self.roll(facts.stream.stream_purpose(54), facts.index);
        let has = |fault| facts.has_fault(fault);
        if has(Fault::EndMissing) {
            String::new()
        } else if has(Fault::EndDate) {
            impossible_day(facts.stream, chance)
        } else if has(Fault::EndForm) {
            DATES_WITHOUT_FORM[(chance % 4) as usize].to_owned()
        } else if has(Fault::EndMonth) {
            month_text(facts.stream, facts.end, chance)
        } else {
            day_text(facts.stream, facts.end, AFTERNOON, chance)
        }
    }
}

/// Formats a day in one of the forms of the people or the program behind a stream.
fn day_text(stream: Stream, date: NaiveDate, clock: (u32, u32), chance: u64) -> String {
    let share = chance % 100;
    match stream {
        Stream::Completions => day_with_time(date, clock, share),
        Stream::Progress => match share {
            0..3 => format_compact(date),
            3..6 => format_slashed(year_month_day(date)),
            _ => date.to_string(),
        },
        Stream::Intel | Stream::Microsoft => match share {
            0..4 => date.format("%Y/%m/%d").to_string(),
            4..7 => date.to_string(),
            7..10 => format_chinese(year_month_day(date)),
            10..12 => format!("\u{A0}{}", format_slashed(year_month_day(date))),
            _ => format_slashed(year_month_day(date)),
        },
        Stream::Cmcc | Stream::Lego => day_by_hand(date, share),
    }
}

/// Formats a day with its time, in one of the forms of programs.
fn day_with_time(date: NaiveDate, (hour, minute): (u32, u32), share: u64) -> String {
    match share {
        // 23:00 UTC of the day before is 07:00 of this day in China.
        0..4 => format!("{}T23:{minute:02}:00Z", date - Days::new(1)),
        4..7 => {
            let utc = date.and_hms_opt(hour - 8, minute, 0).unwrap_or_default().and_utc();
            utc.timestamp_millis().to_string()
        }
        7..10 => format!("{}{hour:02}{minute:02}00", format_compact(date)),
        10..13 => format!("{} {hour}:{minute:02}", format_slashed(year_month_day(date))),
        13..16 => date.to_string(),
        16..58 => format!("{date} {hour:02}:{minute:02}:00"),
        _ => format!("{date}T{hour:02}:{minute:02}:00+08:00"),
    }
}

/// Formats a day in one of the forms that occur in a sheet that many people fill in.
fn day_by_hand(date: NaiveDate, share: u64) -> String {
    match share {
        0..8 => format_slashed(year_month_day(date)),
        8..12 => date.format("%Y.%m.%d").to_string(),
        12..15 => format!("{}.{}.{}", date.year(), date.month(), date.day()),
        15..20 => format_compact(date),
        20..24 => excel_serial(date),
        24..28 => date.to_string(),
        28..31 => full_width(&format_chinese(year_month_day(date))),
        31..33 => date.format("%Y年%m月%d号").to_string(),
        33..35 => spell_chinese(date, 4),
        35 => spell_chinese(date, 2),
        36..39 => format!("\u{A0}{}\u{3000}", format_chinese(year_month_day(date))),
        _ => format_chinese(year_month_day(date)),
    }
}

/// Formats a date that does not exist, in one of the stream's forms.
fn impossible_day(stream: Stream, chance: u64) -> String {
    let (year, month, day) = IMPOSSIBLE[(chance >> 8) as usize % IMPOSSIBLE.len()];
    match (stream, chance % 4) {
        (Stream::Completions, 0) => "0000-00-00 00:00:00".to_owned(),
        (Stream::Completions, 1) => "2014-09-11 24:30:00".to_owned(),
        (Stream::Completions, _) => format!("{year}-{month:02}-{day:02} 16:30:00"),
        (Stream::Progress, _) => format!("{year}-{month:02}-{day:02}"),
        (Stream::Cmcc | Stream::Lego, 0) => format!("{year}{month:02}{day:02}"),
        (Stream::Cmcc | Stream::Lego, 1) => format!("{year}.{month}.{day}"),
        (Stream::Cmcc | Stream::Lego, _) => format_chinese((year, month, day)),
        (Stream::Intel | Stream::Microsoft, _) => format_slashed((year, month, day)),
    }
}

/// Formats only the month of a day.
fn month_text(stream: Stream, date: NaiveDate, chance: u64) -> String {
    let (year, month, _) = year_month_day(date);
    match (stream, chance % 4) {
        (Stream::Cmcc | Stream::Lego, 0) => format!("{year}年{month}月"),
        (Stream::Cmcc | Stream::Lego, 1) => format!("{year}年{month}月份"),
        (Stream::Cmcc | Stream::Lego, 2) => format!("{year}.{month:02}"),
        (_, 0) => format!("{year}{month:02}"),
        (Stream::Intel | Stream::Microsoft | Stream::Cmcc | Stream::Lego, _) => format!("{year}/{month}"),
        (Stream::Completions | Stream::Progress, _) => format!("{year}-{month:02}"),
    }
}

fn year_month_day(date: NaiveDate) -> (i32, u32, u32) {
    (date.year(), date.month(), date.day())
}

fn format_slashed((year, month, day): (i32, u32, u32)) -> String {
    format!("{year}/{month}/{day}")
}

fn format_chinese((year, month, day): (i32, u32, u32)) -> String {
    format!("{year}年{month}月{day}日")
}

fn format_compact(date: NaiveDate) -> String {
    date.format("%Y%m%d").to_string()
}

/// Returns the number that a spreadsheet stores for a day (1 is 1 January 1900, and spreadsheets treat 1900 as a leap
/// year).
fn excel_serial(date: NaiveDate) -> String {
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
    (date - zero).num_days().to_string()
}

/// Formats a day in Chinese numerals, with the last `digits` digits of the year.
fn spell_chinese(date: NaiveDate, digits: usize) -> String {
    let year: String =
        date.year().to_string().chars().filter_map(|digit| Some(NUMERALS[digit.to_digit(10)? as usize])).collect();
    let year: String = year.chars().skip(4 - digits).collect();
    format!("{year}年{}月{}日", chinese_numeral(date.month()), chinese_numeral(date.day()))
}

/// Returns a number from 1 to 31 in Chinese numerals.
fn chinese_numeral(number: u32) -> String {
    let ones = match number % 10 {
        0 => String::new(),
        ones => NUMERALS[ones as usize].to_string(),
    };
    match number / 10 {
        0 => ones,
        1 => format!("十{ones}"),
        tens => format!("{}十{ones}", NUMERALS[tens as usize]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_in_every_form() {
        let date = NaiveDate::from_ymd_opt(2014, 9, 11).unwrap();
        assert_eq!(excel_serial(date), "41893");
        assert_eq!(spell_chinese(date, 4), "二〇一四年九月十一日");
        assert_eq!(spell_chinese(date, 2), "一四年九月十一日");
        assert_eq!(day_with_time(date, AFTERNOON, 0), "2014-09-10T23:30:00Z");
        assert_eq!(day_with_time(date, AFTERNOON, 4), "1410424200000");
        assert_eq!(day_with_time(date, AFTERNOON, 7), "20140911163000");
        assert_eq!([10, 20, 30, 31].map(chinese_numeral), ["十", "二十", "三十", "三十一"]);
    }
}
