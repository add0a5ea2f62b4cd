//! Runs a Verifier and read_token() over files of vectors: cargo run -- accept.json refuse.json sites.json fields.json

mod verify;

use std::collections::HashMap;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::Value;
use verify::{Refused, Site, Verifier, read_token};

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Fields(Fields),
    Vector(Box<Vector>),
}

#[derive(Deserialize)]
struct Fields {
    name: String,
    fields: HashMap<String, String>,
    token: Option<String>,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VectorSite {
    secret: String,
    secondary_secret: Option<String>,
    issuer: String,
    audience: String,
    deploy_contexts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    #[serde(flatten)]
    one: Option<VectorSite>,
    sites: Option<Vec<VectorSite>>,
    now: u64,
    token: String,
    code: Option<String>,
    accepted_issuer: Option<String>,
}

fn site_of(each: VectorSite) -> Site {
    Site {
        secrets: std::iter::once(each.secret)
            .chain(each.secondary_secret)
            .collect(),
        issuer: each.issuer,
        audience: each.audience,
        deploy_contexts: each.deploy_contexts,
    }
}

impl Vector {
    /// Settings that cannot work accept nothing.
    fn verify(self) -> Result<(), Refused> {
        let sites = self.sites.unwrap_or_else(|| self.one.into_iter().collect());
        let verifier = Verifier::new(sites.into_iter().map(site_of).collect()).map_err(Refused)?;
        let claims = verifier.verify(&self.token, self.now)?;
        match self.accepted_issuer {
            Some(issuer) if claims.get("iss") != Some(&Value::from(issuer.as_str())) => {
                Err(Refused("of another site".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// What a Verifier does with it otherwise than it must.
    fn complaint(self) -> Option<String> {
        let (name, is_refused) = (self.name.clone(), self.code.is_some());
        match self.verify() {
            Ok(()) if is_refused => Some(format!("accepted: {name}")),
            Err(refused) if !is_refused => Some(format!("refused: {name} ({})", refused.0)),
            _ => None,
        }
    }
}

fn main() -> ExitCode {
    let (mut count, mut wrong) = (0, 0);
    for path in std::env::args().skip(1) {
        let file = std::fs::read_to_string(&path).expect("a file of vectors");
        let cases: Vec<Case> = serde_json::from_str(&file).expect("a list of vectors");
        for case in cases {
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
