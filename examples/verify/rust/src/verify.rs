//! Verifies Daypass access tokens with jsonwebtoken: copy this file into your backend.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What a backend knows of the tokens that it accepts.
pub struct Options<'a> {
    /// DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation.
    pub secrets: &'a [&'a str],
    /// Your site, such as `https://your-site.example`.
    pub issuer: &'a str,
    pub audience: &'a str,
    /// Usually production alone.
    pub deploy_contexts: &'a [&'a str],
    /// The present, seconds since the epoch: `jsonwebtoken::get_current_timestamp()`.
    pub now: u64,
}

/// Why a token was refused: for the log, not for the caller.
#[derive(Debug)]
pub struct Refused(pub String);

impl<E: std::error::Error> From<E> for Refused {
    fn from(error: E) -> Self {
        Refused(error.to_string())
    }
}

/// The header or the claims are the first level, each object or list inside another one more.
const MAX_LEVELS: usize = 64;

fn refuse<T>(reason: &str) -> Result<T, Refused> {
    Err(Refused(reason.to_owned()))
}

/// Returns the token of a request: of `Authorization: Bearer`, or of `X-Daypass`, which holds it alone, where a password of
/// the site takes `Authorization`. None when it is in neither: answer 401 without an error code.
pub fn read_token<'a>(
    authorization: Option<&'a str>,
    x_daypass: Option<&'a str>,
) -> Result<Option<&'a str>, Refused> {
    let (scheme, rest) = authorization
        .unwrap_or_default()
        .split_at_checked("bearer".len())
        .unwrap_or_default();
    let is_bearer = scheme.eq_ignore_ascii_case("bearer")
        && !rest.starts_with(|next: char| !next.is_ascii_whitespace());
    if is_bearer && x_daypass.is_some() {
        return refuse("sent twice");
    }
    let Some(token) = is_bearer.then(|| rest.trim_start_matches(' ')).or(x_daypass) else {
        return Ok(None);
    };
    let name = token.trim_end_matches('=');
    let is_one = |c: char| c.is_ascii_alphanumeric() || "._~+/-".contains(c);
    if name.is_empty() || !name.chars().all(is_one) {
        return refuse("not one token");
    }
    Ok(Some(token))
}

/// Returns the claims of an access token.
pub fn verify(token: &str, options: &Options) -> Result<Map<String, Value>, Refused> {
    if token.len() > 4096 {
        return refuse("too long");
    }
    let encoded = token.split('.').next().unwrap_or_default();
    let Unique(Value::Object(header)) =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(encoded)?)?
    else {
        return refuse("the header is not an object");
    };
    if header.values().any(|member| levels(member) >= MAX_LEVELS) {
        return refuse("the header is nested too deep");
    }
    // jsonwebtoken looks at neither, although a crit that is not understood must be refused.
    if header.get("typ") != Some(&Value::from("JWT")) || header.contains_key("crit") {
        return refuse("another kind of token");
    }
    if options.secrets.iter().any(|secret| secret.len() < 32) {
        return refuse("a secret is missing, or shorter than 32 bytes");
    }
    let Some(secret) = options
        .secrets
        .iter()
        .find(|secret| header.get("kid") == Some(&key_id(secret).into()))
    else {
        return refuse("unknown key");
    };

    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[options.issuer]);
    validation.set_audience(&[options.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    // jsonwebtoken asks the system's clock, rounds fractions and accepts up to exp + leeway; it never looks at iat.
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(secret.as_bytes());
    let Unique(Value::Object(claims)) = jsonwebtoken::decode(token, &key, &validation)?.claims
    else {
        return refuse("the claims are not an object");
    };
    if claims.values().any(|member| levels(member) >= MAX_LEVELS) {
        return refuse("the claims are nested too deep");
    }

    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss").is_none() || text("aud").is_none() || text("jti").is_none_or(str::is_empty) {
        return refuse("iss, aud and jti must be strings");
    }
    if claims.contains_key("scope") && text("scope").is_none() {
        return refuse("scope must be a string");
    }
    if !text("sub").is_some_and(is_session) {
        return refuse("sub is not a session of Daypass");
    }
    if !text("deploy_context").is_some_and(|context| options.deploy_contexts.contains(&context)) {
        return refuse("another deploy context");
    }
    let time = |name: &str, default: Option<u64>| claims.get(name).map_or(default, whole_seconds);
    let (Some(issued), Some(expires), Some(not_before), Some(began)) = (
        time("iat", None),
        time("exp", None),
        time("nbf", Some(0)),
        time("auth_time", Some(0)),
    ) else {
        return refuse("a time is absent, or not a whole number of seconds");
    };
    if expires <= issued || expires - issued > 3600 {
        return refuse("a life that no Daypass token has");
    }
    if began > issued {
        return refuse("minted before its session began");
    }
    if issued.max(not_before) > options.now + 30 || options.now >= expires + 30 {
        return refuse("not yet valid, or expired");
    }
    Ok(claims)
}

/// The first 8 characters of base64url(HMAC-SHA256(secret, "daypass kid")).
fn key_id(secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    let mac = jsonwebtoken::crypto::sign(b"daypass kid", &key, Algorithm::HS256)
        .expect("HMAC takes any key");
    mac[..8].to_owned()
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn is_session(sub: &str) -> bool {
    sub.strip_prefix("anon_").is_some_and(|id| {
        id.len() == 22
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

fn whole_seconds(claim: &Value) -> Option<u64> {
    let seconds = claim.as_f64()?;
    (0.0..9_007_199_254_740_992.0)
        .contains(&seconds)
        .then_some(seconds as u64)
        .filter(|_| seconds.fract() == 0.0)
}

/// JSON in which no object repeats a member: serde_json keeps the last one.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON without repeated members")
    }
    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Value::Null))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Unique, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = sequence.next_element()? {
            list.push(value);
        }
        Ok(Unique(list.into()))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unique(value))) = members.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(Unique(object.into()))
    }
}
