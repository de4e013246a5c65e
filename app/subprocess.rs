//! Workbooks and archives are read in a process of their own, of this same program: what a hostile file breaks is
//! that process, within these bounds, and it has none of our secrets.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use huiliu_decode::unpack::{self, Crash, MAX_UNPACKED, ProcessStartError, Task, UnpackError};
use huiliu_decode::unpacker::UnpackProcess;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

const MEMORY_MIB: u64 = 512;
const CPU_SECONDS: u64 = 20;
/// A process that waits for a processor is not ended for it: the bound on CPU holds all the same.
const WALL: Duration = Duration::from_secs(120);
/// The exit code of a child that says on standard output why it could not unpack.
const REFUSED: u8 = 3;
/// The exit code of a child that could not begin.
const UNABLE: u8 = 2;
/// What is kept of a child's last words.
const LAST_WORDS: u64 = 4_096;
const SIGABRT: i32 = 6;
const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGXCPU: i32 = 24;

/// Starts the processes.
#[derive(Debug)]
pub struct Processes;

#[async_trait]
impl UnpackProcess for Processes {
    async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
        let start = |e: std::io::Error| not_started(ProcessStartError::System { why: e.into() });
        let child = Command::new(this_program().map_err(start)?)
            .arg("unpack")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let task = serde_json::to_string(task).map_err(|e| start(e.into()))?;
        let said = tokio::time::timeout(WALL, converse(child, &task, bytes)).await;
        let (status, out, last_words) = said
            .map_err(|_| not_started(ProcessStartError::Busy { cpu_seconds: CPU_SECONDS, seconds: WALL.as_secs() }))?
            .map_err(start)?;
        if out.len() > MAX_UNPACKED + LAST_WORDS as usize {
            return Err(UnpackError::Size { max: MAX_UNPACKED });
        }
        let garbled = || UnpackError::Crash { how: Crash::Garbled };
        match status.code() {
            Some(0) => String::from_utf8(out).map_err(|_| garbled()),
            Some(code) if code == i32::from(REFUSED) => Err(serde_json::from_slice(&out).unwrap_or_else(|_| garbled())),
            _ => Err(death(status, &String::from_utf8_lossy(&last_words))),
        }
    }
}

/// This very program, also after an upgrade has put another file in its place.
pub fn this_program() -> std::io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

/// Gives a child its task and bytes, hears it out and waits for its end.
async fn converse(mut child: Child, task: &str, bytes: &[u8]) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (Some(mut to), Some(from), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(std::io::Error::other("a pipe is missing"));
    };
    let tell = async move {
        // A child that has heard enough closes its ear; its exit says why.
        let _ = to.write_all(format!("{task}\n").as_bytes()).await;
        let _ = to.write_all(bytes).await;
    };
    let (mut out, mut last_words) = (Vec::new(), Vec::new());
    // More than a child may say is not heard, and ends it.
    let hear = async { from.take(MAX_UNPACKED as u64 + 2 * LAST_WORDS).read_to_end(&mut out).await };
    let overhear = async { errors.take(LAST_WORDS).read_to_end(&mut last_words).await };
    let (_, heard, overheard) = tokio::join!(tell, hear, overhear);
    heard?;
    overheard?;
    Ok((child.wait().await?, out, last_words))
}

fn not_started(why: ProcessStartError) -> UnpackError {
    UnpackError::Start { why }
}

/// What a child died of.
fn death(status: ExitStatus, last_words: &str) -> UnpackError {
    use std::os::unix::process::ExitStatusExt as _;
    match status.signal() {
        Some(SIGXCPU) => UnpackError::Time { seconds: CPU_SECONDS },
        // Not by us, and not by its own bounds: the machine is short of memory, or somebody stops it.
        Some(signal @ (SIGKILL | SIGTERM | SIGINT)) => not_started(ProcessStartError::Ended { signal }),
        Some(SIGABRT) if last_words.contains("memory allocation of") => UnpackError::Memory { mib: MEMORY_MIB },
        Some(signal) => UnpackError::Crash { how: Crash::Signal { signal } },
        None if status.code() == Some(i32::from(UNABLE)) => not_started(ProcessStartError::Unbounded),
        None => UnpackError::Crash { how: Crash::Exit { exit_code: status.code().unwrap_or(-1) } },
    }
}

/// The child: bounds itself, reads a task and bytes from standard input, answers on standard output.
pub fn child() -> ExitCode {
    let bounds = [
        (Resource::As, MEMORY_MIB << 20, MEMORY_MIB << 20),
        // Who reaches the second bound is killed, and nobody could tell by whom; at the first one it is said.
        (Resource::Cpu, CPU_SECONDS, CPU_SECONDS + 1),
        (Resource::Core, 0, 0),
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, 16, 16),
    ];
    let bound = |(resource, first, last)| setrlimit(resource, Rlimit { current: Some(first), maximum: Some(last) });
    let bounded = bounds.into_iter().all(|bounds| bound(bounds).is_ok());
    let mut input = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut input);
    let task = input.iter().position(|b| *b == b'\n').and_then(|end| input.split_at_checked(end));
    let task = task.and_then(|(task, bytes)| Some((serde_json::from_slice::<Task>(task).ok()?, bytes.get(1..)?)));
    let (true, Ok(_), Some((task, bytes))) = (bounded, read, task) else { return ExitCode::from(UNABLE) };
    let (answer, code) = match unpack::unpack(&task, bytes) {
        Ok(parts) => (parts, 0),
        Err(fault) => (serde_json::to_string(&fault).unwrap_or_default(), REFUSED),
    };
    match std::io::stdout().lock().write_all(answer.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(UNABLE),
    }
}
