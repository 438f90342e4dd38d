//! Files that mean harm: numbers out of proportion, cut off, changed, endless, or not files at all.

use super::*;
use authenticator::vault::import::{FileError, LONGEST, read_file};
use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// That it is refused as too costly, at once.
fn costly(file: &Value, format: Format) {
    let begun = Instant::now();
    let refused = import::read(file.to_string().as_bytes(), Some(format), Some(&secret(PASSWORD))).unwrap_err();
    assert!(matches!(refused, ImportError::Costly(_)), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "something was derived");
}

#[test]
fn a_derivation_out_of_proportion_is_refused_before_it_begins() {
    for (n, r, p) in [
        (1_u64 << 40, 8_u64, 1_u64),
        (1 << 15, 1 << 20, 1),
        (1 << 15, 8, 1 << 20),
        (3, 8, 1),
        (0, 8, 1),
        (1 << 15, 0, 1),
    ] {
        let mut file = files::aegis_sealed(10);
        for slot in [1, 2] {
            let slot = &mut file["header"]["slots"][slot];
            (slot["n"], slot["r"], slot["p"]) = (json!(n), json!(r), json!(p));
        }
        costly(&file, Format::Aegis);
    }
    for (mem, ops) in [(1_u64 << 40, 2_u32), (u64::MAX, 2), (1 << 30, 17), (8 << 20, u32::MAX), (0, 2), (8 << 20, 0)] {
        costly(&files::ente_sealed(mem, ops), Format::Ente);
    }
    for iterations in [0, 5_000_001, u32::MAX] {
        costly(&files::bitwarden_sealed(false, iterations), Format::Bitwarden);
        let begun = Instant::now();
        let refused = import::read(&files::andotp_sealed(iterations), Some(Format::Andotp), Some(&secret(PASSWORD)));
        assert_eq!(refused.unwrap_err(), ImportError::WrongPassword, "as which the older kind is read, too");
        assert!(begun.elapsed() < Duration::from_secs(5), "something was derived");
    }
    let mut argon = files::bitwarden_sealed(true, 2);
    for (memory, lanes) in [(1025, 2), (u32::MAX, 2), (16, 17)] {
        (argon["kdfMemory"], argon["kdfParallelism"]) = (json!(memory), json!(lanes));
        costly(&argon, Format::Bitwarden);
    }
}

/// Every file there is, with its format.
fn all() -> Vec<(Format, Vec<u8>)> {
    let bytes = |value: Value| value.to_string().into_bytes();
    vec![
        (Format::Aegis, files::aegis()),
        (Format::Aegis, bytes(files::aegis_sealed(4))),
        (Format::Twofas, files::twofas()),
        (Format::Twofas, files::twofas_sealed()),
        (Format::Proton, files::proton_plain()),
        (Format::Ente, bytes(files::ente_sealed(8 << 20, 2))),
        (Format::Stratum, files::stratum_plain()),
        (Format::Bitwarden, bytes(files::bitwarden_plain())),
        (Format::Bitwarden, bytes(files::bitwarden_sealed(false, 5_000))),
        (Format::Bitwarden, files::bitwarden_table()),
        (Format::Freeotp, files::freeotp()),
        (Format::Andotp, files::andotp_plain()),
        (Format::Andotp, files::andotp_sealed(1_000)),
        (Format::Uris, files::ente_lines().into_bytes()),
        (Format::Uris, files::migration(&[(KEY, "alice", "ACME", [1, 1, 2, 0])], (1, 0, 7)).into_bytes()),
    ]
}

#[test]
fn whatever_is_cut_off_or_changed_is_refused_or_set_aside_and_never_a_crash() {
    for (format, file) in all() {
        let whole = import::read(&file, Some(format), Some(&secret(PASSWORD))).unwrap();
        let entries = whole.accounts.len() + whole.set_aside.len();
        let step = (file.len() / 40).max(1);
        for cut in (0..file.len()).step_by(step) {
            if let Ok(read) = import::read(&file[..cut], Some(format), Some(&secret(PASSWORD))) {
                assert!(read.accounts.len() <= entries, "{format:?} cut at {cut}");
            }
            let mut changed = file.clone();
            changed[cut] ^= 0x55;
            let _ = import::read(&changed, Some(format), Some(&secret(PASSWORD)));
        }
    }
}

#[test]
fn no_error_quotes_a_key() {
    let keys = [KEY_TEXT, "hunter2", PASSWORD];
    for (format, file) in all() {
        for other in [
            Format::Aegis,
            Format::Twofas,
            Format::Proton,
            Format::Ente,
            Format::Bitwarden,
            Format::Freeotp,
            Format::Uris,
            format,
        ] {
            for cut in [file.len(), file.len() / 2] {
                let said = match import::read(&file[..cut], Some(other), Some(&secret(PASSWORD))) {
                    Ok(read) => format!("{:?}", read.set_aside),
                    Err(why) => why.to_string(),
                };
                assert!(keys.iter().all(|key| !said.contains(key)), "{said}");
            }
        }
    }
}

#[test]
fn deep_and_endless_json_is_refused() {
    let deep = format!("{{\"entries\":{}", "[".repeat(200_000));
    assert!(read(deep.as_bytes(), None).is_err());
    let many = format!("{}\n", format!("otpauth://totp/a?secret={KEY_TEXT}\n").repeat(10_001));
    assert_eq!(read(many.as_bytes(), None).unwrap_err(), ImportError::TooMany);
    let noise = format!("otpauth://totp/a?secret={KEY_TEXT}\n{}", "x\n".repeat(10_000));
    assert_eq!(read(noise.as_bytes(), None).unwrap_err(), ImportError::TooMany, "what is left out counts, too");
    let ones = format!("[{}]", ["1"; 10_001].join(","));
    for list in [ones.clone(), format!("{{\"tokens\":{ones},\"tokenOrder\":[]}}"), format!("{{\"items\":{ones}}}")] {
        assert_eq!(read(list.as_bytes(), None).unwrap_err(), ImportError::TooMany);
    }
    let long = vec![b' '; usize::try_from(LONGEST).unwrap() + 1];
    assert_eq!(read(&long, None).unwrap_err(), ImportError::TooLong);
    for unknown in [&b""[..], b"{}", b"[", b"hello", b"\xff\xfe\x00", b"{\"items\""] {
        assert!(read(unknown, None).is_err(), "{unknown:?}");
    }
}

#[test]
fn what_an_export_lacks_is_one_line_however_much_it_is() {
    // Each of these is one of a thousand parts, of which the others are missing.
    let parts: Vec<String> = (1..=200).map(|export| files::migration(&[], (1_000, 0, export))).collect();
    let read = read(parts.join("\n").as_bytes(), None).unwrap();
    assert_eq!(read.set_aside.len(), 200);
    assert_eq!(
        left_out(&read)[0],
        "parts 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and more of 1000: these pictures of the export are missing: scan them, too"
    );
}

/// What names of this length for a group, folder or vault make of 1,000 entries in it.
fn grouped(length: usize) -> [(Format, Value); 5] {
    let name = "x".repeat(length);
    let all = |one: Value| vec![one; 1_000];
    let totp = json!({ "type": "totp", "name": "a", "info": { "secret": KEY_TEXT }, "groups": vec!["g"; 2_000] });
    let service = json!({ "name": "a", "secret": KEY_TEXT, "groupId": "g" });
    let item = json!({ "name": "a", "folderId": "g", "login": { "totp": KEY_TEXT } });
    let code = json!({ "data": { "metadata": { "name": "a" }, "content": { "totpUri": KEY_TEXT } } });
    let own = json!({ "Type": 2, "Username": "a", "Secret": KEY_TEXT });
    [
        (
            Format::Aegis,
            json!({ "header": {}, "db": { "entries": [totp], "groups": [{ "uuid": "g", "name": name }] } }),
        ),
        (Format::Twofas, json!({ "services": all(service), "groups": [{ "id": "g", "name": name }] })),
        (Format::Bitwarden, json!({ "items": all(item), "folders": [{ "id": "g", "name": name }] })),
        (Format::ProtonPass, json!({ "vaults": { "g": { "name": name, "items": all(code) } } })),
        (
            Format::Stratum,
            json!({ "Authenticators": all(own), "Categories": [{ "Id": "g", "Name": name }],
                "AuthenticatorCategories": [{ "CategoryId": "g", "AuthenticatorSecret": KEY_TEXT }] }),
        ),
    ]
}

/// The time that this thread has worked so far.
fn worked() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)).unwrap()
}

/// The most memory that this process ever had, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_long_name_of_a_group_is_not_kept_and_cut_once_for_each_entry_in_it() {
    const LONG: usize = 1_000_000;
    for ((format, long), (_, short)) in grouped(LONG).into_iter().zip(grouped(10)) {
        let (long, short) = (long.to_string(), format!("{short}{}", " ".repeat(LONG)));
        let time = |file: &str| {
            let begun = worked();
            let read = read_as(format, file.as_bytes(), None);
            assert!(read.set_aside.is_empty() && read.accounts.iter().all(|account| account.tags.len() == 1));
            worked() - begun
        };
        let (usual, before) = (time(&short), most_memory());
        let spent = time(&long);
        assert!(spent < usual * 5, "{format:?}: {spent:?}, with a short name {usual:?}");
        let more = most_memory() - before;
        assert!(more < 100 * 1024, "{format:?}: {more} KiB more");
    }
}

#[test]
fn where_memory_is_short_a_derivation_is_refused_and_is_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut aegis = files::aegis_sealed(10);
    for slot in [1, 2] {
        aegis["header"]["slots"][slot]["n"] = json!(1 << 20);
    }
    for (name, file) in [("aegis", aegis), ("ente", files::ente_sealed(1 << 30, 1))] {
        let path = folder.path().join(name);
        std::fs::write(&path, file.to_string()).unwrap();
        // A GiB is what both ask for.
        let mut program = Command::new("prlimit");
        program.args(["--as=700000000", env!("CARGO_BIN_EXE_mfa-authenticator"), "import", "--dry-run"]).arg(&path);
        let piped = Stdio::piped;
        let mut import = program.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        writeln!(import.stdin.as_mut().unwrap(), "{PASSWORD}").unwrap();
        let ended = import.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(1) && said.contains("not enough memory"), "{name}: {ended:?}");
    }
}

#[test]
fn only_a_regular_file_of_reasonable_size_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), b"content").unwrap();
    assert_eq!(read_file(&path("file"), 7).unwrap().expose(), b"content");
    assert!(matches!(read_file(&path("file"), 6), Err(FileError::TooLong(_))));
    symlink(path("file"), path("link")).unwrap();
    assert_eq!(read_file(&path("link"), 100).unwrap_err(), FileError::Link);
    assert_eq!(read_file(folder.path(), 100).unwrap_err(), FileError::NotAFile);
    rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert_eq!(read_file(&path("pipe"), 100).unwrap_err(), FileError::NotAFile, "and nobody waited for a writer");
    assert_eq!(read_file("/dev/zero".as_ref(), 100).unwrap_err(), FileError::NotAFile);
    assert!(matches!(read_file(&path("none"), 100), Err(FileError::System(_))));
}

#[test]
fn a_name_that_takes_the_command_line_apart_steers_no_terminal() {
    // As a shell puts it there for `import *`.
    for name in ["a\u{202e}gnp.txt", "a\u{9b}2J", "--a\u{1b}[2Jb", "a\nb\u{7}"] {
        let said =
            Command::new(env!("CARGO_BIN_EXE_mfa-authenticator")).args(["import", "one", name]).output().unwrap();
        assert_eq!(said.status.code(), Some(2));
        let text = String::from_utf8(said.stderr).unwrap();
        assert!(text.starts_with("error: unexpected argument") && text.contains("\nUsage: "), "{text:?}");
        assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
    }
}
