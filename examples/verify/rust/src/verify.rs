//! Verifies Daypass access tokens with jsonwebtoken: copy this file into your backend.

use std::collections::{HashMap, HashSet};
use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A site whose tokens a backend accepts.
pub struct Site {
    /// DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation.
    pub secrets: Vec<String>,
    /// Such as `https://your-site.example`.
    pub issuer: String,
    /// Usually api.
    pub audience: String,
    /// Usually only production; for tokens of `npx daypass dev`: dev.
    pub deploy_contexts: Vec<String>,
}

/// Verifies the access tokens of its sites.
pub struct Verifier {
    /// By issuer, each with its secrets by kid.
    sites: HashMap<String, (Site, HashMap<String, String>)>,
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

/// Returns the token of a request: of `Authorization: Bearer`, or of `X-Daypass`, which holds only the token, where a password of
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
    let Some(token) = is_bearer
        .then(|| rest.trim_start_matches(' '))
        .or(x_daypass)
    else {
        return Ok(None);
    };
    let name = token.trim_end_matches('=');
    let is_one = |c: char| c.is_ascii_alphanumeric() || "._~+/-".contains(c);
    if name.is_empty() || !name.chars().all(is_one) {
        return refuse("not one token");
    }
    Ok(Some(token))
}

impl Verifier {
    /// Make it where your backend starts, so that a bad secret is found there. Of several sites, the issuer in the token
    /// chooses: the claim `iss` says which it was.
    pub fn new(sites: Vec<Site>) -> Result<Verifier, String> {
        if sites.is_empty() {
            return Err("name at least one site".to_owned());
        }
        let mut by_issuer = HashMap::new();
        let mut seen = HashSet::new();
        for site in sites {
            let issuer = site.issuer.clone();
            if site.secrets.is_empty() || site.secrets.iter().any(|secret| secret.len() < 32) {
                return Err(format!(
                    "a secret of {issuer} is missing, or shorter than 32 bytes: set DAYPASS_SECRET"
                ));
            }
            if !site
                .secrets
                .iter()
                .all(|secret| seen.insert(secret.clone()))
            {
                return Err(format!("a secret of {issuer} stands twice: make another"));
            }
            let keys = site
                .secrets
                .iter()
                .map(|secret| (key_id(secret), secret.clone()))
                .collect();
            if by_issuer.insert(issuer.clone(), (site, keys)).is_some() {
                return Err(format!(
                    "{issuer} stands twice: give one site all its secrets"
                ));
            }
        }
        Ok(Verifier { sites: by_issuer })
    }

    /// Returns the claims of an access token.
    ///
    /// now: the present, seconds since the epoch: `jsonwebtoken::get_current_timestamp()`.
    pub fn verify(&self, token: &str, now: u64) -> Result<Map<String, Value>, Refused> {
        if token.len() > 4096 {
            return refuse("too long");
        }
        let Some(Unique(Value::Object(claims))) = token
            .split('.')
            .nth(1)
            .and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok())
            .and_then(|json| serde_json::from_slice(&json).ok())
        else {
            return refuse("the claims are not an object");
        };
        // No signature vouches for it yet: it chooses among the sites, no more.
        let issuer = claims.get("iss").and_then(Value::as_str);
        match issuer.and_then(|issuer| self.sites.get(issuer)) {
            Some((site, keys)) => verify(token, site, keys, now),
            None => refuse("a site that is not accepted"),
        }
    }
}

fn verify(
    token: &str,
    site: &Site,
    keys: &HashMap<String, String>,
    now: u64,
) -> Result<Map<String, Value>, Refused> {
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
    let Some(secret) = header
        .get("kid")
        .and_then(Value::as_str)
        .and_then(|kid| keys.get(kid))
    else {
        return refuse("unknown key");
    };

    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[&site.issuer]);
    validation.set_audience(&[&site.audience]);
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
    if !text("deploy_context")
        .is_some_and(|name| site.deploy_contexts.iter().any(|each| each == name))
    {
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
    if issued.max(not_before) > now + 30 || now >= expires + 30 {
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
