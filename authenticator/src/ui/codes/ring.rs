//! The ring that runs down with a code's time. For the eye alone: screen readers are not told every second.

use adw::prelude::*;
use std::cell::Cell;
use std::f64::consts::{FRAC_PI_2, TAU};
use std::rc::Rc;

/// Pixels across.
const SIZE: i32 = 22;

/// See the module.
pub(super) struct Ring {
    area: gtk::DrawingArea,
    /// How much is left, 0 to 1.
    left: Rc<Cell<f64>>,
}

impl Ring {
    pub(super) fn new() -> Self {
        let area = gtk::DrawingArea::builder()
            .content_width(SIZE)
            .content_height(SIZE)
            .valign(gtk::Align::Center)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .css_classes(["ring"])
            .build();
        let left = Rc::new(Cell::new(1.0));
        let drawn = left.clone();
        area.set_draw_func(move |area, context, width, height| {
            let colour = area.style_context().color();
            let (x, y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
            let radius = x.min(y) - 2.0;
            context.set_line_width(3.0);
            // The theme's own colour, faint for the way that is gone.
            for (alpha, part) in [(0.15, 1.0), (1.0, drawn.get())] {
                context.set_source_rgba(
                    colour.red().into(),
                    colour.green().into(),
                    colour.blue().into(),
                    f64::from(colour.alpha()) * alpha,
                );
                context.new_path();
                context.arc_negative(x, y, radius, -FRAC_PI_2, -FRAC_PI_2 - TAU * part);
                // What cannot be drawn is not seen, and there is nobody to tell.
                let _ = context.stroke();
            }
        });
        Self { area, left }
    }

    pub(super) fn widget(&self) -> &gtk::DrawingArea {
        &self.area
    }

    /// So many seconds are left of so many; without them, there is no ring.
    pub(super) fn set(&self, left: Option<(u32, u32)>) {
        let part = left.map(|(left, of)| f64::from(left) / f64::from(of.max(1)));
        self.area.set_opacity(if part.is_some() { 1.0 } else { 0.0 });
        if self.left.replace(part.unwrap_or_default()) != part.unwrap_or_default() {
            self.area.queue_draw();
        }
        let short = left.is_some_and(|(left, _)| left <= 5);
        if short {
            self.area.add_css_class("warning");
        } else {
            self.area.remove_css_class("warning");
        }
    }
}
