//! The China Mobile programme's archives over HTTP: a listing and a download; each request is signed.

use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{CLIENT, SECRET, SandboxError};

/// Files in one archive.
const MEMBERS: usize = 3;
/// Seconds by which a request's time may differ from the server's.
const WINDOW: u64 = 300;
/// The signed parameters, in this order; those that a request does not have are left out.
const SIGNED: [&str; 4] = ["appId", "file", "nonce", "timestamp"];

/// The archives, and the nonces that were used.
pub(crate) struct Archives {
    dir: PathBuf,
    /// Archive names, sorted, with their members.
    files: Vec<(String, Vec<String>)>,
    nonces: Mutex<HashSet<String>>,
}

impl Archives {
    /// Groups the CMCC files of a directory into archives by export. Archives are packed when they are requested.
    pub(crate) fn from_dir(dir: &Path) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::Write { path: dir.to_owned(), source };
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .map_err(failed)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with("CMCC_") && name.ends_with(".csv"))
            .collect();
        names.sort();
        let export = |name: &String| name.chars().take("CMCC_20141001".len()).collect::<String>();
        let mut files = Vec::new();
        for names in names.chunk_by(|a, b| export(a) == export(b)) {
            for (number, members) in names.chunks(MEMBERS).enumerate() {
                files.push((format!("{}_{:02}.zip", export(&members[0]), number + 1), members.to_vec()));
            }
        }
        Ok(Self { dir: dir.to_owned(), files, nonces: Mutex::default() })
    }

    fn pack_members(&self, members: &[String]) -> zip::result::ZipResult<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for member in members {
            archive.start_file(member.as_str(), SimpleFileOptions::default())?;
            archive.write_all(&std::fs::read(self.dir.join(member))?)?;
        }
        archive.start_file("说明.txt", SimpleFileOptions::default())?;
        archive.write_all("每个文件为一次导出\r\n".as_bytes())?;
        Ok(archive.finish()?.into_inner())
    }

    /// Answers a request for the listing.
    pub(crate) fn answer_listing(&self, query: &HashMap<String, String>) -> Response {
        if let Some(refusal) = self.check_request(query) {
            return refusal;
        }
        let files: Vec<_> = self.files.iter().map(|(name, _)| json!({"name": name})).collect();
        Json(json!({"code": 0, "data": {"files": files}})).into_response()
    }

    /// Answers a request for one archive.
    pub(crate) fn answer_download(&self, query: &HashMap<String, String>) -> Response {
        if let Some(refusal) = self.check_request(query) {
            return refusal;
        }
        let wanted = query.get("file");
        let Some((_, members)) = self.files.iter().find(|(name, _)| Some(name) == wanted) else {
            return error_response(StatusCode::NOT_FOUND, 40401, "no such file");
        };
        match self.pack_members(members) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response(),
            Err(_) => error_response(StatusCode::INTERNAL_SERVER_ERROR, 50001, "cannot pack the archive"),
        }
    }

    /// Returns a refusal unless the application is known, the signature is right, the time is current, and the nonce is
    /// new.
    fn check_request(&self, query: &HashMap<String, String>) -> Option<Response> {
        let unauthorised = |code, message| Some(error_response(StatusCode::UNAUTHORIZED, code, message));
        let value = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let signed: Vec<String> =
            SIGNED.iter().filter_map(|name| Some(format!("{name}={}", query.get(*name)?))).collect();
        if value("appId") != CLIENT || value("sign") != sign_text(&signed.join("&")) {
            return unauthorised(40101, "invalid signature");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if value("timestamp").parse().map_or(true, |told: u64| now.abs_diff(told) > WINDOW) {
            return unauthorised(40102, "timestamp out of range");
        }
        let nonce = value("nonce");
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if nonce.len() < 16 || !nonces.insert(nonce.to_owned()) {
            return unauthorised(40103, "nonce used before");
        }
        None
    }
}

fn error_response(status: StatusCode, code: u32, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message}))).into_response()
}

/// Returns the HMAC-SHA256 under [`SECRET`] in lower-case hexadecimal digits.
fn sign_text(signed: &str) -> String {
    // HMAC accepts a key of any length, so this does not fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return String::new() };
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_query(time: u64, nonce: &str) -> HashMap<String, String> {
        let signed = format!("appId={CLIENT}&file=x&nonce={nonce}&timestamp={time}");
        let time = time.to_string();
        [("appId", CLIENT), ("file", "x"), ("nonce", nonce), ("timestamp", &time), ("sign", &sign_text(&signed))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn old_repeated_and_forged_requests_are_refused() {
        let archives = Archives { dir: PathBuf::new(), files: vec![("x".into(), vec![])], nonces: Mutex::default() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let (one, two) = ("1".repeat(32), "2".repeat(32));
        assert_eq!(archives.answer_download(&signed_query(now, &one)).status(), StatusCode::OK);
        assert_eq!(archives.answer_download(&signed_query(now, &one)).status(), StatusCode::UNAUTHORIZED);
        assert_eq!(archives.answer_download(&signed_query(now - 301, &two)).status(), StatusCode::UNAUTHORIZED);
        let mut forged = signed_query(now, &two);
        forged.insert("file".into(), "y".into());
        assert_eq!(archives.answer_download(&forged).status(), StatusCode::UNAUTHORIZED);
        assert_eq!(archives.answer_listing(&HashMap::new()).status(), StatusCode::UNAUTHORIZED);
    }
}
