//! Names that a person may shorten.

use crate::catalogue::gettext;

/// The one of `names` that `typed` is the beginning of, or an explanation.
pub(crate) fn completed<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Result<&'a str, String> {
    let typed = typed.trim();
    let mut fitting = None;
    for name in names {
        if name == typed {
            return Ok(name);
        }
        if typed.is_empty() || !name.starts_with(typed) {
            continue;
        }
        if fitting.is_some() {
            return Err(gettext("More than one begins like this. Type more of the name.").to_owned());
        }
        fitting = Some(name);
    }
    fitting.ok_or_else(|| gettext("None begins like this. It may be over already; list them to see.").to_owned())
}

#[cfg(test)]
mod tests {
    use super::completed;

    #[test]
    fn a_unique_beginning_is_enough_and_nothing_is_guessed() {
        let names = ["abc1", "abd2", "abd"];
        let of = |typed: &str| completed(typed, names.into_iter());
        assert_eq!(of("abc"), Ok("abc1"));
        assert_eq!(of(" abd2 "), Ok("abd2"));
        assert_eq!(of("abd"), Ok("abd"));
        assert!(of("ab").is_err());
        assert!(of("").is_err());
        assert!(of("x").is_err());
    }
}
