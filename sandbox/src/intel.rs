//! The Intel programme's platform: records as XML.

use std::fmt::Write;

use crate::World;
use crate::facts::{Facts, Stream};
use crate::text;

/// The codes, by course number.
pub(crate) const CODES: [&str; 3] = ["ITF-BASIC", "ITF-CORE", "ITF-PBL"];
const NAMES: [&str; 3] = ["英特尔未来教育基础课程", "英特尔未来教育核心课程", "基于项目的学习"];
const PLACES: [&str; 9] = ["长春市", "吉林市", "四平市", "辽源市", "通化市", "白山市", "松原市", "白城市", "延边州"];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

impl World {
    /// A page (1-based) of the listing; a page after the last has no records.
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

    /// Whether it is of one who leads the course for others, not of one who takes it.
    pub(crate) fn leads(&self, facts: &Facts) -> bool {
        facts.stream == Stream::Intel && self.roll(70, facts.index).is_multiple_of(20)
    }

    fn intel_record(&self, position: u64, xml: &mut String) {
        let facts = self.facts(Stream::Intel, self.listing(Stream::Intel).at(position));
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
            escaped(&self.name_text(&facts, &person)),
            escaped(&self.id_text(&facts, &person)),
            if self.leads(&facts) { "主讲教师" } else { "学科教师" },
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
