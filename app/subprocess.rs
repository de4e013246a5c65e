//! Unpacks workbooks and archives in a child process of this same program. A hostile file can break only that process,
//! which runs within these limits and has none of our secrets.

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
/// Limit on wall-clock time. It is much larger than the CPU limit, so that a process that waits for a processor is not
/// ended for waiting.
const WALL_TIME: Duration = Duration::from_secs(120);
/// Exit code of a child that wrote to standard output why it could not unpack.
const EXIT_REFUSED: u8 = 3;
/// Exit code of a child that could not start its work.
const EXIT_UNABLE: u8 = 2;
/// How many bytes of a child's standard error are kept.
const MAX_STDERR: u64 = 4_096;
const SIGABRT: i32 = 6;
const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGXCPU: i32 = 24;

/// Starts a child process for each file.
#[derive(Debug)]
pub struct ChildProcesses;

#[async_trait]
impl UnpackProcess for ChildProcesses {
    async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
        let start = |e: std::io::Error| start_error(ProcessStartError::System { why: e.into() });
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
        let said = tokio::time::timeout(WALL_TIME, exchange_data(child, &task, bytes)).await;
        let (status, out, last_words) = said
            .map_err(|_| {
                start_error(ProcessStartError::Busy { cpu_seconds: CPU_SECONDS, seconds: WALL_TIME.as_secs() })
            })?
            .map_err(start)?;
        if out.len() > MAX_UNPACKED + MAX_STDERR as usize {
            return Err(UnpackError::Size { max: MAX_UNPACKED });
        }
        let garbled = || UnpackError::Crash { how: Crash::Garbled };
        match status.code() {
            Some(0) => String::from_utf8(out).map_err(|_| garbled()),
            Some(code) if code == i32::from(EXIT_REFUSED) => {
                Err(serde_json::from_slice(&out).unwrap_or_else(|_| garbled()))
            }
            _ => Err(classify_exit(status, &String::from_utf8_lossy(&last_words))),
        }
    }
}

/// Returns the path of this running program, which stays valid after an upgrade has replaced its file.
pub fn this_program() -> std::io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

/// Writes the task and the bytes to a child, reads its output and waits for its end.
async fn exchange_data(mut child: Child, task: &str, bytes: &[u8]) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (Some(mut to), Some(from), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(std::io::Error::other("a pipe is missing"));
    };
    let tell = async move {
        // Write errors are ignored: a child may close its standard input early, and its exit code says why.
        let _ = to.write_all(format!("{task}\n").as_bytes()).await;
        let _ = to.write_all(bytes).await;
    };
    let (mut out, mut last_words) = (Vec::new(), Vec::new());
    // Output is read only up to this limit. A child that writes more gets a closed pipe, which ends it.
    let hear = async { from.take(MAX_UNPACKED as u64 + 2 * MAX_STDERR).read_to_end(&mut out).await };
    let overhear = async { errors.take(MAX_STDERR).read_to_end(&mut last_words).await };
    let (_, heard, overheard) = tokio::join!(tell, hear, overhear);
    heard?;
    overheard?;
    Ok((child.wait().await?, out, last_words))
}

fn start_error(why: ProcessStartError) -> UnpackError {
    UnpackError::Start { why }
}

/// Turns the exit status of a child that failed into an error.
fn classify_exit(status: ExitStatus, last_words: &str) -> UnpackError {
    use std::os::unix::process::ExitStatusExt as _;
    match status.signal() {
        Some(SIGXCPU) => UnpackError::Time { seconds: CPU_SECONDS },
        // Neither we nor its own limits sent this signal: the machine is short of memory, or somebody stopped the
        // child.
        Some(signal @ (SIGKILL | SIGTERM | SIGINT)) => start_error(ProcessStartError::Ended { signal }),
        Some(SIGABRT) if last_words.contains("memory allocation of") => UnpackError::Memory { mib: MEMORY_MIB },
        Some(signal) => UnpackError::Crash { how: Crash::Signal { signal } },
        None if status.code() == Some(i32::from(EXIT_UNABLE)) => start_error(ProcessStartError::Unbounded),
        None => UnpackError::Crash { how: Crash::Exit { exit_code: status.code().unwrap_or(-1) } },
    }
}

/// Runs the child: limits its own resources, reads a task and bytes from standard input, and answers on standard
/// output.
pub fn run_unpack_child() -> ExitCode {
    let bounds = [
        (Resource::As, MEMORY_MIB << 20, MEMORY_MIB << 20),
        // The soft limit raises SIGXCPU, which names its cause. The hard limit raises SIGKILL, which anybody could have
        // sent, so it is one second higher.
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
    let (true, Ok(_), Some((task, bytes))) = (bounded, read, task) else { return ExitCode::from(EXIT_UNABLE) };
    let (answer, code) = match unpack::unpack(&task, bytes) {
        Ok(parts) => (parts, 0),
        Err(fault) => (serde_json::to_string(&fault).unwrap_or_default(), EXIT_REFUSED),
    };
    match std::io::stdout().lock().write_all(answer.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(EXIT_UNABLE),
    }
}
