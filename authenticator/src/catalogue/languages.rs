//! Which languages the user wants to read, by the environment, as gettext's manual has it. Pure.

/// Names of folders with translations, best first. `variable` reads the environment.
pub(super) fn wanted(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let Some(locale) = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set) else { return Vec::new() };
    // Who asks for programs as they were written gets them so, whatever else is set.
    if is_none(&locale) {
        return Vec::new();
    }
    let listed = set("LANGUAGE").unwrap_or(locale);
    let mut names = Vec::new();
    for language in listed.split(':').filter(|name| !name.is_empty()) {
        // The texts are English: what is wanted less than that is not needed.
        if is_none(language) || without(language, &['_', '.', '@']) == "en" {
            break;
        }
        // A name is no path.
        if language.contains(|c: char| !c.is_ascii_alphanumeric() && !"_.@-".contains(c)) || language.starts_with('.') {
            continue;
        }
        let (plain, variant) = language.split_once('@').unwrap_or((language, ""));
        let country = without(plain, &['.']);
        if !variant.is_empty() {
            names.push(format!("{country}@{variant}"));
        }
        names.push(country.to_owned());
        names.push(without(country, &['_']).to_owned());
    }
    names.dedup();
    names
}

/// `C`, `POSIX` and `C.UTF-8` are no language.
fn is_none(locale: &str) -> bool {
    matches!(without(locale, &['.']), "C" | "POSIX")
}

fn without<'a>(text: &'a str, from: &[char]) -> &'a str {
    text.split(from).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &[(&str, &str)]) -> Vec<String> {
        wanted(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_locale_says_it_and_the_list_of_languages_says_it_better() {
        assert_eq!(with(&[("LANG", "de_AT.UTF-8")]), ["de_AT", "de"]);
        assert_eq!(with(&[("LANG", "fr_FR"), ("LC_ALL", "sr_RS.UTF-8@latin")]), ["sr_RS@latin", "sr_RS", "sr"]);
        assert_eq!(with(&[("LANG", "fr_FR"), ("LC_MESSAGES", ""), ("LANGUAGE", "gsw:de")]), ["gsw", "de"]);
        assert_eq!(with(&[("LANG", "fr_FR"), ("LANGUAGE", "da:en_GB:de")]), ["da"]);
    }

    #[test]
    fn without_a_language_there_is_none() {
        for set in [&[][..], &[("LANG", "C.UTF-8"), ("LANGUAGE", "de")], &[("LC_ALL", "POSIX"), ("LANG", "de_DE")]] {
            assert!(with(set).is_empty(), "{set:?}");
        }
        assert!(with(&[("LANG", "en_US.UTF-8")]).is_empty());
    }

    #[test]
    fn a_name_leads_to_no_other_folder() {
        assert_eq!(with(&[("LANG", "x"), ("LANGUAGE", "../../tmp:/tmp:..:de")]), ["de"]);
    }
}
