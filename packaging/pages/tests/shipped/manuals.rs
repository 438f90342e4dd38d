//! The manuals: without warnings, and complete.

use crate::{made, ok, repository, text};
use clap::{Command as Line, CommandFactory as _};
use mfa_core::policy::{Layers, Source};
use std::path::{Path, PathBuf};
use std::process::Command;

const WRITTEN: [&str; 4] = ["pam_mfa.8", "mfad.8", "mfa.toml.5", "mfa-push.7"];

fn rendered(page: &Path) -> String {
    let mut man = Command::new("man");
    // groff's own check as well: it names macros and requests that do not exist.
    let man = man.args(["--warnings=all", "--encoding=UTF-8", "--local-file"]).arg(page);
    let man = man.env("MANWIDTH", "80").env("LC_ALL", "C.UTF-8").env("MANROFFSEQ", "").env("PAGER", "cat");
    let output = man.current_dir(repository()).output().unwrap();
    let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && warnings.is_empty(), "{}: {warnings}", page.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_page_renders_without_a_warning() {
    let made = made();
    let mut pages: Vec<PathBuf> = WRITTEN.iter().map(|page| repository().join("packaging/man").join(page)).collect();
    pages.extend(mfa_pages::programs().iter().map(|it| made.path().join(format!("{}.{}", it.name, it.section))));
    for page in pages {
        let shown = rendered(&page);
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"] {
            // A protocol is not called.
            let has = shown.contains(&format!("\n{heading}\n"));
            assert!(has || (heading == "SYNOPSIS" && page.ends_with("mfa-push.7")), "{}: {heading}", page.display());
        }
        // whatis(1) and apropos(1) find it.
        ok(Command::new("lexgrog").arg(&page));
    }
}

/// The text of every page, and its file's name.
fn pages() -> Vec<(String, String)> {
    let written = WRITTEN.iter().map(|page| ((*page).to_owned(), text(&format!("packaging/man/{page}"))));
    let made = mfa_pages::programs().into_iter().map(|program| {
        (format!("{}.{}", program.name, program.section), String::from_utf8(program.page().unwrap()).unwrap())
    });
    written.chain(made).collect()
}

#[test]
fn all_pages_have_one_head_and_are_named_by_a_phrase() {
    let (version, day) = (env!("CARGO_PKG_VERSION"), mfa_pages::released());
    assert!(day.len() == "2026-11-26".len(), "the newest release has no day: {day:?}");
    for (file, page) in pages() {
        let (name, section) = file.rsplit_once('.').unwrap();
        let title = name.to_uppercase().replace('-', "\\-");
        let head = format!(".TH {title} {section} {day} \"pam_mfa {version}\" \"Second factors for PAM\"");
        let found = page.lines().find(|line| line.starts_with(".TH")).unwrap();
        assert_eq!(plain(found), plain(&head), "{file}");
        assert_eq!(page.lines().find(|line| line.ends_with([' ', '\t'])), None, "{file}");
        let described = page.split_once(".SH NAME\n").unwrap().1.lines().next().unwrap();
        let (named, phrase) = described.split_once(" \\- ").unwrap_or_else(|| panic!("{file}: {described}"));
        assert_eq!(plain(named), name);
        let proper = phrase.starts_with("PAM ");
        assert!(proper || phrase.starts_with(|c: char| c.is_ascii_lowercase()), "{file}: {phrase}");
    }
}

#[test]
fn a_synopsis_names_the_values_of_options() {
    fn walk(page: &str, command: &Line, count: &mut usize) {
        let heading = format!(".SS \"{}\"\n", command.get_bin_name().unwrap_or(command.get_name()));
        if let (Some((_, section)), None) = (page.split_once(&heading), command.get_overridden_usage()) {
            let synopsis = section.split("\n.PP\n").next().unwrap();
            for option in command.get_opts().filter(|option| !option.is_hide_set() && !option.is_global_set()) {
                let value = option.get_value_names().map(|names| format!(" {}", names.join(" "))).unwrap_or_default();
                let shown = format!("--{}{value}", option.get_long().unwrap());
                assert!(synopsis.contains(&shown), "{heading}{shown} is not in {synopsis}");
                *count += usize::from(!value.is_empty());
            }
        }
        for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
            walk(page, below, count);
        }
    }
    for mut program in mfa_pages::programs() {
        let page = plain(&String::from_utf8(program.page().unwrap()).unwrap());
        program.command.build();
        let mut count = 0;
        walk(&page, &program.command, &mut count);
        assert!(count > 3, "{}: {count}", program.name);
    }
}

/// Words of a page as they are read, whatever font they are in.
fn plain(page: &str) -> String {
    page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")
}

fn names(page: &str, word: &str) -> bool {
    page.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '='))).any(|found| found == word)
}

#[test]
fn every_key_of_the_policy_stands_in_its_manual() {
    let manual = plain(&text("packaging/man/mfa.toml.5"));
    let (rule, raise) = ("[[rule]]\nrequire = \"required\"\n", "[[raise]]\ndemand = [\"push\"]\n");
    let mut count = 0;
    for before in [
        "",
        "[limits]\n",
        "[geo]\n",
        "[bypass]\n",
        "[hygiene]\n",
        "[floor]\n",
        "[service.x]\n",
        "[approvers]\n",
        rule,
        &format!("{rule}[rule.match]\n"),
        raise,
        &format!("{raise}[raise.when]\n"),
    ] {
        let written = Source { file: String::from("mfa.toml"), text: format!("{before}no_such_key = 1\n") };
        let refusal = Layers { main: Some(written), ..Layers::default() }.merge().unwrap_err().to_string();
        let (_, keys) = refusal.split_once("known are ").unwrap_or_else(|| panic!("{before}: {refusal}"));
        for key in keys.split(", ") {
            assert!(names(&manual, key), "{before}{key} is not in mfa.toml(5)");
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn every_argument_of_the_module_stands_in_its_manual() {
    let manual = plain(&text("packaging/man/pam_mfa.8"));
    let source = text("pam_mfa/src/args.rs");
    let (_, parser) = source.split_once("fn parse(").unwrap();
    let (parser, _) = parser.split_once("\n    }\n").unwrap();
    let literals = parser.split('"').skip(1).step_by(2);
    let is_argument =
        |word: &&str| *word != "unknown" && word.bytes().all(|b| b.is_ascii_lowercase() || b"_=".contains(&b));
    let arguments: Vec<&str> = literals.filter(is_argument).collect();
    assert!(arguments.len() > 8, "{arguments:?}");
    for argument in arguments {
        assert!(
            names(&manual, argument) || manual.contains(&format!("{argument}=")),
            "{argument} is not in pam_mfa(8)"
        );
    }
}

#[test]
fn every_option_of_mfad_stands_in_its_manual() {
    let manual = plain(&text("packaging/man/mfad.8"));
    for option in mfad::daemon::Arguments::command().get_opts() {
        let long = format!("--{}", option.get_long().unwrap());
        assert!(names(&manual, &long), "{long} is not in mfad(8)");
    }
}

#[test]
fn every_command_and_option_stands_in_the_page_of_its_program() {
    fn walk(page: &str, command: &Line, count: &mut usize) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
            let name = below.get_bin_name().unwrap();
            let leaf = !below.is_subcommand_required_set();
            assert!(!leaf || page.contains(&format!(".SS \"{name}\"")), "{name}");
            for option in below.get_opts().filter(|option| !option.is_hide_set() && !option.is_global_set()) {
                let long = format!("--{}", option.get_long().unwrap());
                assert!(names(page, &long), "{name} {long}");
            }
            *count += 1;
            walk(page, below, count);
        }
    }
    for mut program in mfa_pages::programs() {
        let page = plain(&String::from_utf8(program.page().unwrap()).unwrap());
        program.command.build();
        let mut count = 0;
        walk(&page, &program.command, &mut count);
        assert!(count > 8, "{}: {count}", program.name);
    }
}

#[test]
fn pages_name_no_page_that_is_not_shipped() {
    let made = made();
    let ours = ["pam_mfa", "mfad", "mfactl", "mfa.toml", "mfa-push", "mfa-authenticator"];
    for page in WRITTEN.iter().map(|page| repository().join("packaging/man").join(page)) {
        let page = rendered(&page);
        for word in page.split_whitespace().filter(|word| word.contains("mfa") && word.contains('(')) {
            let name = word.trim_start_matches('(').split('(').next().unwrap();
            assert!(ours.contains(&name) || name.contains('/') || word.contains(':'), "{word}");
        }
    }
    drop(made);
}
