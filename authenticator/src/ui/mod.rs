//! The window: a GTK application that shows what waits and takes the user's word.
//!
//! What decides stands in pure modules that every build has; what draws is behind the feature `gui`.

pub mod adding;
#[cfg(feature = "gui")]
mod agent;
#[cfg(feature = "gui")]
mod application;
#[cfg(feature = "gui")]
mod back;
#[cfg(feature = "gui")]
mod bus;
pub mod codes;
#[cfg(feature = "gui")]
mod computer;
#[cfg(feature = "gui")]
mod group;
pub mod lock;
#[cfg(feature = "gui")]
mod main;
#[cfg(feature = "gui")]
mod notice;
#[cfg(feature = "gui")]
mod pane;
#[cfg(feature = "gui")]
mod parts;
#[cfg(feature = "gui")]
mod portal;
#[cfg(feature = "gui")]
mod queue;
pub mod request;
pub mod search;
#[cfg(feature = "gui")]
mod text;
#[cfg(feature = "gui")]
mod window;

#[cfg(feature = "gui")]
pub use application::{NoWindow, Show, run};

/// Its object on the session bus: the application id as a path, as GApplication makes it.
pub const OBJECT: &str = "/io/github/pam_mfa/Authenticator";

/// Its action that shows one request; the parameter is the request's name.
pub const OPEN_REQUEST: &str = "open-request";

/// Its action that shows the sign-in requests that wait.
#[cfg(feature = "gui")]
const REQUESTS: &str = "requests";

#[cfg(test)]
mod tests {
    use crate::catalogue;
    use std::path::Path;

    /// Literals of this source that a person could read: they begin with a capital letter and hold a space or `…`; but not those
    /// that the catalogue is asked for.
    fn sentences(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let asked_for = catalogue::texts(source);
        let lines = code.lines().map(str::trim).filter(|line| {
            !["//", "#[error", "tracing::", "eprintln!", "const NAME"].iter().any(|start| line.starts_with(start))
        });
        let literals = lines.flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
        let read = literals.filter(|it| it.starts_with(char::is_uppercase) && it.contains([' ', '…']));
        read.filter(|it| {
            let begins = |text: &str| text.starts_with(it.trim_end_matches('\\'));
            !asked_for.iter().any(|entry| begins(&entry.one) || entry.many.as_deref().is_some_and(begins))
        })
        .collect()
    }

    fn walk(path: &Path, found: &mut Vec<String>) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let source = std::fs::read_to_string(path).unwrap();
            found.extend(sentences(&source).into_iter().map(|text| format!("{}: {text}", path.display())));
        } else if name.ends_with(".ui") {
            let template = std::fs::read_to_string(path).unwrap();
            let shown = ["label", "title", "tooltip-text", "placeholder-text"];
            let texts = template
                .lines()
                .filter(|line| shown.iter().any(|name| line.contains(&format!("<property name=\"{name}\""))));
            found.extend(texts.map(|line| format!("{}: {}", path.display(), line.trim())));
        }
    }

    #[test]
    fn every_text_that_a_person_sees_stands_in_the_catalogue() {
        let source = "let a = \"A text\"; // \"no\"\n/// \"A comment\"\nb(\"signal-name\", Text(\"Another one\"))";
        assert_eq!(sentences(source), ["A text"]);
        let mut found = Vec::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        ["ui", "agent", "words.rs"].iter().for_each(|place| walk(&sources.join(place), &mut found));
        // The name of a program, and what only mfad reads.
        let others = ["agent/server.rs", "agent/ear.rs"];
        found.retain(|text| !others.iter().any(|file| text.contains(file)));
        assert!(found.is_empty(), "{found:#?}");
    }
}
