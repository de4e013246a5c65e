//! The bytes of a connection. Answers that the HTTP library writes by itself, to what is no request, get a body that says
//! why; and a connection is closed only after its sender has had time to read the answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Sleep;

use super::connections::Connection;
use crate::problem::Problem;

/// How long what still comes is read after the last answer. A connection with unread bytes is reset, and its sender would
/// lose the answer.
const LINGER: Duration = Duration::from_secs(5);
/// Number of bytes that are read at once while nobody wants them.
const STEP: usize = 16 << 10;

/// One connection.
pub struct Wire {
    stream: TcpStream,
    connection: Arc<Connection>,
    stop: watch::Receiver<bool>,
    /// Bytes that are written instead of the library's.
    instead: Vec<u8>,
    written: usize,
    /// Whether the bytes that are being written were looked at already.
    is_judged: bool,
    lingers: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub fn new(stream: TcpStream, connection: Arc<Connection>, stop: watch::Receiver<bool>) -> Self {
        Self { stream, connection, stop, instead: vec![], written: 0, is_judged: false, lingers: None }
    }

    /// Returns the status of an answer that no request asked for, if these bytes are one.
    fn find_bare_refusal(&self, bytes: &[u8]) -> Option<StatusCode> {
        let status = bytes.strip_prefix(b"HTTP/1.")?.get(2..5)?;
        let status = StatusCode::from_bytes(status).ok().filter(|status| !status.is_informational())?;
        let is_ours = self.connection.count_answer();
        (!is_ours && (status.is_client_error() || status.is_server_error())).then_some(status)
    }

    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.instead.len() {
            let rest = self.instead.get(self.written..).unwrap_or_default();
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => self.written += more,
            }
        }
        self.instead.clear();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, out)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !std::mem::replace(&mut self.is_judged, true)
            && let Some(status) = self.find_bare_refusal(bytes)
        {
            (self.instead, self.written) = (Problem::unreadable_request(status).to_wire(), 0);
        }
        let written = if self.instead.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))
        } else {
            ready!(self.poll_instead(cx)).map(|()| bytes.len())
        };
        self.is_judged = false;
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingers.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.lingers = Some(Box::pin(tokio::time::sleep(LINGER)));
        }
        let mut bytes = [0; STEP];
        loop {
            let is_over = self.lingers.as_mut().is_none_or(|lingers| lingers.as_mut().poll(cx).is_ready());
            if is_over || *self.stop.borrow() {
                return Poll::Ready(Ok(()));
            }
            let mut out = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut out)) {
                Ok(()) if !out.filled().is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
