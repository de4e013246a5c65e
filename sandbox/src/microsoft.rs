//! The Microsoft programme's platform: OData JSON with next links and tiers, compressed if the request accepts it.

use std::io::Write as _;

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::facts::Stream;
use crate::text::{course_text, version_text};
use crate::{SECRET, World};

/// Course codes, by course number.
const CODES: [&str; 4] = ["MS-01", "MS-02", "MS-03", "MS-04"];
const TITLES: [&str; 4] =
    ["信息技术应用初级培训", "信息技术应用中级培训", "信息技术应用高级培训", "多媒体网络教室管理"];
const TIERS: [[&str; 3]; 3] = [["初级", "初", "初级班"], ["中级", "中", "中级班"], ["高级", "高", "高级班"]];
pub(crate) const PATH: &str = "/microsoft/odata/TrainingRecords";
const LARGEST_PAGE: u64 = 5_000;

/// Query parameters of a listing.
#[derive(Deserialize)]
pub(crate) struct ListingQuery {
    #[serde(rename = "$top")]
    top: Option<u64>,
    #[serde(rename = "$skiptoken")]
    skip: Option<u64>,
}

/// Answers with a page, and a link to the next one if there is one.
pub(crate) fn answer_listing(world: &World, headers: &HeaderMap, asked: &ListingQuery) -> Response {
    if headers.get("api-key").is_none_or(|key| key.as_bytes() != SECRET.as_bytes()) {
        let refusal = json!({"error": {"code": "Unauthorized", "message": "the api-key is missing or wrong"}});
        return (StatusCode::UNAUTHORIZED, Json(refusal)).into_response();
    }
    let total = world.listing(Stream::Microsoft).size();
    let size = asked.top.unwrap_or(500).clamp(1, LARGEST_PAGE);
    let first = asked.skip.unwrap_or(0).min(total);
    let last = first.saturating_add(size).min(total);
    let mut page = json!({
        "@odata.context": "$metadata#TrainingRecords",
        "@odata.count": total,
        "value": (first..last).map(|position| world.microsoft_record(position)).collect::<Vec<_>>(),
    });
    if last < total {
        // The first link is a path alone, which is also valid; later ones are full and name the requested host.
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|_| first > 0);
        let base = host.map(|host| format!("http://{host}")).unwrap_or_default();
        page["@odata.nextLink"] = json!(format!("{base}{PATH}?$top={size}&$skiptoken={last}"));
    }
    let body = page.to_string();
    let kind = (header::CONTENT_TYPE, "application/json;odata.metadata=minimal");
    let wants = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok());
    match wants.filter(|v| v.contains("gzip")).and_then(|_| compress_gzip(&body)) {
        Some(packed) => ([kind, (header::CONTENT_ENCODING, "gzip")], packed).into_response(),
        None => ([kind], body).into_response(),
    }
}

fn compress_gzip(body: &str) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(body.as_bytes()).ok()?;
    packer.finish().ok()
}

impl World {
    fn microsoft_record(&self, position: u64) -> Value {
        let facts = self.item_facts(Stream::Microsoft, self.listing(Stream::Microsoft).value_at(position));
        let person = self.people.person(facts.person);
        let chance = self.roll(71, facts.index);
        let course = (facts.course as usize - 1) % CODES.len();
        let tier = TIERS[course % 3][(chance >> 16) as usize % 3];
        json!({
            "RecordId": facts.record,
            "RowVersion": version_text(&facts),
            "Teacher": {
                "Name": self.name_text(&facts, &person),
                "IdentityNumber": self.id_text(&facts, &person),
                "SchoolCode": person.school_code,
            },
            "Course": {"Code": course_text(&facts, CODES[course]), "Title": TITLES[course], "Tier": tier},
            "Days": self.hours_text(&facts),
            "StartDate": self.start_text(&facts),
            "EndDate": self.end_text(&facts),
            "CertificateNumber": format!("PIL{:08}", facts.index),
            "Score": Value::Null,
        })
    }
}
