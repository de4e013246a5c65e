//! How a process stops: it is asked to by a signal, and ends in time whatever still runs.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::CliError;
use crate::words::{label, note, system_error_text};

/// How long after the signal the process ends if it has not ended by itself.
const LIMIT: Duration = Duration::from_secs(17);
/// The exit code of a process whose work was cut off.
const CUT_OFF: i32 = 1;

/// Returns a value that turns true at Ctrl-C or SIGTERM. The process ends 17 s later at the latest: what is cut off was not
/// acknowledged, is rolled back, and is done again by the next process.
///
/// The signals are waited for in a thread of their own, because work may hold all others.
pub fn watch_stop_signals() -> Result<watch::Receiver<bool>, CliError> {
    let (tell, told) = watch::channel(false);
    let failed = |e: std::io::Error| CliError::failed(system_error_text(&e));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let signals = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate()).map_err(failed)?, signal(SignalKind::interrupt()).map_err(failed)?)
    };
    std::thread::Builder::new()
        .name("stop".to_owned())
        .spawn(move || runtime.block_on(stop_in_time(signals, tell)))
        .map_err(failed)?;
    Ok(told)
}

async fn stop_in_time((mut terminated, mut interrupted): (Signal, Signal), tell: watch::Sender<bool>) {
    tokio::select! {
        _ = terminated.recv() => (),
        _ = interrupted.recv() => (),
    }
    // The sender is kept alive, so that receivers that wait later see the value too.
    let _ = tell.send(true);
    tokio::time::sleep(LIMIT).await;
    note(label("cli-stop-cut-off"));
    std::process::exit(CUT_OFF);
}
