//! The known word that a mistyped one is nearest to.
//!
//! Asked where a word of a file or an argument is not known. What must never happen: more being told than a word that was known
//! before: what was typed may be a secret.

/// `; did you mean WORD?` where one of `known` is so near that it was meant; else nothing.
#[must_use]
pub fn meant<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    word(typed, known).map_or_else(String::new, |word| format!("; did you mean {word}?"))
}

/// The nearest of `known`, where it is near: one letter off, two in longer words.
#[must_use]
pub fn word<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = typed.chars().collect();
    let most = match typed.len() {
        // Nobody's word is so long, and comparing takes time.
        0 | 1 | 65.. => return None,
        2..=3 => 1,
        _ => 2,
    };
    let near = known.into_iter().map(|word| (distance(&typed, word), word)).filter(|(distance, _)| *distance <= most);
    near.min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// How many letters were added, left out or taken for another (Levenshtein).
fn distance(typed: &[char], word: &str) -> usize {
    let mut row: Vec<usize> = (0..=typed.len()).collect();
    for (index, letter) in word.chars().enumerate() {
        // What stood above to the left, and what stands to the left.
        let (mut corner, mut left) = (index, index + 1);
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = left;
        }
        for (cell, other) in cells.zip(typed) {
            left = (corner + usize::from(letter != *other)).min(left + 1).min(*cell + 1);
            corner = std::mem::replace(cell, left);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_meant_and_a_far_one_is_not() {
        let known = ["service", "user", "off", "optional", "required", "hotp", "totp", "su"];
        for (typed, nearest) in [
            ("sevice", Some("service")),
            ("services", Some("service")),
            ("topt", Some("totp")),
            ("hotpp", Some("hotp")),
            ("of", Some("off")),
            ("requried", Some("required")),
            ("sms", None),
            ("none", None),
            ("s", None),
            ("", None),
            ("recovery", None),
        ] {
            assert_eq!(word(typed, known), nearest, "{typed}");
        }
        assert_eq!(meant("usr", known), "; did you mean user?");
        assert_eq!(meant(&"s".repeat(1 << 20), known), "");
    }

    #[test]
    fn the_distance_is_the_same_both_ways_and_nothing_to_itself() {
        for (one, other, expected) in
            [("kitten", "sitting", 3), ("", "abc", 3), ("enrol", "enroll", 1), ("ab", "ab", 0)]
        {
            let letters = |word: &str| word.chars().collect::<Vec<_>>();
            assert_eq!((distance(&letters(one), other), distance(&letters(other), one)), (expected, expected));
        }
    }
}
