//! QR codes in pictures: a file, the clipboard, the screen. Bytes in, addresses out.
//!
//! What must never happen: a picture that unfolds to more memory than it may, or an error that quotes what a code says.

mod bounded;
mod corners;

use crate::catalogue::{Text, filled, gettext};
use image::{GrayImage, ImageBuffer, ImageFormat, ImageReader, Limits, Luma, LumaA};
use mfa_core::secret::Secret;
use std::io::Cursor;

/// Longest picture that is read, in bytes: a screen of 4K as PNG has a few MiB.
pub const LONGEST: u64 = 16 << 20;

/// Most pixels on one side.
pub const MOST_PIXELS: u32 = 8_192;

/// Most pixels altogether: two 4K screens side by side.
const MOST_AREA: u64 = 7_680 * 2_160;

/// Most memory that unfolding one may take, in bytes: four bytes a pixel.
const MOST_MEMORY: u64 = 4 * MOST_AREA;

/// Steps that looking for codes may take, each a pixel that is read, written or copied: a screen of 4K takes a tenth of them, and a core
/// some seconds for all.
const MOST_WORK: u64 = 2_000_000_000;

/// Why no address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Longer than [`LONGEST`].
    #[error("{}", filled(gettext("The picture has more than {most} MiB."), &[("most", &(LONGEST >> 20))]))]
    TooLong,
    /// Neither PNG nor JPEG.
    #[error("{}", Text("This is not a picture that can be read here: PNG and JPEG can."))]
    Kind,
    /// Too many pixels.
    #[error("{}", Text("The picture has too many pixels."))]
    TooLarge,
    /// More than there is time for.
    #[error(
        "{}",
        Text(
            "Too much in this picture looks like a part of a QR code. Cut out the code that is meant, and try again."
        )
    )]
    Crowded,
    /// Damaged.
    #[error("{}", Text("The picture is damaged."))]
    Damaged,
    /// There is none in it.
    #[error("{}", Text("There is no QR code in this picture, or it is too small or blurred to be read."))]
    None,
    /// There are some, but none of an account.
    #[error("{}", Text("The QR code in this picture is not one of an account."))]
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
    if u64::from(picture.width()) * u64::from(picture.height()) > MOST_AREA {
        return Err(PictureError::TooLarge);
    }
    let see_through = picture.color().has_alpha();
    let picture = picture.into_luma_alpha8();
    let (mut seen, mut found) = (false, Vec::new());
    for way in WAYS.iter().take(if see_through { 3 } else { 2 }) {
        for text in bounded::texts(way.of(&picture), MOST_WORK)? {
            seen = true;
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

/// How a picture is looked at.
struct Way {
    /// What is seen through it.
    backdrop: u16,
    /// Light and dark changed.
    inverted: bool,
}

/// Dark on light; light on dark, as sites in dark mode show codes; and light on nothing.
const WAYS: [Way; 3] = [
    Way { backdrop: 255, inverted: false },
    Way { backdrop: 255, inverted: true },
    Way { backdrop: 0, inverted: true },
];

impl Way {
    fn of(&self, picture: &ImageBuffer<LumaA<u8>, Vec<u8>>) -> GrayImage {
        GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
            let LumaA([shade, cover]) = *picture.get_pixel(x, y);
            let (shade, cover) = (u16::from(shade), u16::from(cover));
            let shade = u8::try_from((shade * cover + self.backdrop * (255 - cover)) / 255).unwrap_or(u8::MAX);
            Luma([if self.inverted { u8::MAX - shade } else { shade }])
        })
    }
}

fn is_address(text: &Secret) -> bool {
    let scheme =
        text.expose_str().and_then(|text| text.split_once("://")).map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("otpauth" | "otpauth-migration" | "steam"))
}
