//! Signatures that count and all those that do not.

use super::*;
use crate::device::DeviceKey;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn device(seed: u8) -> Device {
    Device {
        id: DeviceId::new([0, 0, 0, seed]),
        label: String::new(),
        created: 0,
        suspended: false,
        key: DeviceKey::new(key(seed).verifying_key().as_bytes()).unwrap(),
        upkeep: Default::default(),
    }
}

fn request(id: u8) -> Request {
    Request {
        id: RequestId::new([id; 16]),
        host: "web-1".into(),
        host_id: "ab".repeat(32),
        user: "alice".into(),
        approver: "alice".into(),
        ruser: None,
        service: "sshd".into(),
        tty: Some("ssh".into()),
        rhost: Some("192.0.2.7".into()),
        command: None,
        purpose: Purpose::Login,
        number_due: true,
        issued: 1000,
        expires: 1045,
        nonce: "cd".repeat(32),
    }
}

fn pending(request: Request) -> Pending {
    let bytes = serde_json::to_vec(&request).unwrap();
    let number = request.number_due.then(|| Secret::from(String::from("482913")));
    Pending { request, bytes, number, until: 500 }
}

fn approval(of: &Pending, device: &Device, number: Option<&str>) -> Approval {
    Approval {
        request: of.request.id.clone(),
        device: device.id.clone(),
        purpose: of.request.purpose.clone(),
        number: number.map(|n| Secret::from(n.to_owned())),
        time: 1001,
    }
}

fn verdict(of: &Pending, by: &Approval, seed: u8, devices: &[Device]) -> Result<(), Rejected> {
    let (bytes, signature) = sign(&key(seed), &of.bytes, by).unwrap();
    judge(of, &bytes, &signature, devices, 499).map(|_| ())
}

#[test]
fn the_right_device_with_the_right_number_counts() {
    let (asked, devices) = (pending(request(1)), [device(1), device(2)]);
    for device in &devices {
        let seed = if device.id == devices[0].id { 1 } else { 2 };
        assert_eq!(verdict(&asked, &approval(&asked, device, Some("482913")), seed, &devices), Ok(()));
    }
}

#[test]
fn nothing_else_counts() {
    let (asked, devices) = (pending(request(1)), [device(1)]);
    let good = approval(&asked, &devices[0], Some("482913"));
    let with = |change: fn(&mut Approval)| {
        let mut changed = good.clone();
        change(&mut changed);
        verdict(&asked, &changed, 1, &devices)
    };
    assert_eq!(with(|a| a.number = None), Err(Rejected::WrongNumber));
    assert_eq!(with(|a| a.number = Some(Secret::from(String::from("482914")))), Err(Rejected::WrongNumber));
    assert_eq!(with(|a| a.number = Some(Secret::from(String::from("48291")))), Err(Rejected::WrongNumber));
    assert_eq!(with(|a| a.request = RequestId::new([2; 16])), Err(Rejected::AnotherRequest));
    assert_eq!(with(|a| a.device = DeviceId::typed("device-x")), Err(Rejected::AnotherDevice));
    let add = Purpose::AddDevice { fingerprint: "00".into() };
    let mut other = good.clone();
    other.purpose = add;
    assert_eq!(verdict(&asked, &other, 1, &devices), Err(Rejected::AnotherPurpose));
    assert_eq!(verdict(&asked, &good, 2, &devices), Err(Rejected::Signature), "another key");
    assert_eq!(verdict(&asked, &good, 1, &[]), Err(Rejected::AnotherDevice), "revoked in between");
    let suspended = [Device { suspended: true, ..device(1) }];
    assert_eq!(verdict(&asked, &good, 1, &suspended), Err(Rejected::AnotherDevice));
    let (bytes, signature) = sign(&key(1), &asked.bytes, &good).unwrap();
    assert_eq!(judge(&asked, &bytes, &signature, &devices, 500).map(|_| ()), Err(Rejected::Expired));
    assert_eq!(judge(&asked, &bytes, &signature[..63], &devices, 0).map(|_| ()), Err(Rejected::Signature));
    assert_eq!(judge(&asked, b"{}", &signature, &devices, 0).map(|_| ()), Err(Rejected::NotUnderstood));
}

#[test]
fn a_number_that_was_not_asked_for_does_not_count() {
    let asked = pending(Request { number_due: false, ..request(1) });
    let devices = [device(1)];
    assert_eq!(verdict(&asked, &approval(&asked, &devices[0], None), 1, &devices), Ok(()));
    assert_eq!(
        verdict(&asked, &approval(&asked, &devices[0], Some("482913")), 1, &devices),
        Err(Rejected::WrongNumber)
    );
}

#[test]
fn an_approval_of_one_request_never_opens_another() {
    let devices = [device(1)];
    let first = pending(request(1));
    let same_id_elsewhere = pending(Request { host: "web-2".into(), ..request(1) });
    let (bytes, signature) = sign(&key(1), &first.bytes, &approval(&first, &devices[0], Some("482913"))).unwrap();
    assert!(judge(&first, &bytes, &signature, &devices, 0).is_ok());
    let replayed = judge(&same_id_elsewhere, &bytes, &signature, &devices, 0).map(|_| ());
    assert_eq!(replayed, Err(Rejected::Signature));
}

#[test]
fn any_changed_bit_of_the_signed_bytes_or_the_signature_is_noticed() {
    let (asked, devices) = (pending(request(1)), [device(1)]);
    let (bytes, signature) = sign(&key(1), &asked.bytes, &approval(&asked, &devices[0], Some("482913"))).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(judge(&asked, &changed, &signature, &devices, 0).is_err(), "approval byte {at}");
    }
    for at in 0..asked.bytes.len() {
        let mut other = pending(request(1));
        other.bytes[at] ^= 1;
        assert_eq!(
            judge(&other, &bytes, &signature, &devices, 0).map(|_| ()),
            Err(Rejected::Signature),
            "request byte {at}"
        );
    }
    for at in 0..64 {
        let mut changed = signature;
        changed[at] ^= 1;
        assert!(judge(&asked, &bytes, &changed, &devices, 0).is_err(), "signature byte {at}");
    }
}

#[test]
fn the_signed_bytes_are_dsse() {
    let bytes = signed_bytes(b"request", b"approval");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("DSSEv1 35 application/vnd.pam-mfa.approval.v1 40 "), "{text}");
    assert!(bytes.ends_with(b"approval"));
}

#[test]
fn a_number_is_six_digits_and_shown_in_two_groups() {
    for random in [[0; 8], [0xff; 8], [1, 2, 3, 4, 5, 6, 7, 8]] {
        let number = number(random);
        assert_eq!(number.len(), NUMBER_DIGITS);
        let shown = shown(&number);
        assert_eq!(shown.len(), 7);
        assert_eq!(typed(&shown).unwrap().expose(), number.expose());
    }
    // None of the six is always the same.
    for place in 0..NUMBER_DIGITS {
        let digits: std::collections::BTreeSet<u8> =
            (0..100u64).map(|n| number((n * 123_457).to_be_bytes()).expose()[place]).collect();
        assert_eq!(digits.len(), 10, "{place}");
    }
    for bad in ["", "12345", "1234567", "12345a", "１２３４５６"] {
        assert!(typed(bad).is_none(), "{bad}");
    }
}
