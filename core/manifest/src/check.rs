//! Checks a manifest that parses for what cannot work, and reports each fault with its place.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::mapping::{Field, Rule};
use crate::paths;
use crate::quality::{Act, Condition, RowRule};
use crate::read::Reader;
use crate::rule::RuleProblem;
use crate::stream::{Each, Kind, KnownBy, Paging, PassRule, Since, Stream, VersionFrom};
use crate::template::Template;
use crate::transport::{Auth, Bucket, Request, RequestBody, Sign, Transport};
use crate::{Format, Layout, Manifest};

/// Reports everything that cannot work.
pub(super) fn check_manifest(manifest: &Manifest, reader: &mut Reader<'_>) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if manifest.id.is_empty() || manifest.id.len() > 60 || !manifest.id.chars().all(plain) {
        reader.add_fault("id", RuleProblem::Id);
    }
    check_transport(&manifest.transport, reader);
    paths::check_transport_paths(&manifest.transport, reader);
    if manifest.stream.is_empty() {
        reader.add_fault("stream", RuleProblem::NoStream);
    }
    let mut names = BTreeSet::new();
    for (nth, stream) in manifest.stream.iter().enumerate() {
        let at = Place { of: format!("stream.{nth}"), stream };
        if !names.insert(&stream.name) {
            reader.add_fault(&at.place_of("name"), RuleProblem::TwoStreams { name: stream.name.clone() });
        }
        at.check_stream(manifest, reader);
    }
}

fn check_transport(transport: &Transport, reader: &mut Reader<'_>) {
    match transport {
        Transport::Http { auth: rule, answers, .. } => {
            check_auth("transport.auth", rule, reader);
            for (nth, answer) in answers.iter().enumerate() {
                let place = format!("transport.answers.{nth}");
                if answer.status.is_none() && answer.path.is_none() && answer.contains.is_none() {
                    reader.add_fault(&place, RuleProblem::EveryAnswer);
                }
                if answer.path.is_some() != answer.is.is_some() {
                    reader.add_fault(&place, RuleProblem::PathAndIs);
                }
            }
        }
        Transport::Files { names, download, bucket } => {
            if names.is_empty() {
                reader.add_fault("transport.names", RuleProblem::NoNames);
            }
            if let Some(download) = download {
                check_auth("transport.download.auth", &download.auth, reader);
                check_request("transport.download.list", &download.list, &[], reader);
                check_request("transport.download.file", &download.file, &["file"], reader);
            }
            if let Some(bucket) = bucket {
                if download.is_some() {
                    reader.add_fault("transport.bucket", RuleProblem::DownloadAndBucket);
                }
                check_bucket(bucket, reader);
            }
        }
        Transport::Push {} => {}
    }
}

/// The location of a bucket appears in listings and cursors, so it must not contain a secret.
fn check_bucket(bucket: &Bucket, reader: &mut Reader<'_>) {
    if bucket.name.pieces().is_empty() {
        reader.add_fault("transport.bucket.name", RuleProblem::BucketName);
    }
    for (key, template) in [("name", &bucket.name), ("prefix", &bucket.prefix), ("region", &bucket.region)] {
        for value in template.value_names() {
            if !matches!(value, "institution" | "user") && !value.starts_with("settings.") {
                let known = ["institution", "user", "settings.…"].map(str::to_owned).to_vec();
                let why = RuleProblem::NoValueHere { name: value.to_owned(), known };
                reader.add_fault(&format!("transport.bucket.{key}"), why);
            }
        }
    }
}

fn check_auth(place: &str, auth: &Auth, reader: &mut Reader<'_>) {
    match auth {
        Auth::Oauth2 { token_path, .. } | Auth::Oauth2Refresh { token_path } | Auth::Jwt { token_path, .. } => {
            check_stays_on_host(&format!("{place}.token_path"), &Template::from_text(token_path), reader);
        }
        Auth::Sign { rule } => check_signature(&format!("{place}.rule"), rule, reader),
        Auth::Session { login, .. } => check_request(&format!("{place}.login"), login, &[], reader),
        _ => {}
    }
}

/// Checks that all parameters of the signature are signed, because others can be changed on the way.
fn check_signature(place: &str, rule: &Sign, reader: &mut Reader<'_>) {
    for needed in [&rule.app_id, &rule.timestamp, &rule.nonce] {
        if !rule.order.is_empty() && !rule.order.contains(needed) {
            reader.add_fault(&format!("{place}.order"), RuleProblem::NotSigned { parameter: needed.clone() });
        }
    }
}

/// Values that every request may use.
const ALWAYS_KNOWN: [&str; 3] = ["user", "password", "institution"];

/// Returns the values that an authorisation provides to requests.
fn auth_values(transport: &Transport) -> &'static [&'static str] {
    match transport {
        Transport::Http { auth: Auth::Session { token: Some(_), .. }, .. } => &["session"],
        Transport::Http { auth: Auth::Sign { .. }, .. } => &["timestamp", "nonce"],
        _ => &[],
    }
}

/// Checks that a path leads to the host of `base_url` for any values, because credentials are sent along.
fn check_stays_on_host(place: &str, path: &Template, reader: &mut Reader<'_>) {
    let stays = |path: String| {
        let base = Url::parse("http://base.invalid/").ok()?;
        Some(base.join(&path).ok()?.origin() == base.origin())
    };
    if !path.fill_values(|_| Some("x".into()), str::to_owned).ok().and_then(stays).unwrap_or(false) {
        reader.add_fault(place, RuleProblem::Elsewhere);
    }
}

fn check_request(place: &str, request: &Request, here: &[&str], reader: &mut Reader<'_>) {
    check_stays_on_host(&format!("{place}.path"), &request.path, reader);
    let mut template = |at: String, template: &Template| {
        for value in template.value_names() {
            let known = ALWAYS_KNOWN.contains(&value)
                || here.contains(&value)
                || value.starts_with("settings.")
                || value.starts_with("secret.")
                || here.iter().any(|h| h.starts_with("each.") && (value == *h || value.starts_with(&format!("{h}."))));
            if !known {
                let known = ALWAYS_KNOWN.iter().chain(here).chain(&["settings.…", "secret.…"]);
                let known = known.map(|&name| name.to_owned()).collect();
                reader.add_fault(&at, RuleProblem::NoValueHere { name: value.to_owned(), known });
            }
        }
    };
    template(format!("{place}.path"), &request.path);
    for (kind, values) in [("query", &request.query), ("headers", &request.headers)] {
        for (name, value) in values {
            template(format!("{place}.{kind}.{name}"), value);
        }
    }
    match &request.body {
        Some(RequestBody::Form { fields }) => {
            fields.iter().for_each(|(name, value)| template(format!("{place}.body.fields.{name}"), value));
        }
        Some(RequestBody::Json { text } | RequestBody::Xml { text }) => template(format!("{place}.body.text"), text),
        None => {}
    }
}

/// A stream and its place in the manifest.
pub(super) struct Place<'m> {
    pub of: String,
    pub stream: &'m Stream,
}

impl Place<'_> {
    pub(super) fn place_of(&self, step: &str) -> String {
        format!("{}.{step}", self.of)
    }

    fn check_stream(&self, manifest: &Manifest, reader: &mut Reader<'_>) {
        self.check_fields(reader);
        self.check_paths(reader);
        self.check_pass_rule(reader);
        self.check_layout(reader);
        self.check_rows(reader);
        self.check_complete(&manifest.transport, reader);
        if self.stream.record_key.is_empty() {
            reader.add_fault(&self.place_of("record_key"), RuleProblem::RecordKey);
        }
        match &manifest.transport {
            Transport::Http { .. } => self.check_http_stream(auth_values(&manifest.transport), reader),
            Transport::Files { .. } | Transport::Push {} => self.check_file_stream(reader),
        }
        if matches!(self.stream.version, VersionFrom::FileDate {})
            && matches!(manifest.transport, Transport::Http { .. })
        {
            reader.add_fault(&self.place_of("version"), RuleProblem::VersionOfPages);
        }
    }

    fn check_fields(&self, reader: &mut Reader<'_>) {
        let needed: &[Field] = match self.stream.kind {
            Kind::Teacher => &[Field::Name, Field::IdNumber],
            Kind::School => &[Field::SchoolCode, Field::SchoolName],
            Kind::Membership => &[Field::TeacherRef],
            // A grade refers to a project or a cycle and carries no training time.
            Kind::Assessment => &[Field::Name, Field::IdNumber, Field::PeriodEnd],
            _ => &[Field::Name, Field::IdNumber, Field::CourseCode, Field::Hours, Field::PeriodEnd],
        };
        let any = self.stream.known_by == KnownBy::Any;
        if any && self.stream.kind.is_roster() {
            reader.add_fault(&self.place_of("known_by"), RuleProblem::RosterKnownBy);
        }
        for needed in needed.iter().filter(|field| !any || **field != Field::IdNumber) {
            if !self.stream.map.contains_key(needed) {
                reader.add_fault(&self.place_of("map"), RuleProblem::NotMapped { field: needed.as_str().to_owned() });
            }
        }
        let of_school = |field: &Field| self.stream.map.contains_key(field);
        if self.stream.kind == Kind::Membership && ![Field::SchoolCode, Field::SchoolRef].iter().any(of_school) {
            reader.add_fault(&self.place_of("map"), RuleProblem::MembershipSchool);
        }
        for (field, rule) in &self.stream.map {
            if !field.belongs_to(self.stream.kind) {
                let (field, kind) = (field.as_str(), self.stream.kind.as_str());
                let why = RuleProblem::NoField { kind: kind.to_owned(), field: field.to_owned() };
                reader.add_fault(&self.place_of(&format!("map.{field}")), why);
            } else if field.identifies_people() && !any && !self.stream.kind.is_roster() {
                let field = field.as_str();
                let why = RuleProblem::TellsApart { field: field.to_owned() };
                reader.add_fault(&self.place_of(&format!("map.{field}")), why);
            }
            self.check_rule(*field, rule, reader);
        }
    }

    fn check_rule(&self, field: Field, rule: &Rule, reader: &mut Reader<'_>) {
        let at = self.place_of(&format!("map.{}", field.as_str()));
        let given = [rule.path.is_some(), rule.first_of.is_some(), rule.join.is_some(), rule.constant.is_some()];
        match given.iter().filter(|given| **given).count() {
            0 => reader.add_fault(&at, RuleProblem::FromNowhere),
            1 => {}
            _ => reader.add_fault(&at, RuleProblem::OnlyOneOf),
        }
        if rule.unit_in_text && field != Field::Hours {
            reader.add_fault(&format!("{at}.unit_in_text"), RuleProblem::OnlyHoursUnit);
        }
        match (field, rule.unit) {
            (Field::Hours, None) => reader.add_fault(&at, RuleProblem::HoursUnit),
            (Field::Hours, Some(_)) | (_, None) => {}
            _ => reader.add_fault(&format!("{at}.unit"), RuleProblem::OnlyHoursUnit),
        }
        for form in rule.formats.iter().flatten() {
            if !field.is_day() {
                reader.add_fault(&format!("{at}.formats"), RuleProblem::OnlyDaysForms);
            } else if !is_day_format(form) {
                reader.add_fault(&format!("{at}.formats"), RuleProblem::DayForm { form: form.clone() });
            }
        }
    }

    fn check_pass_rule(&self, reader: &mut Reader<'_>) {
        let Some(pass) = self.stream.pass.filter(|_| !self.stream.kind.is_roster()) else {
            match (self.stream.kind.is_roster(), self.stream.pass) {
                (true, Some(_)) => reader.add_fault(&self.place_of("pass"), RuleProblem::RosterPass),
                (false, None) => reader.add_fault(&self.of, RuleProblem::NoPass),
                _ => {}
            }
            return;
        };
        let needed: &[Field] = match pass {
            PassRule::Scores => &[Field::ScoreLearning, Field::ScoreActivity, Field::ScoreArtefact],
            PassRule::Total => &[Field::ScoreTotal],
            PassRule::Result => &[Field::Result],
            PassRule::NotAssessed | PassRule::Pending => &[],
        };
        for field in needed.iter().filter(|field| !self.stream.map.contains_key(field)) {
            let (pass, field) = (pass.as_str(), field.as_str());
            let why = RuleProblem::PassNeeds { pass: pass.to_owned(), field: field.to_owned() };
            reader.add_fault(&self.place_of("pass"), why);
        }
    }

    fn check_layout(&self, reader: &mut Reader<'_>) {
        let Some(Layout { header, aliases, .. }) = self.stream.format.layout() else { return };
        if header.is_empty() {
            reader.add_fault(&self.place_of("format.layout.header"), RuleProblem::NoHeader);
        }
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for (column, others) in aliases {
            for name in std::iter::once(column).chain(others) {
                if let Some(other) = names.insert(name, column).filter(|other| other != column) {
                    let at = self.place_of(&format!("format.layout.aliases.{column}"));
                    let (name, one, other) = (name.clone(), other.to_owned(), column.clone());
                    reader.add_fault(&at, RuleProblem::TwoColumns { name, one, other });
                }
            }
        }
    }

    fn check_rows(&self, reader: &mut Reader<'_>) {
        for (nth, rule) in self.stream.rows.iter().enumerate() {
            let at = self.place_of(&format!("rows.{nth}"));
            if rule.when.is_empty() {
                reader.add_fault(&at, RuleProblem::EveryRow);
            }
            self.check_withdrawal(&at, rule, reader);
            for (n, condition) in rule.when.iter().enumerate() {
                let Condition { is, is_not, blank, above, below, matches, .. } = condition;
                let compared = [
                    is.is_some(),
                    is_not.is_some(),
                    blank.is_some(),
                    above.is_some(),
                    below.is_some(),
                    matches.is_some(),
                ];
                if compared.iter().filter(|given| **given).count() != 1 {
                    reader.add_fault(&format!("{at}.when.{n}"), RuleProblem::OneComparison);
                }
                for number in [above, below].into_iter().flatten() {
                    if huiliu_values::text::parse_decimal(number).is_none() {
                        reader.add_fault(&format!("{at}.when.{n}"), RuleProblem::NotDecimal { text: number.clone() });
                    }
                }
            }
        }
    }

    fn check_withdrawal(&self, at: &str, rule: &RowRule, reader: &mut Reader<'_>) {
        let names = &rule.withdraws;
        if rule.act == Act::Withdraw && self.stream.kind.is_roster() {
            reader.add_fault(&format!("{at}.act"), RuleProblem::RosterWithdrawal);
        }
        if names.is_empty() {
            return;
        }
        let at = format!("{at}.withdraws");
        if rule.act != Act::Withdraw {
            reader.add_fault(&at, RuleProblem::OnlyWithdrawal);
        }
        if names.len() != self.stream.record_key.len() {
            let paths = self.stream.record_key.join(", ");
            reader.add_fault(&at, RuleProblem::WithdrawnKey { paths });
        }
        // A key compares ID numbers in a form of their own, which is read from the mapped field only.
        let id_rule = self.stream.map.get(&Field::IdNumber);
        let is_id = |path: &String| id_rule.is_some_and(|rule| rule.paths().any(|of| of == path));
        for (key, name) in self.stream.record_key.iter().zip(names).filter(|(key, name)| key != name && is_id(key)) {
            reader.add_fault(&at, RuleProblem::WithdrawnIdNumber { key: key.clone(), name: name.clone() });
        }
    }

    fn check_complete(&self, transport: &Transport, reader: &mut Reader<'_>) {
        let Stream { kind, complete, missing, since, version, .. } = self.stream;
        if !complete {
            if missing.is_some() {
                reader.add_fault(&self.place_of("missing"), RuleProblem::MissingComplete);
            }
            return;
        }
        let at = self.place_of("complete");
        if kind.is_roster() {
            reader.add_fault(&at, RuleProblem::RosterComplete);
        }
        if since.is_some() {
            reader.add_fault(&at, RuleProblem::CompleteSince);
        }
        if !matches!((transport, version), (Transport::Http { .. }, _) | (_, VersionFrom::FileDate {})) {
            reader.add_fault(&at, RuleProblem::CompleteFiles);
        }
    }

    fn check_file_stream(&self, reader: &mut Reader<'_>) {
        let only_http = [
            ("request", self.stream.request.is_some()),
            ("since", self.stream.since.is_some()),
            ("export", self.stream.export.is_some()),
            ("each", !self.stream.each.is_empty()),
            ("page", !matches!(self.stream.page, Paging::None {})),
        ];
        for (key, _) in only_http.iter().filter(|(_, given)| *given) {
            reader.add_fault(&self.place_of(key), RuleProblem::OnlyHttp { key: (*key).to_owned() });
        }
    }

    fn check_http_stream(&self, of_auth: &[&str], reader: &mut Reader<'_>) {
        if self.stream.files.is_some() {
            reader.add_fault(&self.place_of("files"), RuleProblem::OnlyFiles);
        }
        let always = ["page", "offset", "size", "token", "since", "until"];
        let mut here: Vec<String> = always.iter().chain(of_auth).map(|&name| name.to_owned()).collect();
        for (nth, each) in self.stream.each.iter().enumerate() {
            let at = self.place_of(&format!("each.{nth}"));
            match each {
                Each::List { name, values } => {
                    here.push(format!("each.{name}"));
                    if values.is_empty() {
                        reader.add_fault(&at, RuleProblem::EmptyFanOut);
                    }
                }
                Each::Parent { name, request: of, fields, page, .. } => {
                    check_paging(&format!("{at}.page"), page, true, reader);
                    let known: Vec<&str> = here.iter().map(String::as_str).collect();
                    check_request(&format!("{at}.request"), of, &known, reader);
                    here.push(format!("each.{name}"));
                    if !fields.contains_key("id") {
                        reader.add_fault(&at, RuleProblem::FanOutId);
                    }
                }
            }
        }
        let known: Vec<&str> = here.iter().map(String::as_str).collect();
        match (&self.stream.request, &self.stream.export) {
            (Some(of), None) => check_request(&self.place_of("request"), of, &known, reader),
            (None, Some(export)) => {
                let with_id: Vec<&str> = known.iter().copied().chain(["export"]).collect();
                check_request(&self.place_of("export.create"), &export.create, &known, reader);
                for (step, of) in [
                    ("poll", Some(&export.poll)),
                    ("download", Some(&export.download)),
                    ("delete", export.delete.as_ref()),
                ] {
                    of.into_iter()
                        .for_each(|of| check_request(&self.place_of(&format!("export.{step}")), of, &with_id, reader));
                }
                if !matches!(self.stream.page, Paging::None {}) {
                    reader.add_fault(&self.place_of("page"), RuleProblem::ExportPages);
                }
            }
            (None, None) => reader.add_fault(&self.of, RuleProblem::NoRequest),
            (Some(_), Some(_)) => reader.add_fault(&self.place_of("request"), RuleProblem::RequestAndExport),
        }
        self.check_pages(reader);
    }

    fn check_pages(&self, reader: &mut Reader<'_>) {
        let is_json = matches!(self.stream.format, Format::Json { .. });
        check_paging(&self.place_of("page"), &self.stream.page, is_json, reader);
        if let Some(Since::Moment { step_days, begin, .. }) = &self.stream.since
            && step_days.is_some()
            && begin.is_none()
        {
            reader.add_fault(&self.place_of("since"), RuleProblem::StepBegin);
        }
    }
}

/// Checks how a listing is paged. Its answers are JSON, or another format.
fn check_paging(place: &str, paging: &Paging, is_json: bool, reader: &mut Reader<'_>) {
    let in_body = match paging {
        Paging::Number { actual_size, total, has_more, .. }
        | Paging::Offset { actual_size, total, has_more, .. }
        | Paging::LastRecord { actual_size, total, has_more, .. } => {
            actual_size.is_some() || total.is_some() || has_more.is_some()
        }
        Paging::Token { next, next_header, total, has_more, .. } => {
            if next.is_some() == next_header.is_some() {
                reader.add_fault(place, RuleProblem::NextToken);
            }
            next.is_some() || total.is_some() || has_more.is_some()
        }
        Paging::Link { next, total, .. } => next.is_some() || total.is_some(),

        Paging::None {} => false,
    };
    if let Paging::Number { total, total_header, .. }
    | Paging::Offset { total, total_header, .. }
    | Paging::Token { total, total_header, .. }
    | Paging::Link { total, total_header, .. }
    | Paging::LastRecord { total, total_header, .. } = paging
        && total.is_some()
        && total_header.is_some()
    {
        reader.add_fault(place, RuleProblem::TwoTotals);
    }
    if in_body && !is_json {
        reader.add_fault(place, RuleProblem::OnlyJsonPage);
    }
}

/// Whether a date format can be read back: it must determine year, month and day.
fn is_day_format(form: &str) -> bool {
    use chrono::format::{Item, StrftimeItems};
    let known = StrftimeItems::new(form).all(|item| item != Item::Error);
    let day = chrono::NaiveDate::from_ymd_opt(2014, 9, 11);
    known
        && day.is_some_and(|day| {
            let mut written = String::new();
            std::fmt::Write::write_fmt(&mut written, format_args!("{}", day.format(form))).is_ok()
                && chrono::NaiveDate::parse_from_str(&written, form) == Ok(day)
        })
}
