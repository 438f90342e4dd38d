//! An account as a QR code, for another app.
//!
//! What must never happen: the picture staying in a window that is locked: it is one of those that close.

use crate::ui::{parts, text};
use adw::prelude::*;
use gtk::{gdk, glib};
use mfa_core::secret::Secret;
use qrcode::{Color, EcLevel, QrCode};

/// Empty modules around it, as the standard wants them.
const QUIET: usize = 4;

/// Pixels a module has at least: cameras read three.
const MODULE: usize = 4;

/// Pixels the picture is to have on a side, as far as whole pixels for each module allow: it fits a narrow window, and is sharp.
const SIDE: usize = 360;

/// A window over `parent` with `uri` as a picture; `None` where it is too long for one.
pub(in crate::ui) fn picture(parent: &impl IsA<gtk::Window>, title: &str, uri: &Secret) -> Option<adw::Window> {
    let code = QrCode::with_error_correction_level(uri.expose(), EcLevel::M).ok()?;
    let side = code.width() + 2 * QUIET;
    let module = (SIDE / side).max(MODULE);
    let line = side * module * 3;
    let mut pixels = vec![0xffu8; line * side * module];
    for (place, _) in code.to_colors().iter().enumerate().filter(|(_, colour)| **colour == Color::Dark) {
        let (row, column) = (place / code.width() + QUIET, place % code.width() + QUIET);
        for within in 0..module {
            let at = (row * module + within) * line + column * module * 3;
            pixels.get_mut(at..at + module * 3)?.fill(0);
        }
    }
    let drawn = i32::try_from(side * module).ok()?;
    let bytes = glib::Bytes::from_owned(pixels);
    let texture = gdk::MemoryTexture::new(drawn, drawn, gdk::MemoryFormat::R8g8b8, &bytes, line);
    let picture = gtk::Picture::for_paintable(&texture);
    picture.set_halign(gtk::Align::Center);
    picture.set_can_shrink(false);
    picture.add_css_class("picture");
    parts::name(&picture, &text::picture_of(title));
    let warning =
        gtk::Label::builder().label(text::PICTURE_TEXT).wrap(true).justify(gtk::Justification::Center).build();
    let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
    page.append(&picture);
    page.append(&warning);
    Some(parts::dialog(parent, title, &parts::clamp(&page)))
}
