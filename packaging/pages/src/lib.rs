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
        let mut command = self.command.clone();
        command.build();
        let whole = self.man(&command);
        let mut page = Vec::new();
        whole.render_title(&mut page)?;
        whole.render_name_section(&mut page)?;
        whole.render_synopsis_section(&mut page)?;
        whole.render_description_section(&mut page)?;
        page.extend_from_slice(b".SH COMMANDS\n");
        self.commands(&mut page, &command)?;
        whole.render_options_section(&mut page)?;
        page.extend_from_slice(self.rest.as_bytes());
        Ok(page)
    }

    fn man(&self, command: &Command) -> Man {
        let source = format!("pam_mfa {}", env!("CARGO_PKG_VERSION"));
        Man::new(command.clone()).title(self.name.to_uppercase()).section(self.section).source(source).manual(MANUAL)
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
        for part in [Man::render_synopsis_section, Man::render_description_section, Man::render_options_section] {
            let mut text = Vec::new();
            part(&man, &mut text)?;
            page.extend_from_slice(b".PP\n");
            page.extend(without_headings(&text));
        }
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
