//! From a user name to a file name and back.
//!
//! mfad keeps one file per user, named after `pw_name`. A name must never become a path
//! (CVE-2023-42456), so everything outside `[A-Za-z0-9_.-]` and a leading dot is percent-encoded.

/// Longest file name of the usual file systems, in bytes (`NAME_MAX`, limits.h).
const NAME_MAX: usize = 255;

/// The file name of `user`, or `None` for a name that no account can have (empty, with a NUL) or
/// whose encoding would be longer than a file name may be.
#[must_use]
pub fn file_name(user: &str) -> Option<String> {
    if user.is_empty() || user.contains('\0') {
        return None;
    }
    let mut name = String::with_capacity(user.len());
    for (index, byte) in user.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && index > 0);
        if plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    // Room for ".toml".
    (name.len() + 5 <= NAME_MAX).then_some(name)
}

/// The user whose file name this is, or `None` when no user's is: what [`file_name`] would not have
/// written is not ours.
#[must_use]
pub fn user_of(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let user = String::from_utf8(bytes).ok()?;
    (file_name(&user)? == name).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder() {
        for (user, file) in [
            ("alice", "alice"),
            ("a.b-c_D9", "a.b-c_D9"),
            (".", "%2E"),
            ("..", "%2E."),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("a/b", "a%2Fb"),
            ("a\nb", "a%0Ab"),
            ("ä", "%C3%A4"),
            ("50%", "50%25"),
            ("DOM\\alice", "DOM%5Calice"),
        ] {
            assert_eq!(file_name(user).as_deref(), Some(file));
            assert_eq!(user_of(file).as_deref(), Some(user));
        }
    }

    #[test]
    fn what_cannot_be_a_file_has_none() {
        assert_eq!(file_name(""), None);
        assert_eq!(file_name("a\0b"), None);
        assert_eq!(file_name(&"x".repeat(251)), None);
        assert!(file_name(&"x".repeat(250)).is_some());
    }

    #[test]
    fn a_file_name_we_would_not_write_is_nobodys() {
        for file in [".hidden", "a%2fb", "%41lice", "a%", "a%2", "a b"] {
            assert_eq!(user_of(file), None, "{file}");
        }
    }
}
