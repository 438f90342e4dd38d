//! A PAM application for tests: runs one service as told, and tells everything that happens.
//!
//! Driven by `harness::PamClient` over its standard input and output, a line each:
//!
//! - `PROMPT off "text"` (or `on`, with echo): it reads the answer from the next line; at the end of
//!   input the conversation fails with `PAM_CONV_ERR`.
//! - `SAYS error "text"` (or `info`).
//! - `READY`: it has an answer and waits for the gate.
//! - `RESULT authenticate 7 PAM_AUTH_ERR` after each function, `SNAPSHOT {…}` where asked.
//!
//! Texts are JSON strings, bytes that are not UTF-8 replaced.

use pam_mfa_tests::harness::conversation::{ITEMS, Reply};
use pam_mfa_tests::harness::libpam::Transaction;
use pam_mfa_tests::harness::snapshot;
use std::cell::RefCell;
use std::ffi::CString;
use std::fs::File;
use std::io::{BufRead, Write};
use std::rc::Rc;

/// `PAM_PROMPT_ECHO_OFF` to `PAM_TEXT_INFO` (`_pam_types.h`).
const STYLES: [&str; 5] = ["?", "PROMPT off", "PROMPT on", "SAYS error", "SAYS info"];

/// The codes of `_pam_types.h`, by number.
const CODES: [&str; 32] = [
    "PAM_SUCCESS",
    "PAM_OPEN_ERR",
    "PAM_SYMBOL_ERR",
    "PAM_SERVICE_ERR",
    "PAM_SYSTEM_ERR",
    "PAM_BUF_ERR",
    "PAM_PERM_DENIED",
    "PAM_AUTH_ERR",
    "PAM_CRED_INSUFFICIENT",
    "PAM_AUTHINFO_UNAVAIL",
    "PAM_USER_UNKNOWN",
    "PAM_MAXTRIES",
    "PAM_NEW_AUTHTOK_REQD",
    "PAM_ACCT_EXPIRED",
    "PAM_SESSION_ERR",
    "PAM_CRED_UNAVAIL",
    "PAM_CRED_EXPIRED",
    "PAM_CRED_ERR",
    "PAM_NO_MODULE_DATA",
    "PAM_CONV_ERR",
    "PAM_AUTHTOK_ERR",
    "PAM_AUTHTOK_RECOVERY_ERR",
    "PAM_AUTHTOK_LOCK_BUSY",
    "PAM_AUTHTOK_DISABLE_AGING",
    "PAM_TRY_AGAIN",
    "PAM_IGNORE",
    "PAM_ABORT",
    "PAM_AUTHTOK_EXPIRED",
    "PAM_MODULE_UNKNOWN",
    "PAM_BAD_ITEM",
    "PAM_CONV_AGAIN",
    "PAM_INCOMPLETE",
];

const CONV_ERR: i32 = 19;
const CONV_AGAIN: i32 = 30;
const SILENT: i32 = 0x8000;

#[derive(Default, Clone)]
struct Options {
    confdir: String,
    service: String,
    user: Option<String>,
    items: Vec<(i32, String)>,
    environment: Vec<String>,
    phases: Vec<String>,
    later_user: Option<String>,
    user_meanwhile: Option<String>,
    repeat: usize,
    snapshot: bool,
    silent: bool,
    hostile: Option<String>,
    gate: Option<String>,
}

fn main() {
    let options = Rc::new(parse(std::env::args().skip(1)));
    let mut first = None;
    for _ in 0..options.repeat {
        one_call(&options);
        if options.snapshot && first.is_none() {
            // After one call, when the libraries a module needs once are there.
            first = Some(());
            tell(&format!("SNAPSHOT {}", snapshot::take()));
        }
    }
    if options.snapshot {
        tell(&format!("SNAPSHOT {}", snapshot::take()));
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Options {
    let mut options = Options { repeat: 1, ..Options::default() };
    options.confdir = "/etc/pam.d".to_owned();
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        match arg.as_str() {
            "--confdir" => options.confdir = value(),
            "--service" => options.service = value(),
            "--user" => options.user = Some(value()),
            "--rhost" | "--tty" | "--ruser" => {
                let item = ITEMS.iter().find(|(name, _)| *name == &arg[2..]).map_or(0, |(_, item)| *item);
                options.items.push((item, value()));
            }
            "--pamenv" => options.environment.push(value()),
            "--phases" => options.phases = value().split(',').map(str::to_owned).collect(),
            "--user-meanwhile" => options.user_meanwhile = Some(value()),
            "--later-user" => options.later_user = Some(value()),
            "--repeat" => options.repeat = value().parse().expect("a number"),
            "--hostile" => options.hostile = Some(value()),
            "--gate" => options.gate = Some(value()),
            "--snapshot" => options.snapshot = true,
            "--silent" => options.silent = true,
            other => panic!("unknown option {other}"),
        }
    }
    options
}

fn one_call(options: &Rc<Options>) {
    let talk = {
        let options = Rc::clone(options);
        let gone = RefCell::new(false);
        Box::new(move |messages: &[(i32, CString)]| converse(&options, &gone, messages))
    };
    let user = options.user.as_deref().map(c_string);
    let started = Transaction::start(&c_string(&options.service), user.as_deref(), &c_string(&options.confdir), talk);
    let mut transaction = match started {
        Ok(transaction) => transaction,
        Err(code) => return result("start", code),
    };
    for (item, value) in &options.items {
        assert_eq!(transaction.set(*item, &c_string(value)), 0, "pam_set_item {item}");
    }
    for variable in &options.environment {
        assert_eq!(transaction.putenv(&c_string(variable)), 0, "pam_putenv");
    }
    if options.hostile.as_deref() == Some("no-conversation") {
        assert_eq!(transaction.fall_silent(), 0, "pam_set_item conv");
    }
    let flags = if options.silent { SILENT } else { 0 };
    for phase in &options.phases {
        // PAM_ESTABLISH_CRED is what setcred is called with at a login.
        let flags = if phase == "setcred" { flags | 2 } else { flags };
        result(phase, transaction.run(phase, flags).unwrap_or_else(|| panic!("unknown phase {phase}")));
        if let Some(user) = &options.later_user {
            assert_eq!(transaction.set(2, &c_string(user)), 0, "pam_set_item user");
        }
    }
}

fn converse(options: &Options, gone: &RefCell<bool>, messages: &[(i32, CString)]) -> Reply {
    let mut answers = Vec::new();
    for (style, text) in messages {
        let text = serde_json::Value::from(text.to_string_lossy());
        let style_name = usize::try_from(*style).ok().and_then(|n| STYLES.get(n)).unwrap_or(&"?");
        tell(&format!("{style_name} {text}"));
        answers.push(if matches!(style, 1 | 2) { read_answer(gone) } else { None });
    }
    if *gone.borrow() {
        return Reply::Fails(CONV_ERR);
    }
    if let Some(gate) = &options.gate {
        tell("READY");
        File::open(gate).and_then(|gate| gate.lock_shared()).expect("the gate");
    }
    match options.hostile.as_deref() {
        None => match &options.user_meanwhile {
            Some(user) => Reply::AsAnother(c_string(user), answers),
            None => Reply::Answers(answers),
        },
        Some("null-array") => Reply::NoArray,
        Some("null-string") => Reply::Answers(messages.iter().map(|_| None).collect()),
        Some("empty") => same(messages, b""),
        Some("not-utf8") => same(messages, b"\xff\xfe12\x80"),
        Some("calls-authenticate") => Reply::AfterCalling("authenticate", answers),
        Some("calls-setcred") => Reply::AfterCalling("setcred", answers),
        Some("calls-open_session") => Reply::AfterCalling("open_session", answers),
        Some("calls-another") => {
            // A whole other transaction, of the same service and module, while this one's module waits.
            one_call(&Rc::new(Options { hostile: Some("conv-err".to_owned()), ..options.clone() }));
            Reply::Answers(answers)
        }
        Some("conv-err") => Reply::Fails(CONV_ERR),
        Some("conv-again") => Reply::Fails(CONV_AGAIN),
        Some(kind) => {
            let length = kind.strip_prefix("bytes=").and_then(|n| n.parse().ok());
            same(messages, &vec![b'1'; length.unwrap_or_else(|| panic!("unknown hostile answer {kind}"))])
        }
    }
}

fn same(messages: &[(i32, CString)], answer: &[u8]) -> Reply {
    Reply::Answers(messages.iter().map(|_| Some(answer.to_vec())).collect())
}

fn read_answer(gone: &RefCell<bool>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    if std::io::stdin().lock().read_until(b'\n', &mut line).expect("an answer") == 0 {
        *gone.borrow_mut() = true;
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Some(line)
}

fn result(phase: &str, code: i32) {
    let name = usize::try_from(code).ok().and_then(|n| CODES.get(n)).unwrap_or(&"?");
    tell(&format!("RESULT {phase} {code} {name}"));
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("standard output");
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}
