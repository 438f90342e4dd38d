//! `org.gnome.Shell.SearchProvider2`, on the connection that owns the application's name.
//!
//! Any program of the session may call it, as it may read an unlocked keyring. What must never happen: a locked keyring asking for its
//! password because somebody typed into the overview.

use super::{Result, Search, meant};
use crate::ui::OBJECT;
use gtk::glib::variant::ToVariant;
use gtk::{gio, glib};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// <https://developer.gnome.org/documentation/tutorials/search-provider.html>
const INTERFACE: &str = "
<node><interface name='org.gnome.Shell.SearchProvider2'>
  <method name='GetInitialResultSet'>
    <arg type='as' name='terms' direction='in'/><arg type='as' name='results' direction='out'/></method>
  <method name='GetSubsearchResultSet'>
    <arg type='as' name='previous_results' direction='in'/><arg type='as' name='terms' direction='in'/>
    <arg type='as' name='results' direction='out'/></method>
  <method name='GetResultMetas'>
    <arg type='as' name='identifiers' direction='in'/><arg type='aa{sv}' name='metas' direction='out'/></method>
  <method name='ActivateResult'>
    <arg type='s' name='identifier' direction='in'/><arg type='as' name='terms' direction='in'/>
    <arg type='u' name='timestamp' direction='in'/></method>
  <method name='LaunchSearch'>
    <arg type='as' name='terms' direction='in'/><arg type='u' name='timestamp' direction='in'/></method>
</interface></node>";

/// Who looks accounts up and opens them.
pub(in crate::ui) trait Provider {
    /// Looks for the accounts that `words` fit, and hands them to `then`; none where they are locked.
    fn look_up(self: &Rc<Self>, words: Vec<String>, then: Box<dyn FnOnce(Vec<Result>)>);
    /// Opens the window with `text` as what is searched for.
    fn open(self: &Rc<Self>, text: &str);
}

/// Answers the shell for as long as the connection is kept that it gives.
///
/// # Errors
/// When there is no session bus, or the object is there already.
pub(in crate::ui) fn export(
    provider: &Rc<impl Provider + 'static>,
) -> std::result::Result<gio::DBusConnection, glib::Error> {
    // The connection that GApplication takes, too: before it takes the name, so that no call finds nobody.
    let bus = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE)?;
    let node = gio::DBusNodeInfo::for_xml(INTERFACE)?;
    let Some(interface) = node.lookup_interface("org.gnome.Shell.SearchProvider2") else { return Ok(bus) };
    let search = Rc::new(RefCell::new(Search::default()));
    let provider = provider.clone();
    bus.register_object(&format!("{OBJECT}/SearchProvider"), &interface)
        .method_call(move |_, _, _, _, method, parameters, call| match method {
            "GetInitialResultSet" => find(&provider, &search, &words(&parameters, 0), call),
            // Not of those that were found before, which mean nothing any more.
            "GetSubsearchResultSet" => find(&provider, &search, &words(&parameters, 1), call),
            "GetResultMetas" => {
                let search = search.borrow();
                let metas = words(&parameters, 0).into_iter().filter_map(|name| meta(&search, name));
                call.return_value(Some(&(metas.collect::<Vec<_>>(),).to_variant()));
            }
            "ActivateResult" => {
                let name = parameters.try_child_value(0).and_then(|name| name.get::<String>()).unwrap_or_default();
                let taken = search.borrow_mut().take(&name);
                taken.iter().for_each(|result| provider.open(&[result.title.as_str(), &result.text].join(" ")));
                call.return_value(None);
            }
            "LaunchSearch" => {
                provider.open(&meant(&words(&parameters, 0)).unwrap_or_default().join(" "));
                call.return_value(None);
            }
            _ => call.return_dbus_error("org.freedesktop.DBus.Error.UnknownMethod", "there is no such method"),
        })
        .build()?;
    Ok(bus)
}

fn find(
    provider: &Rc<impl Provider + 'static>,
    search: &Rc<RefCell<Search>>,
    terms: &[String],
    call: gio::DBusMethodInvocation,
) {
    let Some(words) = meant(terms) else {
        return call.return_value(Some(&(Vec::<String>::new(),).to_variant()));
    };
    let search = search.clone();
    provider.look_up(
        words,
        Box::new(move |found| {
            let random = || {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).ok().map(|()| bytes)
            };
            let names = search.borrow_mut().offer(found, random);
            call.return_value(Some(&(names,).to_variant()));
        }),
    );
}

fn words(parameters: &glib::Variant, place: usize) -> Vec<String> {
    parameters.try_child_value(place).and_then(|words| words.get()).unwrap_or_default()
}

fn meta(search: &Search, name: String) -> Option<HashMap<&'static str, glib::Variant>> {
    let result = search.shown(&name)?;
    Some(HashMap::from([
        ("name", result.title.to_variant()),
        ("description", result.text.to_variant()),
        ("gicon", mfa_core::bus::AUTHENTICATOR.to_variant()),
        ("id", name.to_variant()),
    ]))
}
