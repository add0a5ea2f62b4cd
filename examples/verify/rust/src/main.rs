//! Runs verify() and read_token() over files of vectors: cargo run -- accept.json refuse.json fields.json

mod verify;

use std::collections::HashMap;
use std::process::ExitCode;

use serde::Deserialize;
use verify::{Options, read_token, verify};

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Fields(Fields),
    Vector(Vector),
}

#[derive(Deserialize)]
struct Fields {
    name: String,
    fields: HashMap<String, String>,
    token: Option<String>,
    code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    secret: String,
    secondary_secret: Option<String>,
    issuer: String,
    audience: String,
    deploy_contexts: Vec<String>,
    now: u64,
    token: String,
    code: Option<String>,
}

impl Fields {
    /// What read_token() does with them otherwise than it must.
    fn complaint(&self) -> Option<String> {
        let field = |name| self.fields.get(name).map(String::as_str);
        let is_right = match read_token(field("authorization"), field("x-daypass")) {
            Ok(None) => self.code.as_deref() == Some("token_missing"),
            Ok(token) => token == self.token.as_deref(),
            Err(_) => self.token.is_none() && self.code.as_deref() != Some("token_missing"),
        };
        (!is_right).then(|| format!("read: {}", self.name))
    }
}

impl Vector {
    /// What verify() does with it otherwise than it must.
    fn complaint(&self) -> Option<String> {
        let secrets: Vec<&str> = std::iter::once(&self.secret)
            .chain(&self.secondary_secret)
            .map(String::as_str)
            .collect();
        let deploy_contexts: Vec<&str> = self.deploy_contexts.iter().map(String::as_str).collect();
        let result = verify(
            &self.token,
            &Options {
                secrets: &secrets,
                issuer: &self.issuer,
                audience: &self.audience,
                deploy_contexts: &deploy_contexts,
                now: self.now,
            },
        );
        match result {
            Ok(_) if self.code.is_some() => Some(format!("accepted: {}", self.name)),
            Err(refused) if self.code.is_none() => {
                Some(format!("refused: {} ({})", self.name, refused.0))
            }
            _ => None,
        }
    }
}

fn main() -> ExitCode {
    let (mut count, mut wrong) = (0, 0);
    for path in std::env::args().skip(1) {
        let file = std::fs::read_to_string(&path).expect("a file of vectors");
        let cases: Vec<Case> = serde_json::from_str(&file).expect("a list of vectors");
        for case in &cases {
            let complaint = match case {
                Case::Fields(fields) => fields.complaint(),
                Case::Vector(vector) => vector.complaint(),
            };
            count += 1;
            if let Some(complaint) = complaint {
                wrong += 1;
                println!("{complaint}");
            }
        }
    }
    println!("{count} vectors, {wrong} wrong");
    if wrong > 0 || count == 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
