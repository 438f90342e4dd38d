//! How many places of a picture the reader of QR codes will take for a corner of one: by its own tests, in one pass over the pixels.
//!
//! A corner is a dark ring around a dark square, apart from it, with a tenth to seven tenths of its pixels, where one line
//! crosses both in runs of about 1, 1, 3, 1, 1. (Without the ring, every screen of text has thousands.) Must never: count fewer
//! than the reader finds, or take more memory than the pixels do.

use std::collections::BTreeSet;

/// The corners in a picture of which `is_dark` knows the pixels.
pub(super) fn count(width: usize, height: usize, is_dark: impl Fn(usize, usize) -> bool) -> usize {
    let mut regions = Regions::default();
    let (mut above, mut here) = (vec![LIGHT; width], vec![LIGHT; width]);
    let mut crossed = BTreeSet::new();
    for y in 0..height {
        let (mut runs, mut left) = (Runs::default(), LIGHT);
        for (x, (own, above)) in here.iter_mut().zip(&above).enumerate() {
            let dark = is_dark(x, y);
            left = if dark { regions.joined(left, *above) } else { LIGHT };
            *own = left;
            runs.then(dark, left, &mut crossed);
        }
        runs.then(false, LIGHT, &mut crossed);
        std::mem::swap(&mut above, &mut here);
    }
    regions.corners(&crossed)
}

/// The number of no region.
const LIGHT: u32 = 0;

/// Dark pixels that touch by their sides (a union-find; numbers begin at 1).
#[derive(Default)]
struct Regions {
    /// The region that each was joined to; itself where it was not.
    joined_to: Vec<u32>,
    pixels: Vec<u32>,
}

impl Regions {
    /// The region of a dark pixel between those of its neighbours.
    fn joined(&mut self, left: u32, above: u32) -> u32 {
        let own = match (left, above) {
            (LIGHT, LIGHT) => {
                self.pixels.push(0);
                let new = u32::try_from(self.pixels.len()).unwrap_or(u32::MAX);
                self.joined_to.push(new);
                new
            }
            (LIGHT, one) | (one, LIGHT) => one,
            (left, above) => {
                let (left, above) = (self.whole(left), self.whole(above));
                let (first, second) = (left.min(above), left.max(above));
                if let Some(to) = self.joined_to.get_mut(place(second)) {
                    *to = first;
                }
                first
            }
        };
        if let Some(pixels) = self.pixels.get_mut(place(own)) {
            *pixels += 1;
        }
        own
    }

    /// The region that one belongs to in the end.
    fn whole(&mut self, mut region: u32) -> u32 {
        loop {
            let to = self.to(region);
            if to == region {
                return region;
            }
            let further = self.to(to);
            if let Some(shorter) = self.joined_to.get_mut(place(region)) {
                *shorter = further;
            }
            region = further;
        }
    }

    fn to(&self, region: u32) -> u32 {
        self.joined_to.get(place(region)).copied().unwrap_or(region)
    }

    /// How many of the rings that lines crossed are those of corners.
    fn corners(mut self, crossed: &BTreeSet<[u32; 3]>) -> usize {
        let mut whole = vec![0_u64; self.pixels.len()];
        for number in 1..=u32::try_from(self.pixels.len()).unwrap_or(u32::MAX) {
            let pixels = self.pixels.get(place(number)).copied().unwrap_or_default();
            let own = self.whole(number);
            whole.get_mut(place(own)).into_iter().for_each(|sum| *sum += u64::from(pixels));
        }
        let mut rings = BTreeSet::new();
        for [left, stone, right] in crossed {
            let [left, stone, right] = [*left, *stone, *right].map(|region| self.whole(region));
            let pixels = |region: u32| whole.get(place(region)).copied().unwrap_or_default();
            let ratio = (pixels(stone) * 100).checked_div(pixels(right));
            if left == right && stone != right && ratio.is_some_and(|ratio| 10 < ratio && ratio < 70) {
                rings.insert(right);
            }
        }
        rings.len()
    }
}

fn place(region: u32) -> usize {
    usize::try_from(region).map_or(usize::MAX, |region| region.wrapping_sub(1))
}

/// The last five runs of a line, and the regions that they began in.
#[derive(Default)]
struct Runs {
    lengths: [usize; 5],
    regions: [u32; 5],
    changes: usize,
    now: Option<bool>,
    length: usize,
    region: u32,
}

impl Runs {
    /// Takes the next pixel; where a crossing has just ended, its ring left, stone and ring right go to `crossed`.
    fn then(&mut self, is_dark: bool, region: u32, crossed: &mut BTreeSet<[u32; 3]>) {
        let before = self.now.replace(is_dark);
        if before.is_none_or(|before| before == is_dark) {
            if before.is_none() {
                self.region = region;
            }
            self.length += 1;
            return;
        }
        self.lengths.rotate_left(1);
        self.regions.rotate_left(1);
        let [first, second, stone, fourth, fifth] = &mut self.lengths;
        let [left, _, middle, _, right] = &mut self.regions;
        *fifth = std::mem::replace(&mut self.length, 1);
        *right = std::mem::replace(&mut self.region, region);
        self.changes += 1;
        let average = (*first + *second + *fourth + *fifth) / 4;
        let error = average * 3 / 4;
        let fits = |run: usize, parts: usize| run + error >= parts * average && run <= parts * average + error;
        let all_fit = [*first, *second, *fourth, *fifth].into_iter().all(|run| fits(run, 1)) && fits(*stone, 3);
        if !is_dark && self.changes >= 5 && all_fit {
            crossed.insert([*left, *middle, *right]);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Corners of codes, two pixels a module, in cells of nine.
    pub(in super::super) fn is_dark(x: u32, y: u32) -> bool {
        const CORNER: [u8; 7] = [0b111_1111, 0b100_0001, 0b101_1101, 0b101_1101, 0b101_1101, 0b100_0001, 0b111_1111];
        let (x, y) = (x / 2 % 9, y / 2 % 9);
        x < 7 && CORNER.get(y as usize).is_some_and(|row| row >> x & 1 == 1)
    }

    fn counted(picture: &[&str]) -> usize {
        count(picture[0].len(), picture.len(), |x, y| picture[y].as_bytes()[x] == b'#')
    }

    #[test]
    fn each_corner_is_counted_once_also_at_the_edge() {
        for across in [1, 2, 5] {
            let side = across * 18;
            assert_eq!(count(side, side, |x, y| is_dark(x as u32, y as u32)), across * across);
            let cut = side - 4;
            assert_eq!(count(cut, cut, |x, y| is_dark(x as u32, y as u32)), across * across, "no light around it");
        }
        assert_eq!(count(0, 0, |_, _| true), 0);
    }

    #[test]
    fn what_has_the_runs_alone_is_no_corner() {
        assert_eq!(counted(&["#.###.#."; 7]), 0, "three lines that touch nothing");
        let ring = ["#######.", "#.....#.", "#.###.#.", "#.###.#.", "#.###.#.", "#.....#.", "#######."];
        assert_eq!(counted(&ring), 1);
        let joined = ["#######.", "#..#..#.", "#.###.#.", "#.###.#.", "#.###.#.", "#.....#.", "#######."];
        assert_eq!(counted(&joined), 0, "its stone is no stone");
        let open = ["###.....", "#.....#.", "#.###.#.", "#.###.#.", "#.###.#.", "#.....#.", "..#####."];
        assert_eq!(counted(&open), 0, "its ring is none");
    }
}
