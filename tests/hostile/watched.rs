//! A process that is watched: the most memory that it and its children have held.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The most memory, in MiB, of the process and of the largest of its children.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peak {
    pub own: u64,
    pub child: u64,
}

/// Runs a command to its end and looks at it all the while.
pub fn run(command: &mut Command) -> (Output, Peak) {
    run_and(command, |_| {})
}

/// Gives each of its children, with the number of its process, at every look.
pub fn run_and(command: &mut Command, each: impl Fn(u32) + Sync) -> (Output, Peak) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (pid, ended) = (child.id(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = Peak::default();
            while !ended.load(Ordering::Relaxed) {
                peak.own = peak.own.max(high_water(pid));
                // Until it has become another program, a child's memory is its parent's.
                let own = invoked(pid);
                let is_other = |child: &u32| ![own.clone(), vec![]].contains(&invoked(*child));
                for child in children(pid).into_iter().filter(is_other) {
                    peak.child = peak.child.max(high_water(child));
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

/// `VmHWM` in MiB; it never falls, so that little is missed between two looks.
fn high_water(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0) / 1_024
}

fn invoked(pid: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

fn children(pid: u32) -> BTreeSet<u32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return BTreeSet::new() };
    let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let all: String = tasks.filter_map(Result::ok).map(of_task).collect();
    all.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
