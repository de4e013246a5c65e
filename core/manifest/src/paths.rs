//! Checks every path of a manifest at one door: each place that takes a path is listed here.

use crate::check::Place;
use crate::format::Format;
use crate::path::{PathRoot, find_fault, is_around};
use crate::read::Reader;
use crate::rule::RuleProblem;
use crate::stream::{Each, Paging, Since, VersionFrom};
use crate::transport::{Auth, Transport};

/// A path and its place in the manifest.
type PathAt<'m> = (String, &'m str);

/// Reports a path that never matches in a document or record with this root.
fn check_path(place: &str, path: &str, root: PathRoot, reader: &mut Reader<'_>) {
    if let Some(why) = find_fault(path, root) {
        reader.add_fault(place, why);
    }
}

/// Reports paths of JSON answers that never match.
fn check_answers<'m>(paths: impl IntoIterator<Item = PathAt<'m>>, reader: &mut Reader<'_>) {
    for (place, path) in paths {
        check_path(&place, path, PathRoot::Json, reader);
    }
}

/// Lists those of these paths that are given.
fn given_paths<'m>(place: &str, paths: &[(&str, &'m Option<String>)]) -> Vec<PathAt<'m>> {
    paths.iter().filter_map(|(key, path)| Some((format!("{place}.{key}"), path.as_deref()?))).collect()
}

/// Checks the paths of a transport, all of which lead into JSON answers.
pub(super) fn check_transport_paths(transport: &Transport, reader: &mut Reader<'_>) {
    match transport {
        Transport::Http { auth, answers, .. } => {
            check_auth_paths("transport.auth", auth, reader);
            for (nth, answer) in answers.iter().enumerate() {
                check_answers(given_paths(&format!("transport.answers.{nth}"), &[("path", &answer.path)]), reader);
            }
        }
        Transport::Files { download: Some(download), .. } => {
            let place = "transport.download";
            check_auth_paths(&format!("{place}.auth"), &download.auth, reader);
            check_items(&format!("{place}.items"), &download.items, reader);
            check_answers([(format!("{place}.name"), download.name.as_str())], reader);
            check_answers(given_paths(place, &[("version", &download.version)]), reader);
        }
        Transport::Files { .. } | Transport::Push {} => {}
    }
}

fn check_auth_paths(place: &str, auth: &Auth, reader: &mut Reader<'_>) {
    if let Auth::Session { token, .. } = auth {
        check_answers(given_paths(place, &[("token", token)]), reader);
    }
}

/// Checks the path of a list; a blank one means the document itself.
fn check_items(place: &str, path: &str, reader: &mut Reader<'_>) {
    if !path.is_empty() {
        check_path(place, path, PathRoot::Json, reader);
    }
}

/// Returns the paths of a paging rule that lead into an answer.
fn paging_paths<'m>(place: &str, paging: &'m Paging) -> Vec<PathAt<'m>> {
    match paging {
        Paging::Number { actual_size, total, has_more, .. }
        | Paging::Offset { actual_size, total, has_more, .. }
        | Paging::LastRecord { actual_size, total, has_more, .. } => {
            given_paths(place, &[("actual_size", actual_size), ("total", total), ("has_more", has_more)])
        }
        Paging::Token { next, total, has_more, .. } => {
            given_paths(place, &[("next", next), ("total", total), ("has_more", has_more)])
        }
        Paging::Link { next, total, .. } => given_paths(place, &[("next", next), ("total", total)]),
        Paging::None {} => vec![],
    }
}

impl Place<'_> {
    /// Checks every path of the stream.
    pub(super) fn check_paths(&self, reader: &mut Reader<'_>) {
        self.check_format_paths(reader);
        check_answers(paging_paths(&self.place_of("page"), &self.stream.page), reader);
        for (nth, each) in self.stream.each.iter().enumerate() {
            if let Each::Parent { page, ok_path, items, fields, .. } = each {
                let place = self.place_of(&format!("each.{nth}"));
                check_answers(paging_paths(&format!("{place}.page"), page), reader);
                check_answers(given_paths(&place, &[("ok_path", ok_path)]), reader);
                check_items(&format!("{place}.items"), items, reader);
                let fields = fields.iter().map(|(name, path)| (format!("{place}.fields.{name}"), path.as_str()));
                check_answers(fields, reader);
            }
        }
        if let Some(export) = &self.stream.export {
            let place = self.place_of("export");
            check_answers(
                [("id", &export.id), ("state", &export.state)]
                    .map(|(key, path)| (format!("{place}.{key}"), path.as_str())),
                reader,
            );
            check_answers(given_paths(&place, &[("link", &export.link)]), reader);
        }
        for (place, path) in self.record_paths() {
            check_path(&place, path, self.record_root(), reader);
        }
        for (place, path) in self.paths_also_around() {
            if is_around(path) {
                if path.starts_with("$each.") && !self.is_fan_out_path(path) {
                    reader.add_fault(&place, RuleProblem::NoPath { path: path.to_owned() });
                }
                continue;
            }
            match find_fault(path, self.record_root()) {
                Some(why) => reader.add_fault(&place, why),
                None if path.starts_with('$') => {
                    reader.add_fault(&place, RuleProblem::NoPath { path: path.to_owned() });
                }
                None => {}
            }
        }
    }

    fn check_format_paths(&self, reader: &mut Reader<'_>) {
        match &self.stream.format {
            Format::Json { items, ok_path, .. } => {
                check_items(&self.place_of("format.items"), items, reader);
                check_answers(given_paths(&self.place_of("format"), &[("ok_path", ok_path)]), reader);
            }
            Format::Xml { item, .. } => check_path(&self.place_of("format.item"), item, PathRoot::Xml, reader),
            Format::JsonLines { .. } | Format::Csv { .. } | Format::Workbook { .. } => {}
        }
    }

    /// Returns what the paths of its records are looked up in.
    fn record_root(&self) -> PathRoot {
        match &self.stream.format {
            Format::Json { .. } | Format::JsonLines { .. } => PathRoot::Json,
            Format::Xml { .. } => PathRoot::Xml,
            Format::Csv { .. } | Format::Workbook { .. } => PathRoot::Row,
        }
    }

    /// Returns the paths that always lead into a record.
    fn record_paths(&self) -> Vec<PathAt<'_>> {
        let mut paths = vec![];
        if let VersionFrom::Field { path } = &self.stream.version {
            paths.push((self.place_of("version.path"), path.as_str()));
        }
        if let Paging::LastRecord { path, .. } = &self.stream.page {
            paths.push((self.place_of("page.path"), path.as_str()));
        }
        if let Some(Since::Counter { path, .. } | Since::NewestFirst { path, .. }) = &self.stream.since {
            paths.push((self.place_of("since.path"), path.as_str()));
        }
        paths
    }

    /// Returns the paths that lead into a record or to a value around it.
    fn paths_also_around(&self) -> Vec<PathAt<'_>> {
        let key = self.stream.record_key.iter().enumerate();
        let key = key.map(|(nth, path)| (self.place_of(&format!("record_key.{nth}")), path.as_str()));
        let mapped = self.stream.map.iter().flat_map(|(field, rule)| {
            let place = self.place_of(&format!("map.{}", field.as_str()));
            rule.paths().map(move |path| (place.clone(), path.as_str()))
        });
        let rows = self.stream.rows.iter().enumerate().flat_map(|(nth, rule)| {
            let place = self.place_of(&format!("rows.{nth}"));
            let at = place.clone();
            let when = rule.when.iter().enumerate();
            let when = when.map(move |(n, condition)| (format!("{at}.when.{n}.path"), condition.path.as_str()));
            let withdraws = rule.withdraws.iter().enumerate();
            when.chain(withdraws.map(move |(n, path)| (format!("{place}.withdraws.{n}"), path.as_str())))
        });
        key.chain(mapped).chain(rows).collect()
    }

    fn is_fan_out_path(&self, path: &str) -> bool {
        let Some(named) = path.strip_prefix("$each.") else { return false };
        let (name, field) = named.split_once('.').map_or((named, None), |(name, field)| (name, Some(field)));
        self.stream.each.iter().any(|each| match each {
            Each::List { name: n, .. } => n == name && field.is_none(),
            Each::Parent { name: n, fields, .. } => n == name && field.is_some_and(|f| fields.contains_key(f)),
        })
    }
}
