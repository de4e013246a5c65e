//! The members of a ZIP package. Programs write their names with slashes or backslashes and in any case, and the main
//! part may have any name, as its content type says.

use std::io::{Cursor, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

/// Maximum number of bytes that are read of a member that describes others.
const MAX_MEMBER: u64 = 1 << 24;
const MAIN_XLSX: [&str; 3] =
    ["spreadsheetml.sheet.main+xml", "macroenabled.main+xml", "spreadsheetml.template.main+xml"];
const MAIN_XLSB: &str = "sheet.binary.macroenabled.main";

/// A kind of package that is a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkbookKind {
    Xlsx,
    Xlsb,
    Ods,
}

/// The members of a package, by their names.
pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// The names in small letters and with slashes, in the order of the directory.
    names: Vec<String>,
}

fn fold_name(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_lowercase()
}

impl<'a> Package<'a> {
    /// Opens a package; `None` if the bytes are no ZIP archive. An archive may also follow other data; such a file is no
    /// package.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        let archive = bytes.starts_with(b"PK").then(|| ZipArchive::new(Cursor::new(bytes)).ok())??;
        let names = archive.file_names().map(|name| name.map_or_else(|_| String::new(), |name| fold_name(&name)));
        let names = names.collect();
        Some(Self { archive, names })
    }

    /// Returns what kind of workbook the package is, if it is one.
    pub(crate) fn find_kind(&mut self) -> Option<WorkbookKind> {
        let has = |name: &str| self.names.iter().any(|of| of == name);
        if has("xl/workbook.xml") {
            return Some(WorkbookKind::Xlsx);
        }
        if has("xl/workbook.bin") {
            return Some(WorkbookKind::Xlsb);
        }
        if has("content.xml") {
            return Some(WorkbookKind::Ods);
        }
        if !has("_rels/.rels") {
            return None;
        }
        let types = String::from_utf8_lossy(&self.read_member("[content_types].xml")?).to_lowercase();
        match () {
            () if types.contains(MAIN_XLSB) => Some(WorkbookKind::Xlsb),
            () if types.contains("spreadsheetml") && MAIN_XLSX.iter().any(|of| types.contains(of)) => {
                Some(WorkbookKind::Xlsx)
            }
            () => None,
        }
    }

    /// Returns the content of a member, whatever the case of its name.
    pub(crate) fn read_member(&mut self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = vec![];
        self.open_member(name)?.take(MAX_MEMBER).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Opens a member, whatever the case of its name.
    pub(crate) fn open_member(&mut self, name: &str) -> Option<impl Read + use<'_, 'a>> {
        let folded = fold_name(name);
        let at = self.archive.index_for_name(name);
        let at = at.or_else(|| self.names.iter().position(|of| *of == folded))?;
        self.archive.by_index(at).ok()
    }

    /// Returns the path of the main part.
    fn find_main_part(&mut self) -> Option<String> {
        let relations = self.read_member("_rels/.rels")?;
        find_element(&relations, "Relationship", |e| {
            let is_main = attribute(e, "Type")?.ends_with("/officeDocument");
            is_main.then(|| attribute(e, "Target")).flatten()
        })
    }

    /// Returns the path that the main part calls by this id, and the main part's content.
    fn resolve_target(&mut self, main: &str, id: &str) -> Option<String> {
        let (folder, file) = main.rsplit_once('/').unwrap_or(("", main));
        let relations = self.read_member(&format!("{folder}/_rels/{file}.rels"))?;
        let target = find_element(&relations, "Relationship", |e| {
            (attribute(e, "Id")? == id).then(|| attribute(e, "Target")).flatten()
        })?;
        Some(match target.strip_prefix('/') {
            Some(from_root) => from_root.to_owned(),
            None => format!("{folder}/{target}"),
        })
    }

    /// Returns the path of a sheet of an .xlsx workbook.
    pub(crate) fn find_sheet(&mut self, sheet: &str) -> Option<String> {
        let main = self.find_main_part().unwrap_or_else(|| "xl/workbook.xml".to_owned());
        let main = main.trim_start_matches('/').to_owned();
        let book = self.read_member(&main)?;
        let id = find_element(&book, "sheet", |e| {
            (attribute(e, "name")?.as_str() == sheet).then(|| attribute(e, "id")).flatten()
        })?;
        self.resolve_target(&main, &id)
    }

    /// Returns the path of the part of an .xlsb workbook that it calls by this id.
    pub(crate) fn find_binary_part(&mut self, id: &str) -> Option<String> {
        self.resolve_target("xl/workbook.bin", id)
    }
}

pub(crate) fn find_element(xml: &[u8], name: &str, find: impl Fn(&BytesStart<'_>) -> Option<String>) -> Option<String> {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut buffer = vec![];
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(e) if e.local_name().as_ref() == name => {
                if let Some(found) = find(&e) {
                    return Some(found);
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

pub(crate) fn attribute(e: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = e.attributes().flatten().find(|a| a.key.local_name().as_ref() == name)?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}
