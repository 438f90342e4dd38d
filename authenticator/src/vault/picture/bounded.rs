//! The reader of QR codes within bounds: it has none of its own, and a picture of five KiB that is full of their corners would keep it
//! busy for hours.
//!
//! Called for each way to look at a picture. What must never happen: more corners being handed to it than it can try in
//! pairs, or a mistake of its own ending this program.

use super::{PictureError, corners};
use image::{GenericImage, GenericImageView, GrayImage, Luma};
use mfa_core::secret::Secret;
use rqrr::PreparedImage;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// Most places that look like a corner of a code, of which each has three: memory and time go by the square of them.
const MOST_CORNERS: usize = 1_000;

/// The texts of all codes in `picture`, by at most `work` steps.
pub(super) fn texts(picture: GrayImage, work: u64) -> Result<Vec<Secret>, PictureError> {
    let look = || {
        let mut prepared = PreparedImage::prepare(Bounded { picture, left: Rc::new(Cell::new(work)) });
        let (width, height) = (prepared.width(), prepared.height());
        if corners::count(width, height, |x, y| prepared.get_pixel_at(x, y) == 1) > MOST_CORNERS {
            return Err(PictureError::Crowded);
        }
        let texts = prepared.detect_grids().into_iter().filter_map(|grid| grid.decode().ok());
        Ok(texts.map(|(_, text)| Secret::from(text)).collect())
    };
    // Everything that `look` touches is its own, and gone afterwards.
    catch_unwind(AssertUnwindSafe(look))
        .unwrap_or_else(|cause| Err(if cause.is::<NothingLeft>() { PictureError::Crowded } else { PictureError::None }))
}

/// What unwinds the reader, which has no other way out.
struct NothingLeft;

/// A picture that counts what is done with it and its copies.
struct Bounded {
    picture: GrayImage,
    left: Rc<Cell<u64>>,
}

impl Bounded {
    fn spend(&self, steps: u64) {
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            // Without the panic hook: this is no mistake.
            None => resume_unwind(Box::new(NothingLeft)),
        }
    }
}

impl Clone for Bounded {
    fn clone(&self) -> Self {
        self.spend(u64::from(self.picture.width()) * u64::from(self.picture.height()));
        Self { picture: self.picture.clone(), left: self.left.clone() }
    }
}

impl GenericImageView for Bounded {
    type Pixel = Luma<u8>;

    fn dimensions(&self) -> (u32, u32) {
        self.picture.dimensions()
    }

    fn get_pixel(&self, x: u32, y: u32) -> Luma<u8> {
        self.spend(1);
        *self.picture.get_pixel(x, y)
    }
}

impl GenericImage for Bounded {
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Luma<u8> {
        self.spend(1);
        self.picture.get_pixel_mut(x, y)
    }

    fn put_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.spend(1);
        self.picture.put_pixel(x, y, pixel);
    }

    fn blend_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.put_pixel(x, y, pixel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corners(across: u32) -> GrayImage {
        let side = across * 18;
        GrayImage::from_fn(side, side, |x, y| Luma([if corners::tests::is_dark(x, y) { 0 } else { 255 }]))
    }

    #[test]
    fn a_picture_full_of_corners_is_refused_in_time() {
        assert_eq!(texts(corners(40), u64::MAX).unwrap_err(), PictureError::Crowded);
        // Fewer, whose pairs would still take too long.
        assert_eq!(texts(corners(20), 10_000_000).unwrap_err(), PictureError::Crowded);
        assert_eq!(texts(corners(1), 10_000_000).unwrap().len(), 0);
    }
}
