//! The catalogue against the sources, and the translations against the catalogue.
//!
//! `po/update.sh` has the template written by [`the_template_has_every_text_of_the_sources`]: what finds the texts is here alone.

use super::{Mo, Text, filled, ngettext};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text, where it stands, and its plural.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) one: String,
    pub(crate) many: Option<String>,
    files: Vec<String>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The literal that `source` begins with, as Rust reads it, and what is behind it.
fn literal(source: &str) -> Option<(String, &str)> {
    let mut rest = source.trim_start().strip_prefix('"')?;
    let mut text = String::new();
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match (c, rest.chars().next()) {
            ('"', _) => return Some((text, rest)),
            ('\\', Some('\n')) => rest = rest.trim_start(),
            ('\\', Some(escaped)) => {
                text.push(if escaped == 'n' { '\n' } else { escaped });
                rest = &rest[escaped.len_utf8()..];
            }
            _ => text.push(c),
        }
    }
}

/// What `source` asks the catalogue for, outside its tests.
pub(crate) fn texts(source: &str) -> Vec<Entry> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code: String =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    let mut found = Vec::new();
    for (place, _) in code.match_indices('(') {
        let name = code[..place].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
        let Some((one, rest)) = literal(&code[place + 1..]) else { continue };
        let many = match name {
            "Text" | "gettext" => None,
            "ngettext" => Some(literal(rest.trim_start().strip_prefix(',').unwrap()).unwrap().0),
            _ => continue,
        };
        if !one.is_empty() {
            found.push(Entry { one, many, files: Vec::new() });
        }
    }
    found
}

fn sources(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            found.insert(path);
        }
    }
}

/// All texts, in the order of the files, and those files.
fn catalogue() -> (Vec<Entry>, Vec<String>) {
    let mut paths = BTreeSet::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    let (mut all, mut files) = (Vec::<Entry>::new(), Vec::new());
    for path in paths {
        let file = path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
        let texts = texts(&std::fs::read_to_string(&path).unwrap());
        if !texts.is_empty() {
            files.push(file.clone());
        }
        for text in texts {
            match all.iter_mut().find(|known| known.one == text.one) {
                Some(known) => {
                    known.many = known.many.take().or(text.many);
                    if known.files.last() != Some(&file) {
                        known.files.push(file.clone());
                    }
                }
                None => all.push(Entry { files: vec![file.clone()], ..text }),
            }
        }
    }
    (all, files)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn template(entries: &[Entry]) -> String {
    let mut out = String::from(
        "# Texts of mfa-authenticator. Made by po/update.sh; not to be edited.\nmsgid \"\"\nmsgstr \"\"\n\
         \"Project-Id-Version: pam_mfa\\n\"\n\
         \"Report-Msgid-Bugs-To: https://github.com/pam-mfa/pam_mfa/issues\\n\"\n\
         \"Language: \\n\"\n\"MIME-Version: 1.0\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\
         \"Content-Transfer-Encoding: 8bit\\n\"\n",
    );
    for entry in entries {
        out.push('\n');
        entry.files.iter().for_each(|file| writeln!(out, "#: {file}").unwrap());
        writeln!(out, "msgid {}", quoted(&entry.one)).unwrap();
        match &entry.many {
            Some(many) => writeln!(out, "msgid_plural {}\nmsgstr[0] \"\"\nmsgstr[1] \"\"", quoted(many)).unwrap(),
            None => writeln!(out, "msgstr \"\"").unwrap(),
        }
    }
    out
}

/// `{names}` of places, in order of the alphabet.
fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn the_template_has_every_text_of_the_sources() {
    let folder = repository().join("po");
    let (entries, files) = catalogue();
    let made = [("mfa-authenticator.pot", template(&entries)), ("POTFILES", files.join("\n") + "\n")];
    for (name, content) in made {
        if std::env::var_os("MFA_WRITE_TEMPLATE").is_some() {
            std::fs::write(folder.join(name), &content).unwrap();
        }
        let there = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(there == content, "po/{name} is not what the sources say: run po/update.sh");
    }
}

#[test]
fn what_is_translated_keeps_its_places_and_german_is_whole() {
    let folder = repository().join("po");
    let (entries, _) = catalogue();
    for language in std::fs::read_to_string(folder.join("LINGUAS")).unwrap().lines() {
        let made = tempfile::NamedTempFile::new().unwrap();
        let mut msgfmt = Command::new("msgfmt");
        msgfmt.arg("--check").arg("-o").arg(made.path()).arg(folder.join(language).with_extension("po"));
        assert!(msgfmt.status().unwrap().success(), "{language}");
        let mo = Mo::read(&std::fs::read(made.path()).unwrap()).unwrap();
        for Entry { one, many, .. } in &entries {
            let forms = match many {
                None => vec![(one, mo.text(one))],
                Some(many) => vec![(one, mo.counted(one, 1)), (many, mo.counted(one, 2)), (many, mo.counted(one, 0))],
            };
            for (english, translated) in forms {
                let Some(translated) = translated else {
                    assert_ne!(language, "de", "{english:?} is not translated");
                    continue;
                };
                assert_eq!(places(english), places(translated), "{language}: {translated:?}");
                let mnemonics = |text: &str| text.matches('_').count();
                assert_eq!(mnemonics(english), mnemonics(translated), "{language}: {translated:?}");
                assert_eq!(english.ends_with('.'), translated.ends_with('.'), "{language}: {translated:?}");
            }
        }
    }
}

/// The literals that are said as they stand: by the macros that print and refuse, as contexts of errors, and as prompts.
fn said(source: &str) -> Vec<String> {
    const SAY: [&str; 9] = [
        "print!",
        "println!",
        "eprintln!",
        "bail!",
        "anyhow!",
        ".context",
        "hidden::line",
        "hidden::yes",
        "proof::asked",
    ];
    let code = source.split("#[cfg(test)]").next().unwrap();
    let mut found: Vec<String> = code
        .match_indices('(')
        .filter(|(place, _)| SAY.iter().any(|say| code[..*place].ends_with(say)))
        .filter_map(|(place, _)| literal(&code[place + 1..]).map(|(text, _)| text))
        .collect();
    for (place, write) in code.match_indices("writeln!(out,") {
        found.extend(literal(&code[place + write.len()..]).map(|(text, _)| text));
    }
    found
}

#[test]
fn the_command_line_says_nothing_past_the_catalogue() {
    let mut paths = BTreeSet::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli"), &mut paths);
    assert!(paths.len() > 10);
    let mut literals = 0;
    for path in paths {
        for text in said(&std::fs::read_to_string(&path).unwrap()) {
            literals += 1;
            let shape: String =
                text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
            let own = shape.strip_prefix("mfa-authenticator: ").unwrap_or(&shape);
            assert!(!own.chars().any(char::is_alphabetic), "{}: {text:?} is said in English alone", path.display());
        }
    }
    assert!(literals > 30, "{literals}");
}

#[test]
fn places_are_filled_once_and_what_is_no_place_stays() {
    let fill = |text: &str| filled(text, &[("a", &"{b}"), ("b", &2)]);
    assert_eq!(fill("{b} and {a}, {b}"), "2 and {b}, 2");
    for same in ["", "{", "}", "{c}", "{}", "a}b{", "{a"] {
        assert_eq!(fill(same), same);
    }
    assert_eq!(fill("{{a}}"), "{{b}}");
}

#[test]
fn without_a_translation_texts_are_english() {
    assert_eq!(&*Text("Lock"), "Lock");
    assert_eq!([0, 1, 2].map(|count| ngettext("one", "many", count)), ["many", "one", "many"]);
}

#[test]
fn texts_are_found_as_the_compiler_reads_them() {
    let source = "// gettext(\"no\")\nx(\"no\");gettext(\n  \"a \\\n   \\\"b\\\"\"); ngettext(\"one\", \"many\", 1); Text(\"c\")\n\
                  #[cfg(test)]\ngettext(\"no\")";
    let found: Vec<_> = texts(source).into_iter().map(|entry| (entry.one, entry.many)).collect();
    let expected = [("a \"b\"", None), ("one", Some("many")), ("c", None)];
    assert_eq!(found, expected.map(|(one, many)| (one.to_owned(), many.map(str::to_owned))));
}
