//! What the authority reads: frames, files, records, approvals, files of tokens and of other modules.

use crate::costs::is_cheap;
use ed25519_dalek::SigningKey;
use jiff::tz::TimeZone;
use mfa_core::approval::{Pending, Purpose, Request, RequestId, judge};
use mfa_core::device::{Device, DeviceId, DeviceKey};
use mfa_core::enrollment::Enrollment;
use mfa_core::otp::ShortSecret;
use mfa_core::policy::{Layers, Requirements, Source};
use mfa_core::secret::Secret;
use mfa_core::tokens;
use mfa_core::tokens::pskc::Unlock;
use mfa_core::wire::{self, Ask, Step};
use mfa_core::{import, record};

/// A frame that is understood is written and read again as the same.
pub(crate) fn wire(bytes: &[u8]) {
    if let Some((prefix, body)) = bytes.split_first_chunk::<4>() {
        let _ = wire::body_length(*prefix).map(|length| assert!(length <= 1 << 20));
        let _ = wire::decode::<Ask>(body);
    }
    if let Ok(step) = wire::decode::<Step>(bytes) {
        let frame = wire::encode(&step).unwrap();
        let again = wire::decode::<Step>(frame.get(4..).unwrap()).unwrap();
        assert_eq!(format!("{step:?}"), format!("{again:?}"));
    }
    let _ = wire::decode::<Ask>(bytes);
}

/// A file that is understood is printed and read again as the same.
pub(crate) fn enrolment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = Enrollment::parse("file", text) else { return };
    let printed = read.print().unwrap();
    let again = Enrollment::parse("file", &printed).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(printed.as_str(), again.print().unwrap().as_str());
}

/// A policy that is understood says what it asks of everybody.
pub(crate) fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { file: "mfa.toml".into(), text: text.to_owned() };
    for layers in [
        Layers { main: Some(source.clone()), ..Layers::default() },
        Layers { vendor: Some(source.clone()), drop_ins: vec![source.clone()], ..Layers::default() },
    ] {
        if let Ok(policy) = layers.merge() {
            let _ = (policy.default_require(), policy.kind("sshd"), policy.groups_named().count());
        }
    }
}

/// A file of requirements that is understood is printed and read again as the same.
pub(crate) fn requirements(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = Requirements::parse("file", text) else { return };
    let printed = read.print().unwrap();
    assert_eq!(Requirements::parse("file", &printed).unwrap().print().unwrap(), printed);
}

/// A record that is whole is written after itself and is then the newest.
pub(crate) fn record(bytes: &[u8]) {
    let Ok(newest) = record::read(bytes) else { return };
    let (offset, slot) = record::next(newest.sequence, &newest.state).unwrap();
    let mut file = bytes.to_vec();
    let at = usize::try_from(offset).unwrap();
    file.resize(file.len().max(at + slot.len()), 0);
    file.get_mut(at..at + slot.len()).unwrap().copy_from_slice(&slot);
    let again = record::read(&file).unwrap();
    assert!(newest.sequence == u64::MAX || again.sequence == newest.sequence + 1);
    assert!(newest.sequence == u64::MAX || again.state == newest.state);
}

/// No bytes approve what the key did not sign: the signature is 64 bytes of the input, the approval the rest.
pub(crate) fn approval(bytes: &[u8]) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let device = Device {
        id: DeviceId::new([0, 0, 0, 1]),
        label: "desk".into(),
        created: 0,
        suspended: false,
        key: DeviceKey::new(key.verifying_key().as_bytes()).unwrap(),
        upkeep: mfa_core::upkeep::Upkeep::default(),
    };
    let request = Request {
        id: RequestId::new([1; 16]),
        purpose: Purpose::Login,
        host: "host".into(),
        host_id: "id".into(),
        nonce: "nonce".into(),
        user: "anna".into(),
        approver: "anna".into(),
        service: "sudo".into(),
        ruser: Some("anna".into()),
        rhost: None,
        tty: Some("pts/1".into()),
        command: None,
        number_due: true,
        issued: 1,
        expires: 46,
    };
    let pending = Pending {
        bytes: b"the request".to_vec(),
        request,
        number: Some(Secret::from("482913".to_owned())),
        until: 100,
    };
    let (signature, approval) = bytes.split_at(bytes.len().min(64));
    assert!(judge(&pending, approval, signature, &[device], 1).is_err(), "an approval that nobody signed");
}

/// The formats of token files, and whichever it looks like.
const TOKENS: [Option<tokens::Format>; 5] = [
    Some(tokens::Format::Csv),
    Some(tokens::Format::Entra),
    Some(tokens::Format::Oath),
    Some(tokens::Format::Pskc),
    None,
];

/// Whatever is in a file of tokens, its rows are told by line, and a file that is refused gives none. The key and the password are
/// those of RFC 6030's examples.
pub(crate) fn tokens(bytes: &[u8]) {
    let key = Secret::new(b"\x124Vx\x90\x124Vx\x90\x124Vx\x90\x12".to_vec());
    let mut unlocks = vec![Unlock::Nothing, Unlock::Key(key)];
    if is_cheap(bytes) {
        unlocks.push(Unlock::Password(Secret::from("qwerty".to_owned())));
    }
    for (unlock, format) in unlocks.iter().flat_map(|unlock| TOKENS.map(|format| (unlock, format))) {
        let report = tokens::read(bytes, format, unlock, ShortSecret::Allow);
        assert!(report.entries.len() <= report.lines.len() - report.refused());
    }
}

/// pam_google_authenticator's file.
pub(crate) fn google_authenticator(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = import::google_authenticator::parse(text, ShortSecret::Allow);
        let _ = import::is_of_u2f(text);
    }
}

/// pam_oath's file.
pub(crate) fn oath(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = import::oath::parse(text, &TimeZone::UTC, ShortSecret::Allow);
    }
}
