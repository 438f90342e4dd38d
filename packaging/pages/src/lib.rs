//! One man page and three completions for each program that has a command line, made from that command line.
//!
//! Used by the binary beside it and by its tests. A page is one page: a reader searches in it, instead of in forty.
#![forbid(unsafe_code)]

use clap::{Arg, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use std::io::{self, Write};

/// The name that pages show as their manual.
const MANUAL: &str = "Second factors for PAM";

/// A program, and what its page says beyond the command line.
pub struct Program {
    /// Name of the program and of its page.
    pub name: &'static str,
    /// Section of the manual.
    pub section: &'static str,
    /// Its command line.
    pub command: Command,
    /// What follows in its page, in man(7).
    rest: &'static str,
}

/// Every program whose page is made here.
#[must_use]
pub fn programs() -> Vec<Program> {
    vec![
        Program {
            name: "mfactl",
            section: "8",
            command: mfad::ctl::command_line(),
            rest: include_str!("../mfactl.rest.8"),
        },
        #[cfg(feature = "authenticator")]
        Program {
            name: "mfa-authenticator",
            section: "1",
            command: <authenticator::cli::Arguments as clap::CommandFactory>::command(),
            rest: include_str!("../mfa-authenticator.rest.1"),
        },
    ]
}

impl Program {
    /// The page, in man(7).
    ///
    /// # Errors
    /// None: it is written into memory.
    pub fn page(&self) -> io::Result<Vec<u8>> {
        let mut command = self.command.clone().subcommand_value_name("command");
        command.build();
        let whole = self.man(&command);
        let mut page = Vec::new();
        whole.render_title(&mut page)?;
        self.man(&described_small(command.clone())).render_name_section(&mut page)?;
        page.extend(synopsis(&whole, &command)?);
        whole.render_description_section(&mut page)?;
        page.extend_from_slice(b".SH COMMANDS\n");
        self.commands(&mut page, &command)?;
        whole.render_options_section(&mut page)?;
        page.extend_from_slice(self.rest.as_bytes());
        Ok(without_trailing_blanks(&page))
    }

    fn man(&self, command: &Command) -> Man {
        let source = format!("pam_mfa {}", env!("CARGO_PKG_VERSION"));
        let man = Man::new(command.clone()).title(self.name.to_uppercase()).section(self.section);
        man.date(released()).source(source).manual(MANUAL)
    }

    /// Everything below `command` that does something, depth first, in the order of the help.
    fn commands(&self, page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
            if !below.is_subcommand_required_set() && below.get_name() != "help" {
                self.section(page, below)?;
            }
            self.commands(page, below)?;
        }
        Ok(())
    }

    fn section(&self, page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
        let own =
            command.clone().mut_args(|argument| if is_everywhere(&argument) { argument.hide(true) } else { argument });
        let man = self.man(&own);
        writeln!(page, ".SS \"{}\"", command.get_bin_name().unwrap_or(command.get_name()))?;
        let (mut description, mut options) = (Vec::new(), Vec::new());
        man.render_description_section(&mut description)?;
        man.render_options_section(&mut options)?;
        page.extend(without_headings(&synopsis(&man, &own)?));
        page.extend_from_slice(b".PP\n");
        page.extend(without_headings(&description));
        page.extend(without_headings(&options));
        Ok(())
    }

    /// Names of files, and what is in them.
    #[must_use]
    pub fn completions(&self) -> Vec<(String, Vec<u8>)> {
        let written = |(shell, file): (Shell, String)| {
            let mut bytes = Vec::new();
            clap_complete::generate(shell, &mut self.command.clone(), self.name, &mut bytes);
            (file, bytes)
        };
        let name = self.name;
        [(Shell::Bash, format!("{name}.bash")), (Shell::Zsh, format!("_{name}")), (Shell::Fish, format!("{name}.fish"))]
            .map(written)
            .into()
    }
}

/// The day of the newest release. Today would not be the same in two builds.
#[must_use]
pub fn released() -> &'static str {
    let description = include_str!("../../desktop/io.github.pam_mfa.Authenticator.metainfo.xml");
    let newest = description.split_once("<release ").and_then(|(_, rest)| rest.split_once("date=\""));
    newest.and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

/// The command as the NAME of a page has it: a phrase, not a sentence (man-pages(7)).
fn described_small(command: Command) -> Command {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut rest = about.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_lowercase).collect();
    command.about(first + rest.as_str())
}

/// The synopsis, with the values of options, which clap_mangen leaves out.
fn synopsis(man: &Man, command: &Command) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    man.render_synopsis_section(&mut written)?;
    let mut text = String::from_utf8(written).map_err(io::Error::other)?;
    for option in command.get_opts().filter(|option| !option.is_hide_set()) {
        let (Some(long), Some(values)) = (option.get_long(), option.get_value_names()) else { continue };
        let most = option.get_num_args().map_or(1, |range| range.max_values());
        let more = if most > values.len() { "..." } else { "" };
        let word = format!("\\fB{}\\fR", format!("--{long}").replace('-', "\\-"));
        text = text.replacen(&word, &format!("{word} \\fI{}\\fR{more}", values.join(" ").replace('-', "\\-")), 1);
    }
    Ok(text.into_bytes())
}

fn without_trailing_blanks(page: &[u8]) -> Vec<u8> {
    page.split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| line.trim_ascii_end().iter().chain(b"\n"))
        .copied()
        .collect()
}

/// Options that every command has are told once.
fn is_everywhere(argument: &Arg) -> bool {
    argument.is_global_set() || matches!(argument.get_id().as_str(), "help" | "version")
}

/// A part of a page under a heading of its own, instead of the one it came with.
fn without_headings(part: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let lines = part.split_inclusive(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.starts_with(b".SH") && !line.starts_with(b".ie") && !line.starts_with(b".el"))
        .flatten()
        .copied()
}
