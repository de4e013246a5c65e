//! Posts signed notes to webhooks, as Standard Webhooks describes it (<https://www.standardwebhooks.com>): the header
//! `webhook-signature` holds `v1,` and the HMAC-SHA256 of id, time and body in Base64.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::CONTENT_TYPE;
use url::Url;

use super::{ChannelError, tell_all};
use crate::http::guard::{self, Networks};
use crate::http::sign::hmac_sha256;
use crate::http::web::client_builder;

/// A webhook.
#[derive(Clone)]
pub struct Webhook {
    /// Its address.
    pub url: String,
    /// The secret that both sides know: a text, or `whsec_` and bytes in Base64.
    pub secret: String,
}

/// A note to sign and post.
#[derive(Debug, Clone, Copy)]
pub struct SignedNote<'n> {
    /// Its id; the same for each attempt, so that the receiver knows one that it has.
    pub id: &'n str,
    /// When it is sent, in seconds since 1970.
    pub timestamp: i64,
    /// The body: JSON.
    pub body: &'n str,
}

/// Posts a note. Redirects are not followed, and an address that is not public must be in an allowed network.
///
/// # Errors
/// [`ChannelError`] if the note is not taken in time.
pub async fn post_signed(
    hook: &Webhook,
    note: SignedNote<'_>,
    timeout: Duration,
    networks: &Networks,
) -> Result<(), ChannelError> {
    let url = Url::parse(&hook.url).map_err(|e| ChannelError::Url { why: e.to_string() })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ChannelError::Url { why: url.scheme().to_owned() });
    }
    let refused = |e: &guard::Refused| ChannelError::NotPublic { why: e.to_string() };
    networks.check_url(&url).map_err(|e| refused(&e))?;
    let client = client_builder(timeout, networks).build();
    let client = client.map_err(|e| ChannelError::Unreachable { why: tell_all(&e.without_url()) })?;
    let SignedNote { id, timestamp, body } = note;
    let request = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", format!("v1,{}", sign_note(&hook.secret, note)))
        .body(body.to_owned());
    // The address may hold a token.
    let answer = request.send().await.map_err(|e| match guard::find_refusal(&e) {
        Some(why) => refused(why),
        None if e.is_timeout() => ChannelError::Timeout { seconds: timeout.as_secs() },
        None => ChannelError::Unreachable { why: tell_all(&e.without_url()) },
    })?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(ChannelError::Status { status: status.as_u16() }) }
}

/// Returns the signature of a note in Base64.
fn sign_note(secret: &str, note: SignedNote<'_>) -> String {
    let bytes = secret.strip_prefix("whsec_").and_then(|coded| BASE64.decode(coded).ok());
    let key = bytes.unwrap_or_else(|| secret.as_bytes().to_vec());
    let signed = format!("{}.{}.{}", note.id, note.timestamp, note.body);
    BASE64.encode(hmac_sha256(&key, signed.as_bytes()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementation.
    #[test]
    fn a_note_is_signed_as_the_standard_says() {
        let note = SignedNote {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: 1_614_265_330,
            body: r#"{"test": 2432232314}"#,
        };
        let signed = sign_note("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", note);
        assert_eq!(signed, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
