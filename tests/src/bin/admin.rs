//! A program that administers over the system bus: calls of `Admin1`, one after the other, through the proxy that other programs use.
//!
//! It reads a JSON array from each line of standard input: the method's name as in Rust, and its arguments. It prints each answer as
//! JSON, or ends with 1 and `ERROR name: text`.

use mfa_core::bus::{Admin1Proxy, Error, FactorGiven, TokenGiven};
use serde_json::{Value, json};
use zbus::DBusError as _;

/// An argument of the type that the method has.
macro_rules! argument {
    ($words:ident, $index:literal) => {
        serde_json::from_value($words.get($index).expect("an argument").clone()).expect("an argument of this type")
    };
}

async fn call(admin: &Admin1Proxy<'_>, words: &[Value]) -> Result<Value, Error> {
    let text = |index| words.get(index).and_then(Value::as_str).expect("a text");
    Ok(match text(0) {
        "status" => json!(admin.status(text(1)).await?),
        "unlock" => json!(admin.unlock(text(1)).await?),
        "adopt" => json!(admin.adopt(text(1)).await?),
        "bypasses" => json!(admin.bypasses(text(1)).await?),
        "consent_to_bypass" => json!(admin.consent_to_bypass(text(1), text(2)).await?),
        "find_token" => json!(admin.find_token(text(1)).await?),
        "orphans" => json!(admin.orphans(text(1)).await?),
        "purge" => json!(admin.purge(text(1)).await?),
        "rename" => json!(admin.rename(text(1), text(2)).await?),
        "require" => json!(admin.require(text(1), text(2), argument!(words, 3)).await?),
        "requirements" => json!(admin.requirements().await?),
        "resume" => json!(admin.resume(text(1), text(2)).await?),
        "resync" => json!(admin.resync(text(1), text(2), text(3), text(4)).await?),
        "resync_token" => json!(admin.resync_token(text(1), text(2), text(3)).await?),
        "retire_token" => json!(admin.retire_token(text(1)).await?),
        "revoke_bypass" => json!(admin.revoke_bypass(text(1)).await?),
        "verify" => json!(admin.verify(text(1), text(2)).await?),
        "verify_log" => json!(admin.verify_log().await?),
        "about" => json!(admin.about().await?),
        "add_tokens" => {
            let tokens: Vec<TokenGiven> = argument!(words, 1);
            json!(admin.add_tokens(&tokens, argument!(words, 2)).await?)
        }
        "import" => {
            let factors: Vec<FactorGiven> = argument!(words, 1);
            json!(admin.import(&factors, argument!(words, 2)).await?)
        }
        "explain" => json!(admin.explain(text(1), text(2), text(3)).await?),
        "explain_at" => json!(admin.explain_at(text(1), text(2), text(3), argument!(words, 4)).await?),
        "hygiene" => json!(admin.hygiene(argument!(words, 1), text(2)).await?),
        "log_from" => json!(admin.log_from(text(1), argument!(words, 2), text(3)).await?),
        "make_bypass" => {
            json!(admin.make_bypass(text(1), argument!(words, 2), argument!(words, 3), text(4)).await?)
        }
        "unlisted" => {
            let accounts: Vec<(String, u32, u32)> = argument!(words, 1);
            let accounts: Vec<_> = accounts.iter().map(|(name, uid, gid)| (name.as_str(), *uid, *gid)).collect();
            json!(admin.unlisted(&accounts).await?)
        }
        other => panic!("no call {other}"),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bus = zbus::Connection::system().await.expect("the system bus");
    let admin = Admin1Proxy::new(&bus).await.expect("a proxy");
    for line in std::io::stdin().lines() {
        let words: Vec<Value> = serde_json::from_str(&line.expect("a line")).expect("a JSON array");
        match call(&admin, &words).await {
            Ok(told) => println!("{told}"),
            Err(why) => {
                eprintln!("ERROR {}: {}", why.name(), why.words());
                std::process::exit(1);
            }
        }
    }
}
