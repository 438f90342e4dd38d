//! The catalogue of texts that people see, and its translations: gettext's files, read by ourselves.
//!
//! What asks for a text names it in English, as xgettext finds it: `Text("…")`, `gettext("…")`, `ngettext("…", "…", n)`; `po/` holds
//! what is made of them. `mo` reads a compiled translation, `plural` its rule for numbers, `languages` what the user wants to
//! read. The library of C is not used: its bindings bring GNU gettext's source with them, and it asks for a locale of this
//! process that every thread shares.
//!
//! The window, the agent and the command line [`speak`] the user's language, but where a program reads what is said (`--json`). English stay
//! the command line's help, of which its manual and its completions are made as well, what the agent logs, and what mfad says in its own words,
//! which its administrator finds in the log. What must never happen: a damaged or missing translation costing more than the translation.

mod languages;
mod mo;
mod plural;
#[cfg(test)]
mod tests;

use mo::Mo;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
#[cfg(test)]
pub(crate) use tests::texts;

/// The name of the translations' files.
pub const DOMAIN: &str = "mfa-authenticator";

/// Where they are installed: the Makefile says so.
const FOLDER: &str = match option_env!("MFA_LOCALEDIR") {
    Some(folder) => folder,
    None => "/usr/share/locale",
};

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

static SPOKEN: OnceLock<Option<Mo>> = OnceLock::new();

/// From now on texts are in the user's language, where there is a translation. As gettext's own programs do, it looks for them in
/// `TEXTDOMAINDIR` where that is set: by those who translate.
pub fn speak() {
    SPOKEN.get_or_init(|| {
        let folder = std::env::var_os("TEXTDOMAINDIR").map_or_else(|| PathBuf::from(FOLDER), PathBuf::from);
        languages::wanted(|name| std::env::var(name).ok())
            .iter()
            .find_map(|language| read(&folder.join(language).join("LC_MESSAGES").join(DOMAIN).with_extension("mo")))
    });
}

fn read(path: &Path) -> Option<Mo> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    let mo = Mo::read(&bytes);
    if mo.is_none() {
        tracing::warn!("{} is no translation that can be read, texts stay English", path.display());
    }
    mo
}

fn spoken() -> Option<&'static Mo> {
    SPOKEN.get()?.as_ref()
}

/// `text` in the user's language.
#[must_use]
pub fn gettext(text: &'static str) -> &'static str {
    spoken().and_then(|mo| mo.text(text)).unwrap_or(text)
}

/// The form of `one` and `many` that goes with `count`, in the user's language.
#[must_use]
pub fn ngettext(one: &'static str, many: &'static str, count: usize) -> &'static str {
    spoken().and_then(|mo| mo.counted(one, count)).unwrap_or(if count == 1 { one } else { many })
}

/// `text` with each `{name}` replaced by its value; what stands in a value is not looked at again.
#[must_use]
pub fn filled(text: &str, values: &[(&str, &dyn fmt::Display)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let value = behind.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value.to_string(), after))
        });
        match value {
            Some((value, after)) => {
                out.push_str(&value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A text of the catalogue: wherever it is read, it is in the user's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text(
    /// In English.
    pub &'static str,
);

impl Text {
    /// In the user's language.
    #[must_use]
    pub fn here(self) -> &'static str {
        gettext(self.0)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.here()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.here())
    }
}

#[cfg(feature = "gui")]
impl From<Text> for gtk::glib::GString {
    fn from(text: Text) -> Self {
        text.here().into()
    }
}
