//! Small pieces that every page is made of, each with a name for screen readers.

use super::text;
use adw::prelude::*;
use gtk::glib;
use std::cell::RefCell;

/// Gives a control its name for screen readers, or another one than before.
///
/// GTK 4.8's own call for that is bound from 4.10 on only; what is bound is the way by which a widget's description in XML is
/// read, and that has the name in it. GTK 4.22 calls a button what the label in it is called, whatever its own name: both have it.
pub(super) fn name(widget: &impl IsA<gtk::Widget>, name: &str) {
    let widget = widget.upcast_ref::<gtk::Widget>();
    describe(widget, name);
    if widget.is::<gtk::Button>() {
        label_within(widget).iter().for_each(|label| describe(label.upcast_ref(), name));
    }
}

fn describe(widget: &gtk::Widget, name: &str) {
    let class = widget.type_();
    let xml = format!(
        "<interface><template class=\"{}\"><accessibility><property name=\"label\">{}</property></accessibility>\
         </template></interface>",
        class.name(),
        glib::markup_escape_text(name)
    );
    if let Err(error) = gtk::Builder::new().extend_with_template(widget, class, &xml) {
        tracing::warn!("a control stays without a name: {error}");
    }
}

fn label_within(widget: &gtk::Widget) -> Option<gtk::Label> {
    let children = std::iter::successors(widget.first_child(), gtk::Widget::next_sibling);
    children.into_iter().find_map(|child| child.downcast_ref().cloned().or_else(|| label_within(&child)))
}

/// A button that is an icon.
pub(super) fn icon_button(icon: &str, label: &str) -> gtk::Button {
    let button = gtk::Button::builder().icon_name(icon).tooltip_text(label).build();
    name(&button, label);
    button
}

/// A button of text, in the middle of a page.
pub(super) fn pill(label: &str) -> gtk::Button {
    gtk::Button::builder().label(label).halign(gtk::Align::Center).css_classes(["pill"]).build()
}

/// A line of a list: plain text, also where it looks like markup. (libadwaita's own rows tell a screen reader neither what
/// stands below the title nor, with an entry inside, that they have the focus.)
pub(super) fn row(title: &str, subtitle: &str) -> gtk::ListBoxRow {
    row_with(title, subtitle, gtk::Widget::NONE, gtk::Widget::NONE)
}

/// The same with something before and behind it.
pub(super) fn row_with(
    title: &str,
    subtitle: &str,
    before: Option<&impl IsA<gtk::Widget>>,
    behind: Option<&impl IsA<gtk::Widget>>,
) -> gtk::ListBoxRow {
    let label = |text: &str, classes: &[&str]| {
        let label =
            gtk::Label::builder().label(text).xalign(0.0).wrap(true).visible(!text.is_empty()).css_classes(classes);
        label.wrap_mode(gtk::pango::WrapMode::WordChar).build()
    };
    let words =
        gtk::Box::builder().orientation(gtk::Orientation::Vertical).valign(gtk::Align::Center).spacing(3).build();
    words.set_hexpand(true);
    words.append(&label(title, &[]));
    words.append(&label(subtitle, &["dim-label", "caption"]));
    let inside = gtk::Box::builder().spacing(12).margin_start(12).margin_end(12).margin_top(9).margin_bottom(9).build();
    before.iter().for_each(|widget| inside.append(*widget));
    inside.append(&words);
    behind.iter().for_each(|widget| inside.append(*widget));
    let row = gtk::ListBoxRow::builder().child(&inside).activatable(false).build();
    let spoken = if subtitle.is_empty() { title.to_owned() } else { format!("{title}: {subtitle}") };
    name(&row, &spoken);
    row
}

/// A box that stands in the middle, as wide as reading wants it.
pub(super) fn clamp(child: &impl IsA<gtk::Widget>) -> adw::Clamp {
    adw::Clamp::builder()
        .maximum_size(560)
        .margin_start(12)
        .margin_end(12)
        .margin_top(18)
        .margin_bottom(18)
        .child(child)
        .build()
}

/// Gives a menu its name, and takes the focus from what GTK puts around its lines, which scrolls and has none.
pub(super) fn name_menu(menu: &gtk::Popover, label: &str) {
    name(menu, label);
    menu.child().iter().for_each(|around| around.set_focusable(false));
}

/// Names what a ready-made window of libadwaita's has in it and leaves without; what cannot be told apart is called `title`.
pub(super) fn name_inside(widget: &gtk::Widget, title: &str) {
    let mut child = widget.first_child();
    while let Some(inside) = child {
        if inside.is::<gtk::ScrolledWindow>() {
            inside.set_focusable(false);
        } else if let Some(button) = inside.downcast_ref::<gtk::Button>() {
            let said = button.label().or_else(|| button.tooltip_text()).filter(|said| !said.is_empty());
            let back = button.icon_name().is_some_and(|icon| icon.starts_with("go-previous"));
            name(button, said.as_deref().unwrap_or(if back { &text::BACK } else { title }));
        } else if inside.is::<gtk::ListBox>() || inside.is::<gtk::TextView>() {
            name(&inside, title);
        }
        name_inside(&inside, title);
        child = inside.next_sibling();
    }
}

/// A page that scrolls.
pub(super) fn scrolled(child: &impl IsA<gtk::Widget>) -> gtk::ScrolledWindow {
    gtk::ScrolledWindow::builder()
        .hscrollbar_policy(gtk::PolicyType::Never)
        .focusable(false)
        .vexpand(true)
        .child(child)
        .build()
}

/// A line with a control at its end, which takes the focus and has the name.
pub(super) fn control(title: &str, subtitle: &str, control: &impl IsA<gtk::Widget>) -> gtk::ListBoxRow {
    name(control, title);
    let row = row_with(title, subtitle, gtk::Widget::NONE, Some(control));
    row.set_focusable(false);
    row
}

/// A window over another one, which Escape closes.
pub(super) fn dialog(parent: &impl IsA<gtk::Window>, title: &str, content: &impl IsA<gtk::Widget>) -> adw::Window {
    let page = gtk::Box::new(gtk::Orientation::Vertical, 0);
    page.append(&adw::HeaderBar::builder().css_classes(["flat"]).build());
    page.append(content);
    let window = adw::Window::builder()
        .transient_for(parent)
        .modal(true)
        .title(title)
        .default_width(440)
        .width_request(300)
        .content(&page)
        .build();
    let keys = gtk::ShortcutController::new();
    keys.add_shortcut(gtk::Shortcut::new(
        Some(gtk::KeyvalTrigger::new(gtk::gdk::Key::Escape, gtk::gdk::ModifierType::empty())),
        Some(gtk::NamedAction::new("window.close")),
    ));
    window.add_controller(keys);
    window
}

/// Where a dialog says what is wrong.
pub(super) fn problem() -> gtk::Label {
    gtk::Label::builder()
        .wrap(true)
        .visible(false)
        .justify(gtk::Justification::Center)
        .accessible_role(gtk::AccessibleRole::Alert)
        .css_classes(["error"])
        .build()
}

/// Says that something is being worked at: a wheel that turns while it is to be seen, and takes no room else.
pub(super) fn busy() -> gtk::Spinner {
    let busy = gtk::Spinner::builder().spinning(true).visible(false).halign(gtk::Align::Center).build();
    name(&busy, &text::WORKING);
    busy
}

/// Something to type into, below what it is for.
pub(super) fn field(title: &str, entry: &impl IsA<gtk::Widget>) -> gtk::Box {
    name(entry, title);
    let label = gtk::Label::builder().label(title).xalign(0.0).css_classes(["caption-heading"]).build();
    let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(3).build();
    page.append(&label);
    page.append(entry);
    page
}

/// What is typed unseen.
pub(super) fn unseen() -> gtk::PasswordEntry {
    let entry = gtk::PasswordEntry::builder().show_peek_icon(true).build();
    // GTK leaves the button in it without a name.
    let mut child = entry.first_child();
    while let Some(inside) = child {
        if inside.is::<gtk::Image>() {
            name(&inside, &text::PEEK);
        }
        child = inside.next_sibling();
    }
    entry
}

/// A line at the edge of a page with something to do, which goes when it is done or dismissed.
pub(super) fn bar(words: &str, label: &str, action: impl Fn() + 'static) -> gtk::Box {
    let bar = gtk::Box::builder().spacing(6).css_classes(["toolbar"]).build();
    bar.append(&gtk::Label::builder().label(words).wrap(true).xalign(0.0).hexpand(true).margin_start(6).build());
    let button = gtk::Button::with_label(label);
    let dismiss = icon_button("window-close-symbolic", &text::CLOSE_WORD);
    for button in [&button, &dismiss] {
        button.set_valign(gtk::Align::Center);
        bar.append(button);
    }
    let weak = bar.downgrade();
    dismiss.connect_clicked(move |_| weak.upgrade().iter().for_each(leave));
    let weak = bar.downgrade();
    button.connect_clicked(move |_| {
        weak.upgrade().iter().for_each(leave);
        action();
    });
    bar
}

/// Takes a widget out of the box it is in.
fn leave(widget: &gtk::Box) {
    if let Some(page) = widget.parent().and_downcast::<gtk::Box>() {
        page.remove(widget);
    }
}

/// Where short words that need no answer appear over `page`. (libadwaita leaves the button that closes one without a name.)
pub(super) fn toasts(page: &impl IsA<gtk::Widget>) -> adw::ToastOverlay {
    let overlay = adw::ToastOverlay::new();
    overlay.set_child(Some(page));
    overlay.set_vexpand(true);
    // The list lives as long as somebody listens to it.
    let shown = overlay.observe_children();
    shown.connect_items_changed(|shown, at, _, added| {
        for index in at..at.saturating_add(added) {
            let widget = shown.item(index).and_downcast::<gtk::Widget>();
            widget.iter().filter(|widget| widget.css_name() == "toast").for_each(name_close);
        }
    });
    let kept = RefCell::new(Some(shown));
    overlay.connect_destroy(move |_| drop(kept.take()));
    overlay
}

fn name_close(toast: &gtk::Widget) {
    let mut child = toast.first_child();
    while let Some(inside) = child {
        if inside.downcast_ref::<gtk::Button>().is_some_and(|button| button.icon_name().is_some()) {
            name(&inside, &text::CLOSE_WORD);
        }
        child = inside.next_sibling();
    }
}

/// Things of which one is chosen, the first at first.
pub(super) fn choice(names: &[&str]) -> (gtk::Box, Vec<gtk::CheckButton>) {
    let page = gtk::Box::builder().spacing(12).build();
    let buttons: Vec<gtk::CheckButton> = names.iter().map(|name| gtk::CheckButton::with_label(name)).collect();
    for button in &buttons {
        button.set_group(buttons.first().filter(|first| *first != button));
        page.append(button);
    }
    buttons.iter().take(1).for_each(|first| first.set_active(true));
    (page, buttons)
}
