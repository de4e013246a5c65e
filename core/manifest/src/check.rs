//! What a manifest of good form can still have wrong: each fault at its place.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::mapping::{Field, Rule};
use crate::quality::Condition;
use crate::read::Reader;
use crate::rule::RuleProblem;
use crate::stream::{Each, Kind, KnownBy, Paging, PassRule, Since, Stream, VersionFrom};
use crate::template::Template;
use crate::transport::{Auth, Bucket, Request, RequestBody, Sign, Transport};
use crate::{Format, Layout, Manifest};

/// Tells everything that cannot work.
pub(super) fn check(manifest: &Manifest, told: &mut Reader<'_>) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if manifest.id.is_empty() || manifest.id.len() > 60 || !manifest.id.chars().all(plain) {
        told.tell("id", RuleProblem::Id);
    }
    transport(&manifest.transport, told);
    if manifest.stream.is_empty() {
        told.tell("stream", RuleProblem::NoStream);
    }
    let mut names = BTreeSet::new();
    for (nth, stream) in manifest.stream.iter().enumerate() {
        let at = Place { of: format!("stream.{nth}"), stream };
        if !names.insert(&stream.name) {
            told.tell(&at.to("name"), RuleProblem::TwoStreams { name: stream.name.clone() });
        }
        at.check(manifest, told);
    }
}

fn transport(transport: &Transport, told: &mut Reader<'_>) {
    match transport {
        Transport::Http { auth: rule, answers, .. } => {
            auth("transport.auth", rule, told);
            for (nth, answer) in answers.iter().enumerate() {
                let place = format!("transport.answers.{nth}");
                if answer.status.is_none() && answer.path.is_none() && answer.contains.is_none() {
                    told.tell(&place, RuleProblem::EveryAnswer);
                }
                if answer.path.is_some() != answer.is.is_some() {
                    told.tell(&place, RuleProblem::PathAndIs);
                }
            }
        }
        Transport::Files { names, download, bucket } => {
            if names.is_empty() {
                told.tell("transport.names", RuleProblem::NoNames);
            }
            if let Some(download) = download {
                auth("transport.download.auth", &download.auth, told);
                request("transport.download.list", &download.list, &[], told);
                request("transport.download.file", &download.file, &["file"], told);
            }
            if let Some(bucket) = bucket {
                if download.is_some() {
                    told.tell("transport.bucket", RuleProblem::DownloadAndBucket);
                }
                of_bucket(bucket, told);
            }
        }
        Transport::Push {} => {}
    }
}

/// Where a bucket is stands in listings and cursors: no secret does.
fn of_bucket(bucket: &Bucket, told: &mut Reader<'_>) {
    if bucket.name.pieces().is_empty() {
        told.tell("transport.bucket.name", RuleProblem::BucketName);
    }
    for (key, template) in [("name", &bucket.name), ("prefix", &bucket.prefix), ("region", &bucket.region)] {
        for value in template.values() {
            if !matches!(value, "institution" | "user") && !value.starts_with("settings.") {
                let known = ["institution", "user", "settings.…"].map(str::to_owned).to_vec();
                let why = RuleProblem::NoValueHere { name: value.to_owned(), known };
                told.tell(&format!("transport.bucket.{key}"), why);
            }
        }
    }
}

fn auth(place: &str, auth: &Auth, told: &mut Reader<'_>) {
    match auth {
        Auth::Oauth2 { token_path, .. } | Auth::Oauth2Refresh { token_path } | Auth::Jwt { token_path, .. } => {
            at_home(&format!("{place}.token_path"), &Template::plain(token_path), told);
        }
        Auth::Sign { rule } => sign(&format!("{place}.rule"), rule, told),
        Auth::Session { login, .. } => request(&format!("{place}.login"), login, &[], told),
        _ => {}
    }
}

/// What is not signed can be changed on the way.
fn sign(place: &str, rule: &Sign, told: &mut Reader<'_>) {
    for needed in [&rule.app_id, &rule.timestamp, &rule.nonce] {
        if !rule.order.is_empty() && !rule.order.contains(needed) {
            told.tell(&format!("{place}.order"), RuleProblem::NotSigned { parameter: needed.clone() });
        }
    }
}

/// Values that hold in every request.
const ALWAYS: [&str; 3] = ["user", "password", "institution"];

/// The values that an authorisation gives to requests.
fn of_auth(transport: &Transport) -> &'static [&'static str] {
    match transport {
        Transport::Http { auth: Auth::Session { token: Some(_), .. }, .. } => &["session"],
        Transport::Http { auth: Auth::Sign { .. }, .. } => &["timestamp", "nonce"],
        _ => &[],
    }
}

/// Credentials go along: whatever its values, a path that is written so leads to the host of `base_url`.
fn at_home(place: &str, path: &Template, told: &mut Reader<'_>) {
    let stays = |path: String| {
        let base = Url::parse("http://base.invalid/").ok()?;
        Some(base.join(&path).ok()?.origin() == base.origin())
    };
    if !path.fill(|_| Some("x".into()), str::to_owned).ok().and_then(stays).unwrap_or(false) {
        told.tell(place, RuleProblem::Elsewhere);
    }
}

fn request(place: &str, request: &Request, here: &[&str], told: &mut Reader<'_>) {
    at_home(&format!("{place}.path"), &request.path, told);
    let mut template = |at: String, template: &Template| {
        for value in template.values() {
            let known = ALWAYS.contains(&value)
                || here.contains(&value)
                || value.starts_with("settings.")
                || value.starts_with("secret.")
                || here.iter().any(|h| h.starts_with("each.") && (value == *h || value.starts_with(&format!("{h}."))));
            if !known {
                let known = ALWAYS.iter().chain(here).chain(&["settings.…", "secret.…"]);
                let known = known.map(|&name| name.to_owned()).collect();
                told.tell(&at, RuleProblem::NoValueHere { name: value.to_owned(), known });
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

/// A stream and where it stands.
struct Place<'m> {
    of: String,
    stream: &'m Stream,
}

impl Place<'_> {
    fn to(&self, step: &str) -> String {
        format!("{}.{step}", self.of)
    }

    fn check(&self, manifest: &Manifest, told: &mut Reader<'_>) {
        self.fields(told);
        self.passing(told);
        self.layout(told);
        self.rows(told);
        if self.stream.record_key.is_empty() {
            told.tell(&self.to("record_key"), RuleProblem::RecordKey);
        }
        match &manifest.transport {
            Transport::Http { .. } => self.over_http(of_auth(&manifest.transport), told),
            Transport::Files { .. } | Transport::Push {} => self.of_files(told),
        }
        if matches!(self.stream.version, VersionFrom::FileDate {})
            && matches!(manifest.transport, Transport::Http { .. })
        {
            told.tell(&self.to("version"), RuleProblem::VersionOfPages);
        }
    }

    fn fields(&self, told: &mut Reader<'_>) {
        let needed: &[Field] = match self.stream.kind {
            Kind::Teacher => &[Field::Name, Field::IdNumber],
            Kind::School => &[Field::SchoolCode, Field::SchoolName],
            Kind::Membership => &[Field::TeacherRef],
            // A grade is about a project or a cycle, and is no training time.
            Kind::Assessment => &[Field::Name, Field::IdNumber, Field::PeriodEnd],
            _ => &[Field::Name, Field::IdNumber, Field::CourseCode, Field::Hours, Field::PeriodEnd],
        };
        let any = self.stream.known_by == KnownBy::Any;
        if any && self.stream.kind.is_roster() {
            told.tell(&self.to("known_by"), RuleProblem::RosterKnownBy);
        }
        for needed in needed.iter().filter(|field| !any || **field != Field::IdNumber) {
            if !self.stream.map.contains_key(needed) {
                told.tell(&self.to("map"), RuleProblem::NotMapped { field: needed.as_str().to_owned() });
            }
        }
        let of_school = |field: &Field| self.stream.map.contains_key(field);
        if self.stream.kind == Kind::Membership && ![Field::SchoolCode, Field::SchoolRef].iter().any(of_school) {
            told.tell(&self.to("map"), RuleProblem::MembershipSchool);
        }
        for (field, rule) in &self.stream.map {
            if !field.belongs_to(self.stream.kind) {
                let (field, kind) = (field.as_str(), self.stream.kind.as_str());
                let why = RuleProblem::NoField { kind: kind.to_owned(), field: field.to_owned() };
                told.tell(&self.to(&format!("map.{field}")), why);
            } else if field.tells_apart() && !any && !self.stream.kind.is_roster() {
                let field = field.as_str();
                let why = RuleProblem::TellsApart { field: field.to_owned() };
                told.tell(&self.to(&format!("map.{field}")), why);
            }
            self.rule(*field, rule, told);
        }
    }

    fn rule(&self, field: Field, rule: &Rule, told: &mut Reader<'_>) {
        let at = self.to(&format!("map.{}", field.as_str()));
        let given = [rule.path.is_some(), rule.first_of.is_some(), rule.join.is_some(), rule.constant.is_some()];
        match given.iter().filter(|given| **given).count() {
            0 => told.tell(&at, RuleProblem::FromNowhere),
            1 => {}
            _ => told.tell(&at, RuleProblem::OnlyOneOf),
        }
        if rule.paths().any(|path| path.trim().is_empty()) {
            told.tell(&at, RuleProblem::BlankPath);
        }
        for path in rule.paths().filter(|path| path.starts_with('$')) {
            let known = matches!(path.as_str(), "$file" | "$member" | "$sheet") || self.is_each(path);
            if !known {
                told.tell(&at, RuleProblem::NoPath { path: path.clone() });
            }
        }
        match (field, rule.unit) {
            (Field::Hours, None) => told.tell(&at, RuleProblem::HoursUnit),
            (Field::Hours, Some(_)) | (_, None) => {}
            _ => told.tell(&format!("{at}.unit"), RuleProblem::OnlyHoursUnit),
        }
        for form in rule.formats.iter().flatten() {
            if !field.is_day() {
                told.tell(&format!("{at}.formats"), RuleProblem::OnlyDaysForms);
            } else if !day_form(form) {
                told.tell(&format!("{at}.formats"), RuleProblem::DayForm { form: form.clone() });
            }
        }
    }

    fn is_each(&self, path: &str) -> bool {
        let Some(named) = path.strip_prefix("$each.") else { return false };
        let (name, field) = named.split_once('.').map_or((named, None), |(name, field)| (name, Some(field)));
        self.stream.each.iter().any(|each| match each {
            Each::List { name: n, .. } => n == name && field.is_none(),
            Each::Parent { name: n, fields, .. } => n == name && field.is_some_and(|f| fields.contains_key(f)),
        })
    }

    fn passing(&self, told: &mut Reader<'_>) {
        let Some(pass) = self.stream.pass.filter(|_| !self.stream.kind.is_roster()) else {
            match (self.stream.kind.is_roster(), self.stream.pass) {
                (true, Some(_)) => told.tell(&self.to("pass"), RuleProblem::RosterPass),
                (false, None) => told.tell(&self.of, RuleProblem::NoPass),
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
            told.tell(&self.to("pass"), why);
        }
    }

    fn layout(&self, told: &mut Reader<'_>) {
        let Some(Layout { header, aliases, .. }) = self.stream.format.layout() else { return };
        if header.is_empty() {
            told.tell(&self.to("format.layout.header"), RuleProblem::NoHeader);
        }
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for (column, others) in aliases {
            for name in std::iter::once(column).chain(others) {
                if let Some(other) = names.insert(name, column).filter(|other| other != column) {
                    let at = self.to(&format!("format.layout.aliases.{column}"));
                    let (name, one, other) = (name.clone(), other.to_owned(), column.clone());
                    told.tell(&at, RuleProblem::TwoColumns { name, one, other });
                }
            }
        }
    }

    fn rows(&self, told: &mut Reader<'_>) {
        for (nth, rule) in self.stream.rows.iter().enumerate() {
            let at = self.to(&format!("rows.{nth}"));
            if rule.when.is_empty() {
                told.tell(&at, RuleProblem::EveryRow);
            }
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
                    told.tell(&format!("{at}.when.{n}"), RuleProblem::OneComparison);
                }
                for number in [above, below].into_iter().flatten() {
                    if huiliu_values::text::decimal(number).is_none() {
                        told.tell(&format!("{at}.when.{n}"), RuleProblem::NotDecimal { text: number.clone() });
                    }
                }
            }
        }
    }

    fn of_files(&self, told: &mut Reader<'_>) {
        let only_http = [
            ("request", self.stream.request.is_some()),
            ("since", self.stream.since.is_some()),
            ("export", self.stream.export.is_some()),
            ("each", !self.stream.each.is_empty()),
            ("page", !matches!(self.stream.page, Paging::None {})),
        ];
        for (key, _) in only_http.iter().filter(|(_, given)| *given) {
            told.tell(&self.to(key), RuleProblem::OnlyHttp { key: (*key).to_owned() });
        }
    }

    fn over_http(&self, of_auth: &[&str], told: &mut Reader<'_>) {
        if self.stream.files.is_some() {
            told.tell(&self.to("files"), RuleProblem::OnlyFiles);
        }
        let always = ["page", "offset", "size", "token", "since", "until"];
        let mut here: Vec<String> = always.iter().chain(of_auth).map(|&name| name.to_owned()).collect();
        for (nth, each) in self.stream.each.iter().enumerate() {
            let at = self.to(&format!("each.{nth}"));
            match each {
                Each::List { name, values } => {
                    here.push(format!("each.{name}"));
                    if values.is_empty() {
                        told.tell(&at, RuleProblem::EmptyFanOut);
                    }
                }
                Each::Parent { name, request: of, fields, .. } => {
                    let known: Vec<&str> = here.iter().map(String::as_str).collect();
                    request(&format!("{at}.request"), of, &known, told);
                    here.push(format!("each.{name}"));
                    if !fields.contains_key("id") {
                        told.tell(&at, RuleProblem::FanOutId);
                    }
                }
            }
        }
        let known: Vec<&str> = here.iter().map(String::as_str).collect();
        match (&self.stream.request, &self.stream.export) {
            (Some(of), None) => request(&self.to("request"), of, &known, told),
            (None, Some(export)) => {
                let with_id: Vec<&str> = known.iter().copied().chain(["export"]).collect();
                request(&self.to("export.create"), &export.create, &known, told);
                for (step, of) in [
                    ("poll", Some(&export.poll)),
                    ("download", Some(&export.download)),
                    ("delete", export.delete.as_ref()),
                ] {
                    of.into_iter().for_each(|of| request(&self.to(&format!("export.{step}")), of, &with_id, told));
                }
                if !matches!(self.stream.page, Paging::None {}) {
                    told.tell(&self.to("page"), RuleProblem::ExportPages);
                }
            }
            (None, None) => told.tell(&self.of, RuleProblem::NoRequest),
            (Some(_), Some(_)) => told.tell(&self.to("request"), RuleProblem::RequestAndExport),
        }
        self.paging(told);
    }

    fn paging(&self, told: &mut Reader<'_>) {
        let is_json = matches!(self.stream.format, Format::Json { .. });
        let in_body = match &self.stream.page {
            Paging::Number { total, has_more, .. } => total.is_some() || has_more.is_some(),
            Paging::Offset { total, .. } => total.is_some(),
            Paging::Token { next, next_header, .. } => {
                if next.is_some() == next_header.is_some() {
                    told.tell(&self.to("page"), RuleProblem::NextToken);
                }
                next.is_some()
            }
            Paging::Link { next, .. } => next.is_some(),
            Paging::None {} | Paging::LastRecord { .. } => false,
        };
        if in_body && !is_json {
            told.tell(&self.to("page"), RuleProblem::OnlyJsonPage);
        }
        if let Some(Since::Moment { step_days, begin, .. }) = &self.stream.since
            && step_days.is_some()
            && begin.is_none()
        {
            told.tell(&self.to("since"), RuleProblem::StepBegin);
        }
    }
}

/// Whether a form of a day can be read: it has year, month and day, each once.
fn day_form(form: &str) -> bool {
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
