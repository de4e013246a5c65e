//! Full and failing disks, lost connections and power cuts: what was acknowledged is there, and work goes on as soon as it
//! can, in the same processes.

mod full;
mod lost;
mod synced;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::extraction::Site;
use crate::test_env::Scratch;

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A small disk of its own for the data of one site. It is gone when the value is dropped.
struct SmallDisk {
    holder: Child,
    _place: Scratch,
    root: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk of `mib` MiB, and puts the data of a site there. A namespace of its own holds the mount, so that no
    /// privilege is needed; the program is run in it.
    fn mount(site: &mut Site, mib: u32) -> Self {
        let place = Scratch::new("disk");
        let script = format!("mount -t tmpfs -o size={mib}m none \"$0\" && echo mounted && exec sleep 100000");
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .arg(&place.0)
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (util-linux) is missing");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(
            line, "mounted\n",
            "this machine lets nobody mount in a user namespace; allow it for the tests: `sysctl -w \
             kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`, in a container with \
             `--security-opt seccomp=unconfined`"
        );
        let root = PathBuf::from(format!("/proc/{}/root{}", holder.id(), place.0.display()));
        let enter =
            ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", &holder.id().to_string(), "--"];
        site.house.prefix = enter.map(str::to_owned).to_vec();
        site.house.env.push(("HUILIU_DATA_DIR".to_owned(), place.0.display().to_string()));
        Self { holder, _place: place, root }
    }

    /// Writes a file of `mib` MiB, or as large as there is room for.
    fn add_ballast(&self, mib: usize) -> PathBuf {
        let path = self.root.join("ballast");
        let mut file = std::fs::File::create(&path).unwrap();
        for step in [1 << 20, 4096] {
            for _ in 0..mib * (1 << 20) / step {
                if file.write_all(&vec![1; step]).is_err() {
                    break;
                }
            }
            if step == 1 << 20 && file.metadata().unwrap().len() == (mib << 20) as u64 {
                break;
            }
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A running process of the program, killed when the value is dropped.
struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                written.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, said }
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How often the log says something.
fn count_said(said: &Mutex<String>, what: &str) -> usize {
    said.lock().unwrap().matches(what).count()
}

/// Makes a command one that outlives a limit on the size of its files.
fn without_size_signal(command: &Command) -> Command {
    let mut wrapped = Command::new("sh");
    wrapped.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// Sets the size up to which a process may write files. Writes beyond it fail, as those to a failing disk.
fn limit_file_size(process: &Child, limit: &str) {
    let set = Command::new("prlimit").args(["--pid", &process.id().to_string(), &format!("--fsize={limit}:")]).status();
    assert!(set.expect("prlimit (util-linux) is missing").success());
}
