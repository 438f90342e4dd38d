//! QR codes in pictures, drawn here by another library than the one that reads them.

use super::*;
use authenticator::vault::picture::{self, PictureError, addresses};
use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use qrcode::QrCode;
use std::io::Cursor;

/// A code of `pixels` a module, in a frame of four, with these shades of light and dark.
fn drawn(text: &str, pixels: u32, [light, dark]: [u8; 2]) -> GrayImage {
    let code = QrCode::new(text).unwrap();
    let width = u32::try_from(code.width()).unwrap();
    let dark_at = |x: u32, y: u32| code[(x as usize, y as usize)] == qrcode::Color::Dark;
    GrayImage::from_fn((width + 8) * pixels, (width + 8) * pixels, |x, y| {
        let (x, y) = ((x / pixels).checked_sub(4), (y / pixels).checked_sub(4));
        let dark_here = matches!((x, y), (Some(x), Some(y)) if x < width && y < width && dark_at(x, y));
        Luma([if dark_here { dark } else { light }])
    })
}

fn file(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn uri() -> String {
    format!("otpauth://totp/ACME:alice?secret={KEY_TEXT}&issuer=ACME")
}

#[test]
fn a_code_is_read_from_png_and_jpeg_light_on_dark_too() {
    for (format, shades) in [(ImageFormat::Png, [255, 0]), (ImageFormat::Jpeg, [255, 0]), (ImageFormat::Png, [20, 230])]
    {
        let found = addresses(&file(&drawn(&uri(), 4, shades), format)).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].expose_str(), Some(uri().as_str()));
    }
}

#[test]
fn a_code_on_a_screen_full_of_other_things_is_found_and_two_are() {
    let mut screen =
        RgbImage::from_fn(1600, 900, |x, y| Rgb([(x % 251) as u8, (y % 241) as u8, ((x + y) % 7 * 30) as u8]));
    let second = format!("otpauth://totp/Bank:bob?secret={KEY_TEXT}&issuer=Bank");
    for (text, left) in [(uri(), 100), (second, 900)] {
        let code = drawn(&text, 5, [255, 0]);
        for (x, y, pixel) in code.enumerate_pixels() {
            screen.put_pixel(left + x, 200 + y, Rgb([pixel.0[0]; 3]));
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    screen.write_to(&mut bytes, ImageFormat::Png).unwrap();
    assert_eq!(addresses(&bytes.into_inner()).unwrap().len(), 2);
}

#[test]
fn a_code_on_nothing_is_read_dark_and_light() {
    for shade in [0, 255] {
        let code = drawn(&uri(), 4, [255, 0]);
        let see_through = image::GrayAlphaImage::from_fn(code.width(), code.height(), |x, y| {
            if code.get_pixel(x, y).0[0] == 0 { image::LumaA([shade, 255]) } else { image::LumaA([0, 0]) }
        });
        let mut bytes = Cursor::new(Vec::new());
        see_through.write_to(&mut bytes, ImageFormat::Png).unwrap();
        assert_eq!(addresses(&bytes.into_inner()).unwrap().len(), 1, "{shade}");
    }
}

#[test]
fn what_is_no_account_is_said_to_be_none() {
    let png = |picture: &GrayImage| file(picture, ImageFormat::Png);
    assert_eq!(addresses(&png(&drawn("https://example.org", 4, [255, 0]))).unwrap_err(), PictureError::Other);
    assert_eq!(addresses(&png(&GrayImage::new(100, 100))).unwrap_err(), PictureError::None);
    for kind in [&b""[..], b"GIF89a\x01\x00\x01\x00\x80\x00\x00", b"<svg/>", b"otpauth://"] {
        assert_eq!(addresses(kind).unwrap_err(), PictureError::Kind);
    }
    let whole = png(&drawn(&uri(), 4, [255, 0]));
    assert_eq!(addresses(&whole[..whole.len() / 2]).unwrap_err(), PictureError::Damaged);
}

#[test]
fn a_picture_that_unfolds_beyond_measure_is_refused() {
    // A header that says 60,000 by 60,000 pixels, of which nothing follows.
    let mut bomb = file(&GrayImage::new(16, 16), ImageFormat::Png);
    for at in [16, 20] {
        bomb[at..at + 4].copy_from_slice(&60_000_u32.to_be_bytes());
    }
    let crc = bomb[12..29].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    bomb[29..33].copy_from_slice(&(!crc).to_be_bytes());
    assert_eq!(addresses(&bomb).unwrap_err(), PictureError::TooLarge);
    let wide = GrayImage::from_pixel(8_000, 2_200, Luma([255]));
    assert_eq!(addresses(&file(&wide, ImageFormat::Png)).unwrap_err(), PictureError::TooLarge);
    assert_eq!(addresses(&vec![0; usize::try_from(picture::LONGEST).unwrap() + 1]).unwrap_err(), PictureError::TooLong);
}

#[test]
fn all_pictures_of_googles_export_make_one() {
    let part = |index| files::migration(&[(KEY, "alice", "ACME", [1, 1, 2, 0])], (2, index, 5));
    let found = addresses(&file(&drawn(&part(0), 4, [255, 0]), ImageFormat::Png)).unwrap();
    let read = import::read(found[0].expose(), Some(Format::Uris), None).unwrap();
    assert_eq!((read.accounts.len(), read.set_aside[0].place.as_str()), (1, "part 2 of 2"));
}
