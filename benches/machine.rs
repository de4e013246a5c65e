//! What benchmarks need of the machine: the database server's CPU, psql, and the sandbox's platforms as sources.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use huiliu_sandbox::{CLIENT, Sandbox};

use crate::test_env::Postgres;

/// The settings of the server, which are printed with every result.
pub const SETTINGS: &str = "-c shared_buffers=1GB -c max_wal_size=8GB -c checkpoint_timeout=30min -c fsync=on \
                            -c synchronous_commit=on -c max_parallel_workers_per_gather=0 -c jit=off -c autovacuum=off";

fn sum_cpu_fields(stat: &str, fields: &[usize]) -> f64 {
    let after = stat.rsplit_once(") ").map_or("", |(_, t)| t);
    let parts: Vec<&str> = after.split(' ').collect();
    fields.iter().filter_map(|f| parts.get(f - 3)?.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Returns the CPU seconds of a cluster so far: the postmaster, its ended children, and its running ones.
pub fn server_cpu(postgres: &Postgres) -> f64 {
    let pid = postgres.pid();
    let stat = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let mut total = sum_cpu_fields(&stat(&pid), &[14, 15, 16, 17]);
    for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = stat(&name);
        let parent = text.rsplit_once(") ").and_then(|(_, t)| t.split(' ').nth(1).map(str::to_owned));
        if parent.as_deref() == Some(pid.as_str()) {
            total += sum_cpu_fields(&text, &[14, 15]);
        }
    }
    total
}

/// Returns the CPU seconds of this process's ended children, including redis-cli for the samples.
pub fn children_cpu() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer lives through the call.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Returns the peak memory of the largest of this process's ended children, in MiB.
pub fn children_peak_mib() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer lives through the call.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    usage.ru_maxrss as f64 / 1024.0
}

pub fn psql_command(postgres: &Postgres, args: &[&str]) -> Command {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d"]).arg(postgres.url()).args(args).stdout(Stdio::null());
    command
}

pub fn run_psql(postgres: &Postgres, args: &[&str]) {
    assert!(psql_command(postgres, args).status().unwrap().success(), "psql {args:?}");
}

/// Writes settings with every source, or with those that the command line names.
pub fn write_sources(sandbox: &Sandbox, drop_dir: &Path, file: &Path) {
    let mut text = String::new();
    let named: Vec<String> = std::env::args().skip(1).collect();
    let all = ["institution", "intel", "cmcc", "lego", "microsoft"];
    let chosen = all.iter().filter(|c| named.iter().any(|n| n == *c));
    let chosen: Vec<&str> = if chosen.clone().count() > 0 { chosen.copied().collect() } else { all.to_vec() };
    for connector in chosen {
        text += &format!(
            "[[source]]\nname = \"{connector}\"\nconnector = \"{connector}\"\ninstitution_code = \"{connector}\"\nbase_url = \"{}\"\n\
             user = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\nfolder = \"{}\"\n",
            sandbox.base_url(),
            drop_dir.display()
        );
    }
    std::fs::write(file, text).unwrap();
}

/// CPU seconds of client and server, wall seconds, and peak memory of the client in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub client: f64,
    pub server: f64,
    pub wall: f64,
    pub peak_mib: f64,
}

impl Cost {
    pub fn total_cpu(self) -> f64 {
        self.client + self.server
    }
}

#[expect(clippy::zombie_processes, reason = "wait4 collects the child together with what it used")]
pub fn measure_command(postgres: &Postgres, mut command: Command) -> Cost {
    run_psql(postgres, &["-c", "CHECKPOINT"]);
    let (server, wall) = (server_cpu(postgres), Instant::now());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let mut status = 0;
    // SAFETY: the child is ours, and both pointers live through the call.
    unsafe { libc::wait4(i32::try_from(child.id()).unwrap(), &raw mut status, 0, &raw mut usage) };
    let wall = wall.elapsed().as_secs_f64();
    assert_eq!(status, 0, "{command:?} said:\n{said}");
    run_psql(postgres, &["-c", "CHECKPOINT"]);
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    Cost {
        client: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        server: server_cpu(postgres) - server,
        wall,
        peak_mib: usage.ru_maxrss as f64 / 1024.0,
    }
}
