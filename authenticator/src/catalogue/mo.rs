//! A compiled translation: gettext's `.mo` file, as "The Format of GNU MO Files" in its manual has it. Pure.
//!
//! What must never happen: a file that says wrong things about itself being read beyond its end, or half of it being used.

use super::LONGEST;
use super::plural::Plural;
use std::collections::HashMap;

const MAGIC: u32 = 0x9504_12de;

/// Most texts that are taken.
const MOST: u32 = 10_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Mo {
    /// By the English text, or its singular.
    texts: HashMap<String, Vec<String>>,
    plural: Plural,
}

impl Mo {
    /// `None` where it is not whole, not UTF-8, or its rule for numbers is not understood.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let file = File::of(bytes)?;
        if file.number(4)? >> 16 != 0 {
            return None;
        }
        let (count, originals, translations) = (file.number(8)?, file.number(12)?, file.number(16)?);
        if count > MOST {
            return None;
        }
        let mut texts = HashMap::new();
        // Entries may share their bytes: together they must not be more than the longest file without.
        let mut left = usize::try_from(LONGEST).ok()?;
        for index in 0..count {
            let (original, translated) = (file.text(originals, index)?, file.text(translations, index)?);
            left = left.checked_sub(original.len())?.checked_sub(translated.len())?;
            let original = original.split('\0').next()?;
            texts.insert(original.to_owned(), translated.split('\0').map(str::to_owned).collect());
        }
        let header = texts.remove("").and_then(|forms: Vec<String>| forms.into_iter().next()).unwrap_or_default();
        let plural = match header.lines().find_map(|line| line.strip_prefix("Plural-Forms:")) {
            Some(rule) => Plural::read(rule)?,
            None => Plural::germanic(),
        };
        Some(Self { texts, plural })
    }

    pub(super) fn text(&self, original: &str) -> Option<&str> {
        self.form(original, 0)
    }

    pub(super) fn counted(&self, one: &str, count: usize) -> Option<&str> {
        self.form(one, self.plural.form(u64::try_from(count).ok()?)?)
    }

    fn form(&self, original: &str, form: usize) -> Option<&str> {
        self.texts.get(original)?.get(form).map(String::as_str).filter(|text| !text.is_empty())
    }
}

struct File<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.first_chunk()? {
            magic if u32::from_le_bytes(*magic) == MAGIC => false,
            magic if u32::from_be_bytes(*magic) == MAGIC => true,
            _ => return None,
        };
        Some(Self { bytes, big_endian })
    }

    fn number(&self, at: u32) -> Option<u32> {
        let bytes = self.bytes.get(usize::try_from(at).ok()?..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
    }

    /// The text that entry `index` of a table describes by its length and its place.
    fn text(&self, table: u32, index: u32) -> Option<&'a str> {
        let entry = table.checked_add(index.checked_mul(8)?)?;
        let length = usize::try_from(self.number(entry)?).ok()?;
        let place = usize::try_from(self.number(entry.checked_add(4)?)?).ok()?;
        std::str::from_utf8(self.bytes.get(place..place.checked_add(length)?)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of these texts; `order` writes a number.
    fn file(texts: &[(&str, &str)], order: fn(u32) -> [u8; 4]) -> Vec<u8> {
        let count = u32::try_from(texts.len()).unwrap();
        let mut head: Vec<u8> = [MAGIC, 0, count, 28, 28 + 8 * count, 0, 0].into_iter().flat_map(order).collect();
        let (mut tables, mut strings) = ([Vec::new(), Vec::new()], Vec::new());
        for table in [0, 1] {
            for text in texts.iter().map(|(original, translated)| [*original, *translated][table]) {
                let place = 28 + 16 * count + u32::try_from(strings.len()).unwrap();
                tables[table].extend([u32::try_from(text.len()).unwrap(), place].into_iter().flat_map(order));
                strings.extend(text.bytes().chain([0]));
            }
        }
        head.extend(tables.concat());
        head.extend(strings);
        head
    }

    const TEXTS: [(&str, &str); 4] = [
        ("", "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"),
        ("Lock", "Sperren"),
        ("Open", ""),
        ("{count} code\0{count} codes", "{count} Code\0{count} Codes"),
    ];

    #[test]
    fn a_text_is_found_in_files_of_either_byte_order() {
        for order in [u32::to_le_bytes, u32::to_be_bytes] {
            let mo = Mo::read(&file(&TEXTS, order)).unwrap();
            assert_eq!(mo.text("Lock"), Some("Sperren"));
            assert_eq!(mo.counted("{count} code", 1), Some("{count} Code"));
            assert_eq!(mo.counted("{count} code", 2), Some("{count} Codes"));
            for unknown in ["Open", "Close", ""] {
                assert_eq!(mo.text(unknown), None, "{unknown:?}");
            }
        }
    }

    #[test]
    fn entries_that_share_their_bytes_grow_no_larger_than_a_file() {
        let (count, long) = (8, 200_000);
        let sharing = |length: u32| {
            let tables = (0..2 * count)
                .flat_map(|entry| if entry < count { [1, 28 + 16 * count + entry] } else { [length, 28 + 16 * count] });
            let head = [MAGIC, 0, count, 28, 28 + 8 * count, 0, 0].into_iter().chain(tables);
            let mut bytes: Vec<u8> = head.flat_map(u32::to_le_bytes).collect();
            bytes.extend((b'a'..=b'z').cycle().take(long));
            bytes
        };
        assert_eq!(Mo::read(&sharing(100_000)).unwrap().text("b").unwrap().len(), 100_000);
        assert!(Mo::read(&sharing(200_000)).is_none());
    }

    #[test]
    fn a_file_that_ends_anywhere_or_has_any_bit_turned_harms_nobody() {
        let whole = file(&TEXTS, u32::to_le_bytes);
        for end in 0..whole.len() {
            let _ = Mo::read(&whole[..end]);
        }
        assert!(Mo::read(&whole[..whole.len() - 2]).is_none());
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut turned = whole.clone();
                turned[place] ^= 1 << bit;
                let _ = Mo::read(&turned).map(|mo| mo.counted("{count} code", 7).map(str::to_owned));
            }
        }
    }
}
