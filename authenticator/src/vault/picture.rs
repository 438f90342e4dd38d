//! QR codes in pictures: a file, the clipboard, the screen. Bytes in, addresses out.
//!
//! What must never happen: a picture that unfolds to more memory than it may, or an error that quotes what a code says.

use image::{ImageFormat, ImageReader, Limits};
use mfa_core::secret::Secret;
use std::io::Cursor;

/// Longest picture that is read, in bytes: a screen of 4K as PNG has a few MiB.
pub const LONGEST: u64 = 16 << 20;

/// Most pixels on one side.
pub const MOST_PIXELS: u32 = 8_192;

/// Most memory that unfolding one may take, in bytes: four bytes a pixel of two 4K screens side by side.
const MOST_MEMORY: u64 = 4 * 7_680 * 2_160;

/// Why no address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Longer than [`LONGEST`].
    #[error("The picture has more than {} MiB.", LONGEST >> 20)]
    TooLong,
    /// Neither PNG nor JPEG.
    #[error("This is not a picture that can be read here: PNG and JPEG can.")]
    Kind,
    /// Too many pixels.
    #[error("The picture has too many pixels.")]
    TooLarge,
    /// Damaged.
    #[error("The picture is damaged.")]
    Damaged,
    /// There is none in it.
    #[error("There is no QR code in this picture, or it is too small or blurred to be read.")]
    None,
    /// There are some, but none of an account.
    #[error("The QR code in this picture is not one of an account.")]
    Other,
}

/// The addresses (`otpauth://`, `otpauth-migration://`, `steam://`) of all QR codes in a picture. Takes time: never on a window's thread.
///
/// # Errors
/// When it is no picture, too large, or has no such code in it.
pub fn addresses(bytes: &[u8]) -> Result<Vec<Secret>, PictureError> {
    if bytes.len() as u64 > LONGEST {
        return Err(PictureError::TooLong);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| PictureError::Kind)?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(PictureError::Kind);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => PictureError::TooLarge,
        _ => PictureError::Damaged,
    })?;
    codes(&picture.into_luma8())
}

fn codes(picture: &image::GrayImage) -> Result<Vec<Secret>, PictureError> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let shade = |x: usize, y: usize| {
        let pixel = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        pixel.and_then(|(x, y)| picture.get_pixel_checked(x, y)).map_or(u8::MAX, |pixel| pixel.0[0])
    };
    let (mut seen, mut found) = (false, Vec::new());
    // Sites in dark mode show codes light on dark.
    for inverted in [false, true] {
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            if inverted { u8::MAX - shade(x, y) } else { shade(x, y) }
        });
        for grid in prepared.detect_grids() {
            let Ok((_, text)) = grid.decode() else { continue };
            seen = true;
            let text = Secret::from(text);
            if is_address(&text) && !found.iter().any(|old: &Secret| old.expose() == text.expose()) {
                found.push(text);
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    match (found.is_empty(), seen) {
        (false, _) => Ok(found),
        (true, true) => Err(PictureError::Other),
        (true, false) => Err(PictureError::None),
    }
}

fn is_address(text: &Secret) -> bool {
    let scheme =
        text.expose_str().and_then(|text| text.split_once("://")).map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("otpauth" | "otpauth-migration" | "steam"))
}
