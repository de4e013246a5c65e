//! The Intel programme's platform: records as XML.

use std::fmt::Write;

use crate::World;
use crate::facts::{Facts, Stream};
use crate::text;

/// Course codes, by course number.
pub(crate) const CODES: [&str; 3] = ["ITF-BASIC", "ITF-CORE", "ITF-PBL"];
const NAMES: [&str; 3] = ["英特尔未来教育基础课程", "英特尔未来教育核心课程", "基于项目的学习"];
const PLACES: [&str; 9] = ["长春市", "吉林市", "四平市", "辽源市", "通化市", "白山市", "松原市", "白城市", "延边州"];

fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

impl World {
    /// Returns a page (from 1) of the listing. A page after the last has no records.
    pub(crate) fn intel_page(&self, page: u64, size: u64) -> String {
        let total = self.listing(Stream::Intel).size();
        let pages = total.div_ceil(size);
        let first = page.saturating_sub(1).saturating_mul(size).min(total);
        let last = first.saturating_add(size).min(total);
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <records page=\"{page}\" pages=\"{pages}\" total=\"{total}\">\n"
        );
        for position in first..last {
            self.intel_record(position, &mut xml);
        }
        xml.push_str("</records>\n");
        xml
    }

    /// Returns whether the record is about a person who leads the course for others instead of taking it.
    pub(crate) fn is_course_leader(&self, facts: &Facts) -> bool {
        facts.stream == Stream::Intel && self.roll(70, facts.index).is_multiple_of(20)
    }

    fn intel_record(&self, position: u64, xml: &mut String) {
        let facts = self.item_facts(Stream::Intel, self.listing(Stream::Intel).value_at(position));
        let person = self.people.person(facts.person);
        let chance = self.roll(70, facts.index);
        let course = (facts.course as usize - 1) % CODES.len();
        let version = match text::version_text(&facts) {
            missing if missing.is_empty() && chance & 1 == 0 => String::new(),
            version => format!(" version=\"{version}\""),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            xml,
            "<record id=\"{}\"{version}><name>{}</name><idcard>{}</idcard>\
             <role>{}</role><course code=\"{}\">{}</course><place>{}</place>\
             <days>{}</days><start>{}</start><end>{}</end>\
             <certificate>ITF{:08}</certificate></record>",
            facts.record,
            escape_xml(&self.name_text(&facts, &person)),
            escape_xml(&self.id_text(&facts, &person)),
            if self.is_course_leader(&facts) { "主讲教师" } else { "学科教师" },
            text::course_text(&facts, CODES[course]),
            NAMES[course],
            PLACES[(chance >> 8) as usize % PLACES.len()],
            self.hours_text(&facts),
            self.start_text(&facts),
            self.end_text(&facts),
            facts.index,
        );
    }
}
