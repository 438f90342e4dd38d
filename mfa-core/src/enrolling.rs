//! Enrolment within a login: a menu, a key or a serial number, a code that proves it, recovery codes.
//!
//! mfad leads it after the first factor, where policy says so, with material made beforehand. Pure: what was typed goes in, what is to be
//! shown, looked up or kept comes out. Nothing is kept before the last Enter. What must never happen: a factor nobody has proved, or
//! codes that were never shown.

mod words;

use crate::approval::NUMBER_DIGITS;
use crate::enrollment::Factor;
use crate::lookup::StoredCode;
use crate::now::Now;
use crate::otp::{self, Check, Moving, Otp};
use crate::page::Page;
use crate::policy::{Deadline, Way};
use crate::recovery::NewCodes;
use crate::secret::Secret;
use crate::stock::{Reached, Token};
use crate::tokens::MAX_SERIAL;
use crate::wire::Method;
use zeroize::Zeroizing;

/// Wrong answers in one enrolment: a serial number misread, a code mistyped, a clock put right.
const TRIES: u8 = 5;

/// What can be enrolled, made before the first word.
#[derive(Debug)]
pub struct Material {
    /// A new key for an app.
    pub app: Option<App>,
    /// The stock has a token the user could take.
    pub token: bool,
    /// A desktop waits to be paired.
    pub desktop: Option<Desktop>,
    /// The recovery codes that go with whatever it becomes.
    pub recovery: NewCodes,
}

/// A new key for an app.
#[derive(Debug)]
pub struct App {
    /// The factor it becomes.
    pub factor: Factor,
    /// Who the account is with, as the app will show it.
    pub issuer: String,
    /// Rows of a picture of its URI; none where the terminal cannot show one.
    pub picture: Vec<Zeroizing<String>>,
}

/// A desktop that waits to be paired. The number it shows is not here: tries at it are counted over all logins.
#[derive(Debug, Clone)]
pub struct Desktop {
    /// The name of its offer.
    pub offer: String,
    /// What it calls itself.
    pub label: String,
    /// SHA-256 of its key, hex.
    pub fingerprint: String,
}

/// What became of a number that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It is the one the desktop shows.
    Right,
    /// It is not.
    Wrong,
    /// The desktop does not wait any more.
    Gone,
}

/// An enrolment under way.
#[derive(Debug)]
pub struct Enrolling {
    user: String,
    /// When a factor is required; `None`: now.
    deadline: Option<Deadline>,
    ways: Vec<Way>,
    material: Material,
    tries_left: u8,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Menu,
    App,
    Serial,
    Token {
        serial: String,
        otp: Otp,
        reached: Reached,
    },
    Desktop,
    /// The recovery codes are on the screen.
    Shown {
        by: By,
    },
}

/// How an enrolment goes on.
#[derive(Debug)]
pub enum Turn {
    /// Shows pages, then asks.
    Ask {
        /// Shown before.
        pages: Vec<Page>,
        /// The prompt.
        text: String,
        /// Whether what is typed may be shown.
        echo: bool,
    },
    /// A token of the stock is to be looked for; [`Enrolling::token`] says what was found.
    LookFor {
        /// As typed.
        serial: String,
    },
    /// A number is to be tried; [`Enrolling::number`] says what became of it.
    TryNumber {
        /// The name of the desktop's offer.
        offer: String,
        /// As typed, digits alone.
        number: Secret,
    },
    /// All was shown and proved: it is to be kept, and the login goes on with this method.
    Keep(Proved),
    /// Not now, and policy lets the user pass until later.
    Later,
    /// It came to nothing.
    Over,
}

/// What was proved.
#[derive(Debug)]
pub struct Proved {
    /// What it is.
    pub by: By,
    /// The hashes of the recovery codes that were shown.
    pub recovery: Vec<StoredCode>,
}

/// What was proved, and by which step or counter.
#[derive(Debug)]
pub enum By {
    /// An app has the key.
    App {
        /// The factor it is.
        factor: Box<Factor>,
        /// The step of the code.
        step: u64,
    },
    /// A token is in the user's hands.
    Token {
        /// Its serial number.
        serial: String,
        /// The step or counter of the code.
        step: u64,
        /// How its codes move on.
        moving: Moving,
    },
    /// The user sits before the desktop that waits.
    Desktop {
        /// The name of its offer.
        offer: String,
    },
}

impl By {
    /// The method it opens logins with.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::App { factor, .. } => factor.method(),
            Self::Token { moving: Moving::Time { .. }, .. } => Method::Totp,
            Self::Token { moving: Moving::Counter, .. } => Method::Hotp,
            Self::Desktop { .. } => Method::Push,
        }
    }
}

impl Enrolling {
    /// Begins with the ways policy allows, as far as there is something behind each; `None`: there is none.
    #[must_use]
    pub fn begin(user: &str, allowed: &[Way], deadline: Option<Deadline>, material: Material) -> Option<(Self, Turn)> {
        let there = |way: &Way| match way {
            Way::App => material.app.is_some(),
            Way::Token => material.token,
            Way::Desktop => material.desktop.is_some(),
        };
        let ways: Vec<Way> = allowed.iter().copied().filter(there).collect();
        let only = match ways.as_slice() {
            [] => return None,
            [only] if deadline.is_none() => Some(*only),
            _ => None,
        };
        let mut enrolling =
            Self { user: user.to_owned(), deadline, ways, material, tries_left: TRIES, phase: Phase::Menu };
        let turn = match only {
            Some(way) => enrolling.take(way, words::must(&enrolling.user)),
            None => enrolling.menu(""),
        };
        Some((enrolling, turn))
    }

    /// Whether the user may pass without it.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        self.deadline.is_some()
    }

    /// What the user typed; `None` where that is no text.
    pub fn answer(&mut self, typed: Option<&Secret>, now: Now) -> Turn {
        let text = typed.and_then(Secret::expose_str).unwrap_or_default().trim();
        match &self.phase {
            Phase::Menu => match text.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
                Some(index) if index < self.ways.len() => {
                    let way = self.ways.get(index).copied();
                    way.map_or(Turn::Over, |way| self.take(way, String::new()))
                }
                _ if text.is_empty() && self.may_wait() => Turn::Later,
                _ => self.again(|enrolling| enrolling.menu(words::NO_SUCH_CHOICE)),
            },
            Phase::App => self.app_code(text, now),
            Phase::Serial if text.is_empty() || text.len() > MAX_SERIAL => {
                self.again(|_| ask(Vec::new(), words::SERIAL_AGAIN, true))
            }
            Phase::Serial => Turn::LookFor { serial: text.to_owned() },
            Phase::Token { serial, otp, reached } => match check_token(otp, *reached, text, now) {
                Some(step) => {
                    let by = By::Token { serial: serial.clone(), step, moving: otp.moving() };
                    self.show_codes(by)
                }
                None => self.again(|_| ask(Vec::new(), words::TOKEN_CODE_AGAIN, false)),
            },
            Phase::Desktop => match (&self.material.desktop, digits(text)) {
                (Some(desktop), Some(number)) => Turn::TryNumber { offer: desktop.offer.clone(), number },
                (Some(_), None) => self.again(|_| ask(Vec::new(), words::NUMBER_AGAIN, true)),
                (None, _) => Turn::Over,
            },
            Phase::Shown { .. } => self.keep(),
        }
    }

    /// What was found for the serial number.
    pub fn token(&mut self, found: Option<(&str, &Token)>) -> Turn {
        let known = found.and_then(|(serial, token)| Some((serial, token.otp.clone()?, token.reached)));
        match (&self.phase, known) {
            (Phase::Serial, Some((serial, otp, reached))) => {
                self.phase = Phase::Token { serial: serial.to_owned(), otp, reached };
                ask(Vec::new(), words::TOKEN_CODE, false)
            }
            (Phase::Serial, None) => self.again(|_| ask(Vec::new(), words::SERIAL_AGAIN, true)),
            _ => Turn::Over,
        }
    }

    /// What became of the number.
    pub fn number(&mut self, tried: Tried) -> Turn {
        match (&self.phase, tried, &self.material.desktop) {
            (Phase::Desktop, Tried::Right, Some(desktop)) => {
                let by = By::Desktop { offer: desktop.offer.clone() };
                self.show_codes(by)
            }
            (Phase::Desktop, Tried::Wrong, Some(_)) => self.again(|_| ask(Vec::new(), words::NUMBER_AGAIN, true)),
            (Phase::Desktop, Tried::Gone, _) => {
                self.material.desktop = None;
                self.ways.retain(|way| *way != Way::Desktop);
                if self.ways.is_empty() {
                    Turn::Over
                } else {
                    self.again(|enrolling| enrolling.menu(words::DESKTOP_GONE))
                }
            }
            _ => Turn::Over,
        }
    }

    fn menu(&mut self, told: &str) -> Turn {
        self.phase = Phase::Menu;
        let desktop = self.material.desktop.as_ref().map_or("", |desktop| desktop.label.as_str());
        let lines = words::menu(&self.user, self.deadline, &self.ways, desktop);
        let text = words::choice(told, self.ways.len(), self.may_wait());
        ask(Page::of(lines.iter().map(String::as_str)), &text, true)
    }

    fn take(&mut self, way: Way, said: String) -> Turn {
        let said = (!said.is_empty()).then_some(said);
        match way {
            Way::App => {
                let Some(app) = &self.material.app else { return Turn::Over };
                let lines = words::app(&self.user, app);
                let rows = app.picture.iter().map(|row| row.as_str());
                let lines = said.iter().map(String::as_str).chain(lines.iter().map(|line| line.as_str())).chain(rows);
                let pages = Page::of(lines);
                self.phase = Phase::App;
                ask(pages, words::APP_CODE, false)
            }
            Way::Token => {
                self.phase = Phase::Serial;
                ask(Page::of(said.iter().map(String::as_str)), words::SERIAL, true)
            }
            Way::Desktop => {
                let Some(desktop) = &self.material.desktop else { return Turn::Over };
                let lines = words::desktop(desktop);
                self.phase = Phase::Desktop;
                ask(Page::of(said.iter().chain(&lines).map(String::as_str)), words::NUMBER, true)
            }
        }
    }

    fn app_code(&mut self, text: &str, now: Now) -> Turn {
        let checked = self.material.app.as_ref().zip(otp::normalise(text));
        let step = checked.and_then(|(app, code)| {
            match app.factor.otp.check_totp(code.expose_str().unwrap_or_default(), now.wall, None, None) {
                Check::Accepted { step } => Some(step),
                Check::Replay { .. } | Check::Wrong => None,
            }
        });
        match (step, self.material.app.take()) {
            (Some(step), Some(app)) => self.show_codes(By::App { factor: Box::new(app.factor), step }),
            (_, app) => {
                self.material.app = app;
                self.again(|_| ask(Vec::new(), words::APP_CODE_AGAIN, false))
            }
        }
    }

    fn show_codes(&mut self, by: By) -> Turn {
        let lines = words::recovery(&self.material.recovery.shown);
        self.phase = Phase::Shown { by };
        ask(Page::of(lines.iter().map(|line| line.as_str())), words::KEPT, true)
    }

    fn keep(&mut self) -> Turn {
        let recovery = std::mem::take(&mut self.material.recovery.stored);
        match std::mem::replace(&mut self.phase, Phase::Menu) {
            Phase::Shown { by } if !recovery.is_empty() => Turn::Keep(Proved { by, recovery }),
            _ => Turn::Over,
        }
    }

    /// After a wrong answer: once more, or the end.
    fn again(&mut self, next: impl FnOnce(&mut Self) -> Turn) -> Turn {
        self.tries_left = self.tries_left.saturating_sub(1);
        if self.tries_left > 0 { next(self) } else { Turn::Over }
    }
}

/// What was typed as a number, without what people put between its digits.
fn digits(text: &str) -> Option<Secret> {
    let plain: Vec<u8> = text.bytes().filter(|b| !matches!(b, b' ' | b'-')).collect();
    let is_number = !plain.is_empty() && plain.len() <= NUMBER_DIGITS && plain.iter().all(u8::is_ascii_digit);
    is_number.then(|| Secret::new(plain))
}

fn check_token(otp: &Otp, reached: Reached, text: &str, now: Now) -> Option<u64> {
    let code = otp::normalise(text)?;
    let code = code.expose_str()?;
    let checked = match otp.moving() {
        Moving::Time { .. } => otp.check_first_totp(code, now.wall, reached.mark),
        Moving::Counter => otp.check_hotp(code, reached.counter),
    };
    match checked {
        Check::Accepted { step } => Some(step),
        Check::Replay { .. } | Check::Wrong => None,
    }
}

fn ask(pages: Vec<Page>, text: &str, echo: bool) -> Turn {
    Turn::Ask { pages, text: text.to_owned(), echo }
}

#[cfg(test)]
mod tests;
