//! The auth stack of a PAM service, read as libpam reads it.
//!
//! Called by the doctor's entry with a reader over `/etc/pam.d`, and by tests with maps. What must never
//! happen: a line left out that libpam would run. What libpam turns into a line that always fails is kept as
//! [`Kind::Broken`].

use super::control::{Action, Control};

/// Files nested in one another before libpam gives up (`PAM_SUBSTACK_MAX_LEVEL`, libpam).
const DEEPEST: usize = 16;

/// The service whose file stands in for a service without auth lines (`PAM_DEFAULT_SERVICE`, libpam).
const OTHER: &str = "other";

/// One line of an auth stack, after all includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file it stands in.
    pub file: String,
    /// Its number there, from 1; the first one where it was continued.
    pub number: usize,
    /// How many substacks it stands in.
    pub level: usize,
    /// What it is.
    pub kind: Kind,
    /// What is done with the return code.
    pub control: Control,
    /// What libpam stumbles over in it, in words, if anything; it runs the line all the same.
    pub complaint: Option<String>,
    /// The module as written.
    pub module: String,
    /// Its arguments, brackets taken off.
    pub args: Vec<String>,
}

impl Line {
    /// `file:number`, cleaned.
    #[must_use]
    pub fn place(&self) -> String {
        super::findings::path(&format!("{}:{}", self.file, self.number))
    }

    /// The module without folder and `.so`.
    #[must_use]
    pub fn name(&self) -> &str {
        let file = self.module.rsplit('/').next().unwrap_or(&self.module);
        file.strip_suffix(".so").unwrap_or(file)
    }
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A module is called.
    Module,
    /// A substack begins; its lines follow, one level deeper.
    Substack,
    /// libpam cannot use the line and fails instead, for this reason.
    Broken(String),
}

/// A file of the PAM folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it was found.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The auth stack of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The file that was read: the service's own, or `other`'s; `None` when there is neither.
    pub file: Option<String>,
    /// Whether the lines are those of `other`.
    pub from_other: bool,
    /// All auth lines.
    pub lines: Vec<Line>,
    /// The line at which libpam gives up: `pam_start` fails, and nobody gets past it whatever the rest says.
    pub fatal: Option<Line>,
}

/// The auth stack of `service`. `read` finds a file by service name or absolute path.
pub fn load(service: &str, read: &dyn Fn(&str) -> Option<File>) -> Stack {
    // pam_start(3) lower-cases the name, and reads `other` in any case.
    let own = read(&service.to_ascii_lowercase());
    let other = read(OTHER);
    let parse = |file: &Option<File>| {
        let mut parser = Parser { read, lines: Vec::new() };
        let fatal = file.as_ref().and_then(|file| parser.file(file, TOP).err());
        (parser.lines, fatal.map(|line| *line))
    };
    let (own_lines, own_fatal) = parse(&own);
    let (other_lines, other_fatal) = parse(&other);
    let from_other = own_lines.is_empty() && own_fatal.is_none();
    let (file, lines) = if from_other { (other, other_lines) } else { (own, own_lines) };
    Stack { file: file.map(|file| file.path), from_other, lines, fatal: own_fatal.or(other_fatal) }
}

#[derive(Clone, Copy)]
struct Nesting {
    includes: usize,
    level: usize,
    /// Not below an `auth include` or `auth substack`: all types are read, and an include that fails has no
    /// type under which libpam could note the failure, so it gives up.
    all_types: bool,
}

const TOP: Nesting = Nesting { includes: 0, level: 0, all_types: true };

/// Boxed: the error is the line, and it is rare.
type Outcome = Result<(), Box<Line>>;

struct Parser<'a> {
    read: &'a dyn Fn(&str) -> Option<File>,
    lines: Vec<Line>,
}

impl Parser<'_> {
    fn file(&mut self, file: &File, at: Nesting) -> Outcome {
        let (lines, unfinished) = logical_lines(&file.text);
        for line in lines {
            self.line(file, &line, at)?;
        }
        match unfinished {
            None => Ok(()),
            Some(open) => {
                let mut line = blank_line(file, open.number, at);
                line.kind = Kind::Broken("the line is continued, but the file ends".to_owned());
                Err(Box::new(line))
            }
        }
    }

    fn line(&mut self, file: &File, read: &Joined, at: Nesting) -> Outcome {
        let mut tokens = Tokens(&read.text);
        let Some((kind_word, _)) = tokens.next() else { return Ok(()) };
        let mut line = blank_line(file, read.number, at);
        // Debian's libpam: every type of the named file.
        if kind_word.eq_ignore_ascii_case("@include") {
            let name = tokens.next().map(|(name, _)| name);
            return self.include(line, name, at, false);
        }
        let kind_word = kind_word.strip_prefix('-').unwrap_or(&kind_word);
        match kind_word.to_ascii_lowercase().as_str() {
            "auth" => {}
            "account" | "session" | "password" => return Ok(()),
            _ => line.kind = Kind::Broken(format!("“{kind_word}” is no module type")),
        }
        match tokens.next() {
            None => line.kind = Kind::Broken("the control field is missing".to_owned()),
            Some((word, _)) if word.eq_ignore_ascii_case("include") || word.eq_ignore_ascii_case("substack") => {
                let name = tokens.next().map(|(name, _)| name);
                let substack = word.eq_ignore_ascii_case("substack");
                return self.include(line, name, Nesting { all_types: false, ..at }, substack);
            }
            Some((word, bracketed)) => {
                let why;
                (line.control, why) = Control::parse(&word, bracketed);
                line.complaint = why.map(|why| format!("libpam cannot read its control and lets it fail: {why}."));
            }
        }
        match tokens.next() {
            Some((module, _)) => line.module = module,
            None => line.kind = Kind::Broken("the module is missing".to_owned()),
        }
        if read.gap {
            let why =
                "a blank or comment line stands behind a continued one, which libpam reads now so, now otherwise.";
            line.complaint.get_or_insert_with(|| why.to_owned());
        }
        line.args = tokens.map(|(arg, _)| arg).collect();
        self.lines.push(line);
        Ok(())
    }

    fn include(&mut self, mut line: Line, name: Option<String>, at: Nesting, substack: bool) -> Outcome {
        if substack {
            self.lines.push(Line { kind: Kind::Substack, module: name.clone().unwrap_or_default(), ..line.clone() });
        }
        let why = match name {
            None => {
                line.kind = Kind::Broken("the name of the file is missing".to_owned());
                return Err(Box::new(line));
            }
            Some(_) if at.includes + 1 >= DEEPEST => format!("files include one another more than {DEEPEST} deep"),
            Some(name) => match (self.read)(&name) {
                None => format!("the file “{name}” it includes cannot be read"),
                Some(file) => {
                    let level = at.level + usize::from(substack);
                    match self.file(&file, Nesting { includes: at.includes + 1, level, ..at }) {
                        Err(inner) if !at.all_types => {
                            format!("the file it includes cannot be used, see {}", inner.place())
                        }
                        end => return end,
                    }
                }
            },
        };
        line.kind = Kind::Broken(why);
        if at.all_types {
            return Err(Box::new(line));
        }
        self.lines.push(line);
        Ok(())
    }
}

fn blank_line(file: &File, number: usize, at: Nesting) -> Line {
    Line {
        file: file.path.clone(),
        number,
        level: at.level,
        kind: Kind::Module,
        control: Control::every("", Action::Bad),
        complaint: None,
        module: String::new(),
        args: Vec::new(),
    }
}

/// What separates words, for libpam: not the carriage return of a file from elsewhere.
const BLANK: [char; 2] = [' ', '\t'];

/// A line with its comment cut and its continuations joined.
struct Joined {
    /// The number of its first line.
    number: usize,
    text: String,
    /// A blank or comment line stands inside it.
    gap: bool,
}

/// The lines of a file, and the one that is still to be continued when the file ends.
fn logical_lines(text: &str) -> (Vec<Joined>, Option<Joined>) {
    let mut out = Vec::new();
    let mut open: Option<Joined> = None;
    for (index, raw) in text.split('\n').enumerate() {
        let (code, commented) = match raw.split_once('#') {
            Some((code, _)) => (code, true),
            None => (raw, false),
        };
        let code = code.trim_start_matches(BLANK);
        if code.is_empty() {
            if let Some(open) = &mut open {
                open.gap = true;
            }
            continue;
        }
        let mut line = open.take().unwrap_or(Joined { number: index + 1, text: String::new(), gap: false });
        match code.trim_end().strip_suffix('\\') {
            // A comment ends the line, even one that would be continued.
            Some(code) if !commented => {
                line.text.push_str(code);
                line.text.push(' ');
                open = Some(line);
            }
            _ => {
                line.text.push_str(code);
                out.push(line);
            }
        }
    }
    (out, open)
}

/// The words of a line. One that begins with `[` runs to the next `]` not behind a backslash.
struct Tokens<'a>(&'a str);

impl Iterator for Tokens<'_> {
    type Item = (String, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_start_matches(BLANK);
        if rest.is_empty() {
            return None;
        }
        let Some(inside) = rest.strip_prefix('[') else {
            let (word, after) = rest.split_at(rest.find(BLANK).unwrap_or(rest.len()));
            self.0 = after;
            return Some((word.to_owned(), false));
        };
        let mut word = String::new();
        let mut chars = inside.chars();
        while let Some(c) = chars.next() {
            match c {
                ']' => break,
                '\\' if chars.as_str().starts_with(']') => {
                    word.push(']');
                    chars.next();
                }
                c => word.push(c),
            }
        }
        self.0 = chars.as_str();
        Some((word, true))
    }
}

#[cfg(test)]
mod tests;
