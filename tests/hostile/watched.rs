//! Runs a process and measures the peak memory of it and its children.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Peak memory, in MiB, of the process and of the largest of its children.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peak {
    pub own: u64,
    pub child: u64,
}

/// Runs a command to its end and samples its memory all the time.
pub fn run_watched(command: &mut Command) -> (Output, Peak) {
    run_watching_children(command, |_| {})
}

/// Runs a command as [`run_watched`] does, and calls `each` with each child's process id at every sample.
pub fn run_watching_children(command: &mut Command, each: impl Fn(u32) + Sync) -> (Output, Peak) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (pid, ended) = (child.id(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = Peak::default();
            while !ended.load(Ordering::Relaxed) {
                peak.own = peak.own.max(peak_memory(pid));
                // Between fork and exec, a child's memory is its parent's.
                let own = command_line(pid);
                let is_other = |child: &u32| ![own.clone(), vec![]].contains(&command_line(*child));
                for child in child_processes(pid).into_iter().filter(is_other) {
                    peak.child = peak.child.max(peak_memory(child));
                    each(child);
                }
                std::thread::sleep(Duration::from_millis(3));
            }
            peak
        });
        let output = child.wait_with_output().unwrap();
        ended.store(true, Ordering::Relaxed);
        (output, watcher.join().unwrap())
    })
}

/// Returns `VmHWM` in MiB. It never falls, so little is missed between two samples.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0) / 1_024
}

fn command_line(pid: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

fn child_processes(pid: u32) -> BTreeSet<u32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return BTreeSet::new() };
    let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let all: String = tasks.filter_map(Result::ok).map(of_task).collect();
    all.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
