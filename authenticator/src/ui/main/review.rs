//! What a file or a picture holds, before it is added: nothing is kept that the user has not seen named.

use super::MainWindow;
use crate::ui::group::Group;
use crate::ui::{parts, text};
use crate::vault::import::Import;
use adw::prelude::*;
use gtk::glib;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Most lines of one list: nobody reads more, and each is a widget.
const MOST_LINES: usize = 100;

/// How often the progress is drawn.
const FRAME: Duration = Duration::from_millis(100);

impl MainWindow {
    /// Shows what was read, and adds it if the user says so.
    pub(super) fn review(self: &Rc<Self>, read: Import) {
        let count = read.accounts.len();
        let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(18).build();
        let found = Group::new(&text::found(count), "");
        let called: Vec<(String, String)> = read.accounts.iter().map(|it| (it.called(), String::new())).collect();
        found.fill(&rows(&called));
        found.widget().set_visible(count > 0);
        page.append(found.widget());
        let left = Group::new(&text::left_out(read.set_aside.len()), "");
        let why: Vec<(String, String)> = read.set_aside.iter().map(|it| (it.place.clone(), it.why.clone())).collect();
        left.fill(&rows(&why));
        left.widget().set_visible(!why.is_empty());
        page.append(left.widget());
        let problem = parts::problem();
        let progress = gtk::ProgressBar::builder().visible(false).build();
        parts::name(&progress, &text::WORKING);
        let button = parts::pill(&text::add_all(count));
        button.add_css_class("suggested-action");
        button.set_visible(count > 0);
        for widget in [problem.upcast_ref::<gtk::Widget>(), progress.upcast_ref(), button.upcast_ref()] {
            page.append(widget);
        }
        let window = parts::dialog(&self.window, &text::REVIEW, &parts::scrolled(&parts::clamp(&page)));
        window.set_default_height(520);
        let (weak, shown) = (Rc::downgrade(self), window.downgrade());
        button.connect_clicked(move |button| {
            let Some(own) = weak.upgrade() else { return };
            button.set_sensitive(false);
            let done = Arc::new(AtomicUsize::new(0));
            follow(&progress, done.clone(), count);
            let (keeper, accounts) = (own.keeper.clone(), read.accounts.clone());
            let add = async move {
                let vault = keeper.vault().await?;
                vault.add_all(accounts, crate::now(), |count| done.store(count, Ordering::Relaxed)).await
            };
            let (shown, button, problem, progress) = (shown.clone(), button.clone(), problem.clone(), progress.clone());
            own.ask(add, move |own, added| {
                progress.set_visible(false);
                match added {
                    Ok(added) => {
                        own.say(&text::all_added(added.kept.len(), added.there.len()));
                        shown.upgrade().iter().for_each(gtk::prelude::GtkWindowExt::close);
                    }
                    Err(why) => {
                        button.set_sensitive(true);
                        problem.set_label(&why.to_string());
                        problem.set_visible(true);
                    }
                }
                own.load();
            });
        });
        // The button does not take the focus: another program may have opened this under somebody's typing.
        self.over(&window);
    }
}

fn rows(lines: &[(String, String)]) -> Vec<gtk::ListBoxRow> {
    let shown = lines.iter().take(MOST_LINES).map(|(title, words)| parts::row(title, words));
    let rest = lines.len().saturating_sub(MOST_LINES);
    shown.chain((rest > 0).then(|| parts::row(&text::and_more(rest), ""))).collect()
}

/// Draws how many of `count` are done, until the bar goes.
fn follow(bar: &gtk::ProgressBar, done: Arc<AtomicUsize>, count: usize) {
    bar.set_fraction(0.0);
    bar.set_visible(true);
    let weak = bar.downgrade();
    glib::timeout_add_local(FRAME, move || {
        let Some(bar) = weak.upgrade().filter(WidgetExt::is_visible) else { return glib::ControlFlow::Break };
        // Ten thousand at most: exact in both.
        let [done, count] =
            [done.load(Ordering::Relaxed), count.max(1)].map(|n| f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
        bar.set_fraction(done / count);
        glib::ControlFlow::Continue
    });
}
