//! Bringing the widgets up to what the state says.

use super::RequestPage;
use crate::ui::request::Typed;
use adw::prelude::*;
use adw::subclass::prelude::*;

impl RequestPage {
    /// Brings the widgets up to what the state says, where it says something else than before.
    pub(super) fn draw(&self) {
        let own = self.imp();
        let (number, pin) = (own.number.text(), own.pin.text());
        let typed = Typed { number: &number, pin: pin.chars().count() };
        let Some(view) = own.state.borrow().as_ref().map(|state| state.view(typed, self.now())) else { return };
        let before = own.shown.replace(Some(view.clone()));
        if before.as_ref() == Some(&view) {
            return;
        }
        own.time.set_label(&view.time);
        set_class(&*own.time, "warning", view.short);
        set_class(&*own.time, "dim-label", !view.short);
        own.number_box.set_visible(view.number);
        own.number.set_editable(view.entries);
        own.pin_box.set_visible(view.pin);
        own.pin.set_editable(view.entries);
        own.approve.set_sensitive(view.approve);
        own.deny.set_sensitive(view.deny);
        own.report.set_sensitive(view.report);
        own.spinner.set_visible(view.busy);
        own.spinner.set_spinning(view.busy);
        own.problem.set_label(&view.problem);
        own.problem.set_visible(!view.problem.is_empty());
        if let Some(ending) = view.over
            && before.and_then(|view| view.over) != Some(ending)
        {
            own.number.set_text("");
            own.pin.set_text("");
            own.over.say(ending.said(), &ending.said().text, "");
            if let Some(action) = own.on_end.borrow().as_ref() {
                action(ending);
            }
            // The focus leaves an entry before the entry does.
            own.over.set_visible(true);
            own.over.focus();
            own.asking.set_visible(false);
        }
    }

    pub(super) fn focus_first(&self) {
        let own = self.imp();
        if own.number_box.get_visible() {
            own.number.grab_focus();
        } else if let Some(row) = own.details.row_at_index(0) {
            row.grab_focus();
        }
    }

    pub(super) fn focused(&self) {
        let focused = self.has_focus_window();
        if let Some(state) = self.imp().state.borrow_mut().as_mut() {
            state.focus(focused, self.now());
        }
        self.draw();
    }

    /// Whether it is to be seen in the window that has the focus.
    pub(super) fn has_focus_window(&self) -> bool {
        self.is_mapped() && self.root().and_downcast::<gtk::Window>().is_some_and(|window| window.is_active())
    }
}

fn set_class(widget: &impl IsA<gtk::Widget>, class: &str, on: bool) {
    if on {
        widget.add_css_class(class);
    } else {
        widget.remove_css_class(class);
    }
}
