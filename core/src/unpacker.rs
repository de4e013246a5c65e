//! The door to unpacking: payloads that are more than text are read in a process of their own, once.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::manifest::Stream;
use crate::stages::Body;
use crate::stages::decode::{self, DecodeFault};
use crate::stages::unpack::{MAX_UNPACKED, Task, UnpackFault};

/// The last payloads are remembered: so many, and not more than [`MAX_UNPACKED`] bytes of them.
const REMEMBERED: usize = 4;

/// Whoever runs [`crate::stages::unpack::unpack`] in a process of its own, with bounds on memory and time.
#[async_trait]
pub trait Apart: Debug + Send + Sync {
    /// What `unpack` gives in that process.
    ///
    /// # Errors
    /// [`UnpackFault`], also for a process that died or was ended.
    async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackFault>;
}

/// Makes payloads ready for the stages.
#[derive(Debug)]
pub struct Unpacker {
    apart: Box<dyn Apart>,
    last: Mutex<VecDeque<([u8; 32], Arc<str>)>>,
}

impl Unpacker {
    /// With this process runner.
    #[must_use]
    pub fn new(apart: Box<dyn Apart>) -> Self {
        Self { apart, last: Mutex::default() }
    }

    /// A payload of a stream, ready for the stages. Text costs nothing but its decoding; a payload unpacked a moment
    /// ago, as each of its batches asks for it, is not unpacked again.
    ///
    /// # Errors
    /// [`DecodeFault`].
    pub async fn body<'a>(&self, stream: &Stream, bytes: &'a [u8]) -> Result<Body<'a>, DecodeFault> {
        let Some(task) = Task::of(stream, bytes) else {
            return decode::text(&stream.format, bytes).map(Body::Text);
        };
        let digest = Sha256::new().chain_update(format!("{task:?}")).chain_update(bytes).finalize().into();
        if let Some(known) = self.recall(&digest) {
            return Ok(Body::Parts(known));
        }
        let text: Arc<str> = self.apart.unpack(&task, bytes).await?.into();
        self.remember(digest, Arc::clone(&text));
        Ok(Body::Parts(text))
    }

    fn recall(&self, digest: &[u8; 32]) -> Option<Arc<str>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().find(|(of, _)| of == digest).map(|(_, text)| Arc::clone(text))
    }

    fn remember(&self, digest: [u8; 32], text: Arc<str>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.push_back((digest, text));
        while last.len() > REMEMBERED || last.iter().map(|(_, text)| text.len()).sum::<usize>() > MAX_UNPACKED {
            last.pop_front();
        }
    }
}
