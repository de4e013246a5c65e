//! `connectors list`, `show`, `check`.

use huiliu_connectors::{CONNECTORS, Sample};
use huiliu_core::keys::Keys;
use huiliu_core::manifest::explain::{self, Tongue};
use huiliu_core::manifest::{Manifest, Stream, schema};
use huiliu_core::policy::Policy;
use huiliu_core::stages::Body;
use huiliu_core::testkit;
use huiliu_core::unpacker::Unpacker;
use serde::Serialize;
use serde_json::Value;

use crate::Stop;
use crate::apart::Processes;
use crate::cli::Connectors;
use crate::settings::Settings;
use crate::wire;
use crate::words::{both, chinese, phrase, say, say_json, spoken, table, tr};

pub async fn run(settings: &Settings, asked: Connectors, json: bool) -> Result<(), Stop> {
    if let Connectors::Explain { place, schema } = asked {
        return explain(&place, schema);
    }
    let manifests = wire::manifests(settings)?;
    match asked {
        Connectors::List => {
            list(&manifests, json);
            Ok(())
        }
        Connectors::Show { id } => show(&manifests, &id, json),
        Connectors::Check => check(settings, &manifests, json).await,
        Connectors::Explain { .. } => Ok(()),
    }
}

/// The manifest language, or one place of it, in the words of the locale.
fn explain(place: &str, of_editors: bool) -> Result<(), Stop> {
    let tongue = if chinese() { Tongue::Chinese } else { Tongue::English };
    if of_editors {
        say_json(&schema::schema());
    } else if place.is_empty() {
        say(&explain::reference(tongue));
    } else {
        say(&explain::explain(place, tongue).map_err(|why| Stop::usage(phrase(&why).into_owned()))?);
    }
    Ok(())
}

fn list(manifests: &[(Manifest, String)], json: bool) {
    let manifests = || manifests.iter().map(|(manifest, _)| manifest);
    if json {
        let row = |m: &Manifest| {
            serde_json::json!({ "connector": m.id, "version": m.version(), "title_zh": m.title_zh, "title_en": m.title_en,
                "profile": m.profile, "streams": m.stream.iter().map(|s| &s.name).collect::<Vec<_>>() })
        };
        say_json(&manifests().map(row).collect::<Vec<_>>());
        return;
    }
    let row = |m: &Manifest| {
        let streams: Vec<&str> = m.stream.iter().map(|s| s.name.as_str()).collect();
        let title = if chinese() { &m.title_zh } else { &m.title_en };
        vec![m.id.clone(), m.version().to_string(), title.clone(), streams.join(", ")]
    };
    table(
        &[tr("connector", "连接器"), tr("version", "版本"), tr("title", "名称"), tr("streams", "数据流")],
        &manifests().map(row).collect::<Vec<_>>(),
    );
}

fn show(manifests: &[(Manifest, String)], id: &str, json: bool) -> Result<(), Stop> {
    let Some((_, text)) = manifests.iter().find(|(m, _)| m.id == id) else {
        return Err(Stop::usage(both!(
            "there is no connector {id:?}; see `huiliu connectors list`",
            "没有连接器 {id:?}；请看 `huiliu connectors list`"
        )));
    };
    if json {
        say_json(&serde_json::json!({ "connector": id, "manifest": text }));
    } else {
        say(text);
    }
    Ok(())
}

/// What became of one sample.
#[derive(Debug, Serialize)]
struct Checked {
    connector: &'static str,
    stream: &'static str,
    sample: &'static str,
    records: usize,
    ok: bool,
    differences: Vec<String>,
}

/// Every sample that ships with a connector through the stages of the manifest in use, against what its folder expects.
async fn check(settings: &Settings, manifests: &[(Manifest, String)], json: bool) -> Result<(), Stop> {
    let policy = Policy::parse((&settings.policy.0, &settings.policy.1), (&settings.courses.0, &settings.courses.1))
        .map_err(|e| Stop::usage(spoken(&e)))?;
    // Only equality within one sample depends on it.
    let keys = Keys::from_hex(&"00".repeat(32)).map_err(|e| Stop::failed(spoken(&e)))?;
    let unpacker = Unpacker::new(Box::new(Processes));
    let mut rows = Vec::new();
    for (manifest, _) in manifests {
        wire::convertible(manifest, &policy, &settings.policy.0)?;
        let Some(connector) = CONNECTORS.iter().find(|c| c.id == manifest.id) else { continue };
        for sample in connector.samples {
            let (records, differences) = match manifest.stream(sample.stream) {
                Some(stream) => match unpacker.body(stream, sample.bytes).await {
                    Ok(body) => try_sample((manifest, stream), &policy, &keys, (sample, &body)),
                    Err(e) => (0, vec![e.to_string()]),
                },
                None => (0, vec![format!("the manifest has no stream {}", sample.stream)]),
            };
            let (stream, ok) = (sample.stream, differences.is_empty());
            rows.push(Checked { connector: connector.id, stream, sample: sample.address, records, ok, differences });
        }
    }
    if json {
        say_json(&rows);
    } else {
        for row in &rows {
            let mark = if row.ok { "✓" } else { "✗" };
            let records = both!("{n} records", "{n} 条记录", n = row.records);
            say(&format!("{mark} {}/{}  {}  {records}", row.connector, row.stream, row.sample));
            row.differences.iter().for_each(|d| say(&format!("    {d}")));
        }
    }
    if rows.iter().all(|r| r.ok) {
        Ok(())
    } else {
        Err(Stop::failed(tr(
            "a sample does not give what its connector's folder expects, see above",
            "有样例与连接器目录中的预期结果不符，见上",
        )))
    }
}

fn try_sample(
    (manifest, stream): (&Manifest, &Stream),
    policy: &Policy,
    keys: &Keys,
    (sample, body): (&Sample, &Body<'_>),
) -> (usize, Vec<String>) {
    let expected: Vec<Value> = match serde_json::from_str(sample.expected) {
        Ok(expected) => expected,
        Err(e) => return (0, vec![format!("the expected results are not a JSON array: {e}")]),
    };
    match testkit::outcomes(manifest, stream, policy, keys, (sample.address, body)) {
        Ok(got) => (got.len(), testkit::differences(&got, &expected)),
        Err(e) => (0, vec![e.to_string()]),
    }
}
