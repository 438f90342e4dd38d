//! Pictures of keys on terminals: QR codes of half blocks.
//!
//! `mfactl enroll` writes to a terminal it knows, a login through programs that show plain text. What must never happen: a picture that
//! a camera cannot read, shown without the key beside it.

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Light modules around the picture where it must be small. ISO/IEC 18004 wants four; cameras do with two.
const SMALL_ZONE: usize = 2;

/// Widest picture for a terminal of 80 columns.
const COLUMNS: usize = 78;

/// With its whole quiet zone. On a terminal the colours are set, so that dark stays dark whatever the terminal's own colours are;
/// elsewhere it is dark on light, as on paper.
///
/// # Errors
/// When the text does not fit a QR code.
pub fn coloured(text: &str, terminal: bool) -> Result<Zeroizing<String>, qrcode::types::QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)?;
    let picture = Zeroizing::new(code.render::<Dense1x2>().quiet_zone(true).build());
    if !terminal {
        return Ok(Zeroizing::new(format!("{}\n", *picture)));
    }
    // ECMA-48 SGR: black on (bright) white, and back at the end of each row.
    let mut out = Zeroizing::new(String::with_capacity(picture.len() * 2));
    for row in picture.lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\x1b[30;107m{row}\x1b[0m");
    }
    Ok(out)
}

/// Rows of half blocks for a terminal whose colours are not known: light modules are drawn, since most are dark. None where it would be
/// too wide.
#[must_use]
pub fn rows(text: &str) -> Vec<Zeroizing<String>> {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else { return Vec::new() };
    let width = code.width();
    let side = width + 2 * SMALL_ZONE;
    if side > COLUMNS {
        return Vec::new();
    }
    let colors =
        Zeroizing::new(code.to_colors().iter().map(|color| u8::from(*color == Color::Dark)).collect::<Vec<_>>());
    let light = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(SMALL_ZONE).filter(|at| *at < width);
        let (Some(x), Some(y)) = (inside(x), inside(y)) else { return y < side };
        colors.get(y * width + x) == Some(&0)
    };
    (0..side.div_ceil(2))
        .map(|row| {
            let mut text = Zeroizing::new(String::with_capacity(3 * side));
            for x in 0..side {
                text.push(match (light(x, 2 * row), light(x, 2 * row + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(account: usize) -> String {
        format!("otpauth://totp/host:{}?secret={}&issuer=host", "x".repeat(account), "A".repeat(32))
    }

    #[test]
    fn a_qr_code_has_a_quiet_zone_and_fits_a_usual_terminal() {
        let plain = coloured(&uri(40), false).unwrap();
        let rows: Vec<&str> = plain.lines().collect();
        assert!(rows.len() <= 30 && rows.iter().all(|row| row.chars().count() <= 64), "{} rows", rows.len());
        // Four modules are two rows of half blocks.
        assert!(rows[..2].iter().all(|row| row.trim().is_empty()) && rows.iter().all(|row| row.starts_with("    ")));
        let on_terminal = coloured(&uri(40), true).unwrap();
        assert!(on_terminal.lines().all(|row| row.starts_with("\x1b[30;107m") && row.ends_with("\x1b[0m")));
    }

    #[test]
    fn a_picture_in_a_login_leaves_room_for_the_prompt_on_24_rows() {
        for (account, height) in [(1, 19), (20, 21)] {
            let picture = rows(&uri(account));
            assert_eq!(picture.len(), height);
            assert!(picture.iter().all(|row| row.chars().count() == 2 * height - 1));
            assert!(picture[0].chars().all(|c| c == '█'), "the quiet zone is light: {}", *picture[0]);
        }
        assert!(rows(&"x".repeat(2000)).is_empty(), "too wide");
    }
}
