//! Runs verify() over files of vectors: cargo run -- accept.json refuse.json

mod verify;

use std::process::ExitCode;

use serde::Deserialize;
use verify::{Options, verify};

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

fn main() -> ExitCode {
    let (mut count, mut wrong) = (0, 0);
    for path in std::env::args().skip(1) {
        let file = std::fs::read_to_string(&path).expect("a file of vectors");
        let vectors: Vec<Vector> = serde_json::from_str(&file).expect("a list of vectors");
        for vector in &vectors {
            let secrets: Vec<&str> = std::iter::once(&vector.secret)
                .chain(&vector.secondary_secret)
                .map(String::as_str)
                .collect();
            let deploy_contexts: Vec<&str> =
                vector.deploy_contexts.iter().map(String::as_str).collect();
            let result = verify(
                &vector.token,
                &Options {
                    secrets: &secrets,
                    issuer: &vector.issuer,
                    audience: &vector.audience,
                    deploy_contexts: &deploy_contexts,
                    now: vector.now,
                },
            );
            count += 1;
            if result.is_ok() != vector.code.is_none() {
                wrong += 1;
                match result {
                    Ok(_) => println!("accepted: {}", vector.name),
                    Err(refused) => println!("refused: {} ({})", vector.name, refused.0),
                }
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
