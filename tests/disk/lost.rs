//! Connections to PostgreSQL that break off in the midst of a transaction.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::extraction::receive::{open_with, push_site};
use crate::extraction::records_json;
use crate::test_env::Services;

/// Where a connection is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cut {
    /// The server does not get the command.
    Before,
    /// The server does what it was told, and nobody hears of it.
    After,
}

/// A place between the program and its server that cuts a connection at every nth command of a kind.
struct Cutter {
    port: u16,
    cuts: Arc<AtomicUsize>,
}

/// Returns the message by which a client has the server run a command without arguments.
fn command_message(command: &str) -> Vec<u8> {
    let length = u32::try_from(command.len() + 5).unwrap();
    [b"Q".as_slice(), &length.to_be_bytes(), command.as_bytes(), b"\0"].concat()
}

impl Cutter {
    fn start(server: u16, command: &str, at: Cut, every: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(AtomicUsize::new(0));
        let message = command_message(command);
        let counted = Arc::clone(&cuts);
        std::thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let to_server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (mut back_from, mut back_to) = (to_server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut back_from, &mut back_to);
                    let _ = back_to.shutdown(Shutdown::Both);
                });
                let (message, seen, cuts) = (message.clone(), Arc::clone(&seen), Arc::clone(&counted));
                std::thread::spawn(move || {
                    forward(client, to_server, |bytes| {
                        let is_it = bytes.windows(message.len()).any(|part| part == message);
                        let is_due = is_it && seen.fetch_add(1, Ordering::SeqCst) % every == every - 1;
                        cuts.fetch_add(usize::from(is_due), Ordering::SeqCst);
                        is_due.then_some(at)
                    });
                });
            }
        });
        Self { port, cuts }
    }
}

/// Forwards what a client says until it is to be cut off.
fn forward(mut client: TcpStream, mut server: TcpStream, decide: impl Fn(&[u8]) -> Option<Cut>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(n) = client.read(&mut buffer) {
        let cut = decide(&buffer[..n]);
        if cut == Some(Cut::After) {
            // The client is gone before the server can answer.
            let _ = client.shutdown(Shutdown::Both);
        }
        if n == 0 || cut == Some(Cut::Before) || server.write_all(&buffer[..n]).is_err() {
            break;
        }
        if cut == Some(Cut::After) {
            // The server ends the connection once it has done what it was told.
            let _ = server.shutdown(Shutdown::Write);
            return;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

fn check_lost_connections(command: &str, at: Cut, every: usize) {
    let mut site = push_site(Services::Postgres);
    let url = site.house.postgres.as_ref().unwrap().url();
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
    let cutter = Cutter::start(port.parse().unwrap(), command, at, every);
    let cut_url = url.replace(&format!(":{port}/"), &format!(":{}/", cutter.port));
    site.house.env.push(("HUILIU_LEASE_MS".to_owned(), "1000".to_owned()));
    let mut command = site.command(&["receive", "--listen", "127.0.0.1:0"]);
    command.env("HUILIU_DATABASE", &cut_url);
    let mut door = open_with(command);
    for n in 0..12 {
        let body = records_json(n..n + 1);
        let taken = (0..40).any(|_| door.post_with_bearer(&format!("key-{n}"), &body).0 == 202);
        assert!(taken && door.child.try_wait().unwrap().is_none(), "{}", door.said.lock().unwrap());
    }
    assert!(cutter.cuts.load(Ordering::SeqCst) >= 5, "too few connections were cut");
    drop(door);
    // A process that loses its connection while it starts ends with an error.
    let is_done = (0..10).any(|_| {
        let mut worker = site.command(&["worker", "--until-done"]);
        worker.env("HUILIU_DATABASE", &cut_url).output().unwrap().status.success()
    });
    assert!(is_done, "no worker finished its work");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), 12);
    assert_eq!(site.house.run_sql("SELECT count(DISTINCT address) FROM payload"), 12);
    let books = site.run_json(&["balance", "--json"]);
    assert_eq!((&books["balanced"], &books["complete"]), (&true.into(), &true.into()), "{books}");
}

#[test]
fn a_connection_lost_when_a_transaction_begins_costs_nothing() {
    check_lost_connections("BEGIN", Cut::Before, 9);
}

#[test]
fn a_connection_lost_before_a_commit_costs_nothing() {
    check_lost_connections("COMMIT", Cut::Before, 9);
}

#[test]
fn a_connection_lost_after_a_commit_costs_nothing() {
    check_lost_connections("COMMIT", Cut::After, 9);
}
