//! Unattended operation: schedules, stopping, health, backup, keys, packaging.

mod doctor;
pub mod health;
mod keys;
mod packaging;
mod redis;
mod restore;
mod schedules;
mod stopped;

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::test_env::TestEnv;

/// A worker process that is killed when the value is dropped.
pub struct Worker(pub Child);

impl Worker {
    pub fn start(house: &TestEnv, config: &str, env: &[(&str, &str)]) -> Self {
        let mut command = house.command(&["worker", "--config", config]);
        command.envs(env.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    pub fn send_signal(&self, signal: i32) {
        // SAFETY: the process is our own child and has not been waited for.
        unsafe { libc::kill(i32::try_from(self.0.id()).unwrap(), signal) };
    }

    /// Sends SIGTERM. Returns the exit code, the time until the exit, and the text on standard error.
    pub fn stop_with_sigterm(mut self) -> (Option<i32>, Duration, String) {
        let started = Instant::now();
        self.send_signal(libc::SIGTERM);
        let code = self.0.wait().unwrap().code();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.0.stderr.take().unwrap(), &mut said).unwrap();
        (code, started.elapsed(), said)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn wait_for(what: &str, mut true_at_last: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while !true_at_last() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Returns a loopback port on which nothing listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a settings file and returns its path.
pub fn write_config(house: &TestEnv, text: &str) -> String {
    let file = house.dir.0.join("huiliu.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Returns the settings of a source `a` of the Intel profile.
fn intel_source(port: u16, more: &str) -> String {
    format!(
        "[[source]]\nname = \"a\"\nconnector = \"intel\"\ninstitution_code = \"I\"\nbase_url = \"http://127.0.0.1:{port}\"\n{more}\n"
    )
}
