//! The China Mobile programme's archives over HTTP: a listing and a download, each request signed.

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

/// Members of one archive.
const MEMBERS: usize = 3;
/// Seconds that a request's time may be off.
const WINDOW: u64 = 300;
/// What is signed, in this order, where a request has it.
const SIGNED: [&str; 4] = ["appId", "file", "nonce", "timestamp"];

/// The archives, and the numbers that were used once.
pub(crate) struct Archives {
    dir: PathBuf,
    /// By name, sorted, with their members.
    files: Vec<(String, Vec<String>)>,
    nonces: Mutex<HashSet<String>>,
}

impl Archives {
    /// Of the CMCC files of a directory, those of one export together. They are packed when they are asked for.
    pub(crate) fn of(dir: &Path) -> Result<Self, SandboxError> {
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

    fn pack(&self, members: &[String]) -> zip::result::ZipResult<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for member in members {
            archive.start_file(member.as_str(), SimpleFileOptions::default())?;
            archive.write_all(&std::fs::read(self.dir.join(member))?)?;
        }
        archive.start_file("说明.txt", SimpleFileOptions::default())?;
        archive.write_all("每个文件为一次导出\r\n".as_bytes())?;
        Ok(archive.finish()?.into_inner())
    }

    /// The listing, for a request with these parameters.
    pub(crate) fn list(&self, query: &HashMap<String, String>) -> Response {
        if let Some(refusal) = self.refusal(query) {
            return refusal;
        }
        let files: Vec<_> = self.files.iter().map(|(name, _)| json!({"name": name})).collect();
        Json(json!({"code": 0, "data": {"files": files}})).into_response()
    }

    /// One archive, for a request with these parameters.
    pub(crate) fn file(&self, query: &HashMap<String, String>) -> Response {
        if let Some(refusal) = self.refusal(query) {
            return refusal;
        }
        let wanted = query.get("file");
        let Some((_, members)) = self.files.iter().find(|(name, _)| Some(name) == wanted) else {
            return refuse(StatusCode::NOT_FOUND, 40401, "no such file");
        };
        match self.pack(members) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response(),
            Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, 50001, "cannot pack the archive"),
        }
    }

    /// None when the application is known, the signature right, the time now, the number new.
    fn refusal(&self, query: &HashMap<String, String>) -> Option<Response> {
        let unauthorised = |code, message| Some(refuse(StatusCode::UNAUTHORIZED, code, message));
        let value = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let signed: Vec<String> =
            SIGNED.iter().filter_map(|name| Some(format!("{name}={}", query.get(*name)?))).collect();
        if value("appId") != CLIENT || value("sign") != signature(&signed.join("&")) {
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

fn refuse(status: StatusCode, code: u32, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message}))).into_response()
}

/// HMAC-SHA256 under [`SECRET`], in lower-case hexadecimal digits.
fn signature(signed: &str) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return String::new() };
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(time: u64, nonce: &str) -> HashMap<String, String> {
        let signed = format!("appId={CLIENT}&file=x&nonce={nonce}&timestamp={time}");
        let time = time.to_string();
        [("appId", CLIENT), ("file", "x"), ("nonce", nonce), ("timestamp", &time), ("sign", &signature(&signed))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn old_repeated_and_forged_requests_are_refused() {
        let archives = Archives { dir: PathBuf::new(), files: vec![("x".into(), vec![])], nonces: Mutex::default() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let (one, two) = ("1".repeat(32), "2".repeat(32));
        assert_eq!(archives.file(&query(now, &one)).status(), StatusCode::OK);
        assert_eq!(archives.file(&query(now, &one)).status(), StatusCode::UNAUTHORIZED);
        assert_eq!(archives.file(&query(now - 301, &two)).status(), StatusCode::UNAUTHORIZED);
        let mut forged = query(now, &two);
        forged.insert("file".into(), "y".into());
        assert_eq!(archives.file(&forged).status(), StatusCode::UNAUTHORIZED);
        assert_eq!(archives.list(&HashMap::new()).status(), StatusCode::UNAUTHORIZED);
    }
}
