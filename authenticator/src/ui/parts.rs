//! Small pieces that every page is made of, each with a name for screen readers.

use adw::prelude::*;
use gtk::glib;

/// Gives a control its name for screen readers, or another one than before.
///
/// GTK 4.8's own call for that is bound from 4.10 on only; what is bound is the way by which a widget's description in XML is
/// read, and that has the name in it.
pub(super) fn name(widget: &impl IsA<gtk::Widget>, name: &str) {
    let class = widget.type_();
    let xml = format!(
        "<interface><template class=\"{}\"><accessibility><property name=\"label\">{}</property></accessibility>\
         </template></interface>",
        class.name(),
        glib::markup_escape_text(name)
    );
    if let Err(error) = gtk::Builder::new().extend_with_template(widget.upcast_ref::<gtk::Widget>(), class, &xml) {
        tracing::warn!("a control stays without a name: {error}");
    }
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

/// A line of a list: plain text, also where it looks like markup.
pub(super) fn row(title: &str, subtitle: &str) -> adw::ActionRow {
    let row = adw::ActionRow::builder().use_markup(false).title(title).subtitle(subtitle).build();
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

/// A page that scrolls.
pub(super) fn scrolled(child: &impl IsA<gtk::Widget>) -> gtk::ScrolledWindow {
    gtk::ScrolledWindow::builder()
        .hscrollbar_policy(gtk::PolicyType::Never)
        .focusable(false)
        .vexpand(true)
        .child(child)
        .build()
}
