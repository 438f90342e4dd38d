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
const MODULE: i32 = 4;

/// A window over `parent` with `uri` as a picture; `None` where it is too long for one.
pub(in crate::ui) fn picture(parent: &impl IsA<gtk::Window>, title: &str, uri: &Secret) -> Option<adw::Window> {
    let code = QrCode::with_error_correction_level(uri.expose(), EcLevel::M).ok()?;
    let side = code.width() + 2 * QUIET;
    let mut pixels = vec![0xffu8; side * side * 3];
    for (place, _) in code.to_colors().iter().enumerate().filter(|(_, colour)| **colour == Color::Dark) {
        let at = ((place / code.width() + QUIET) * side + place % code.width() + QUIET) * 3;
        pixels.get_mut(at..at + 3)?.fill(0);
    }
    let size = i32::try_from(side).ok()?;
    let bytes = glib::Bytes::from_owned(pixels);
    let texture = gdk::MemoryTexture::new(size, size, gdk::MemoryFormat::R8g8b8, &bytes, side * 3);
    let picture = gtk::Picture::for_paintable(&texture);
    picture.set_size_request(size * MODULE, size * MODULE);
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
