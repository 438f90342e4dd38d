//! What comes into the list, what leaves it, and what may be answered.

use super::*;
use mfa_core::approval::RequestId;

const NOW: u64 = 1000;

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
        issued: NOW,
        expires: NOW + 45,
        nonce: "cd".repeat(32),
    }
}

fn bytes(request: &Request) -> Vec<u8> {
    serde_json::to_vec(request).unwrap()
}

fn with(request: &Request) -> Requests {
    let mut requests = Requests::default();
    requests.present(&bytes(request), NOW).unwrap();
    requests
}

fn name(id: u8) -> String {
    request(id).id.as_str().to_owned()
}

#[test]
fn a_request_is_listed_once_and_leaves_with_its_outcome() {
    let mut requests = with(&request(1));
    assert_eq!(requests.present(&bytes(&request(1)), NOW + 1), Ok(None));
    assert_eq!(requests.list().len(), 1);
    assert!(requests.end(&name(1), Withdrawn::Denied, NOW + 2));
    assert!(!requests.end(&name(1), Withdrawn::Approved, NOW + 3));
    assert!(requests.is_empty());
    let history = requests.history();
    assert_eq!((history.len(), history[0].outcome.as_str(), history[0].at), (1, "denied", NOW + 2));
    assert_eq!(requests.present(&bytes(&request(1)), NOW + 3), Err(NotListed::Expired));
}

#[test]
fn other_bytes_under_the_same_name_are_refused() {
    let mut requests = with(&request(1));
    let other = Request { user: "root".into(), ..request(1) };
    assert_eq!(requests.present(&bytes(&other), NOW), Err(NotListed::NameTaken));
    assert_eq!(requests.answer(&name(1), "482913", NOW).unwrap().bytes, bytes(&request(1)));
}

#[test]
fn what_is_no_request_is_refused() {
    let mut requests = Requests::default();
    let bad_name = Request { id: RequestId::received("../x"), ..request(1) };
    let too_long = Request { user: "x".repeat(10_000), ..request(1) };
    let unknown = String::from_utf8(bytes(&request(1))).unwrap().replacen('{', "{\"more\":1,", 1);
    for wrong in [bytes(&bad_name), bytes(&too_long), unknown.into_bytes(), b"{}".to_vec(), vec![0xff; 64]] {
        assert_eq!(requests.present(&wrong, NOW), Err(NotListed::NotUnderstood));
    }
    assert_eq!(requests.present(&bytes(&request(1)), NOW + 45), Err(NotListed::Expired));
}

#[test]
fn a_request_expires_by_its_own_time_and_never_later_than_a_lifetime_from_now() {
    let mut requests = with(&Request { expires: u64::MAX, ..request(1) });
    requests.present(&bytes(&Request { expires: NOW + 5, ..request(2) }), NOW).unwrap();
    assert_eq!(requests.expire(NOW + 4), Vec::<String>::new());
    assert_eq!(requests.expire(NOW + 5), [name(2)]);
    assert_eq!(requests.answer(&name(1), "482913", NOW + 90).unwrap_err(), NotAnswerable::Unknown);
    assert_eq!(requests.expire(NOW + 90), [name(1)]);
    assert_eq!(requests.history()[0].outcome, "expired");
}

#[test]
fn list_and_history_are_bounded() {
    let mut requests = Requests::default();
    for id in 0..32 {
        requests.present(&bytes(&request(id)), NOW).unwrap();
    }
    assert_eq!(requests.present(&bytes(&request(99)), NOW), Err(NotListed::Full));
    assert_eq!(requests.forget(NOW).len(), 32);
    for id in 32..140 {
        requests.present(&bytes(&request(id)), NOW).unwrap();
        requests.end(&name(id), Withdrawn::Cancelled, NOW);
    }
    assert_eq!(requests.history().len(), MOST_REMEMBERED);
    assert_eq!(requests.history()[0].request.id, name(139));
}

#[test]
fn a_number_has_the_form_it_must_have() {
    let mut requests = with(&request(1));
    for wrong in ["", "48291", "4829131", "48291x", "４８２９１３"] {
        assert_eq!(requests.answer(&name(1), wrong, NOW).unwrap_err(), NotAnswerable::NumberDue, "{wrong}");
    }
    assert_eq!(requests.answer(&name(1), "482 913", NOW).unwrap().number.unwrap().expose(), b"482913");
    assert_eq!(requests.answer(&name(1), "482 913", NOW).unwrap_err(), NotAnswerable::Busy);
    requests.release(&name(1));
    assert!(requests.answer(&name(1), "482-913", NOW).is_ok());
    assert_eq!(requests.answer(&name(2), "482913", NOW).unwrap_err(), NotAnswerable::Unknown);
}

#[test]
fn a_request_without_a_number_is_answered_without_one_unless_it_comes_from_another_host() {
    let local = Request { number_due: false, rhost: None, ..request(1) };
    let mut requests = with(&local);
    assert_eq!(requests.answer(&name(1), "482913", NOW).unwrap_err(), NotAnswerable::NoNumberDue);
    assert!(requests.answer(&name(1), "", NOW).unwrap().number.is_none());
    let mut requests = with(&Request { number_due: false, ..request(1) });
    assert_eq!(requests.answer(&name(1), "", NOW).unwrap_err(), NotAnswerable::NumberMissing);
}

#[test]
fn texts_are_cleaned_and_short_on_the_way_out() {
    let hostile = Request {
        user: "a\u{202e}b\n<b>".into(),
        rhost: Some("x".repeat(2000)),
        purpose: Purpose::AddDevice { fingerprint: "0123456789abcdef0123".into() },
        ..request(1)
    };
    let listed = &with(&hostile).list()[0];
    assert_eq!(listed.user, "a\\u{202e}b\\u{a}<b>");
    assert_eq!(listed.rhost.chars().count(), 65);
    assert_eq!((listed.purpose.as_str(), listed.subject.as_str()), ("add-device", "0123 4567 89ab cdef"));
}

#[test]
fn every_purpose_of_the_contract_is_called_as_the_contract_calls_it() {
    let device = mfa_core::device::DeviceId::typed("dev-1");
    let factor = mfa_core::factor_id::FactorId::typed("totp-1");
    for (purpose, name) in [
        (Purpose::Login, LOGIN),
        (Purpose::AddDevice { fingerprint: String::new() }, ADD_DEVICE),
        (Purpose::SuspendDevice { device }, SUSPEND_DEVICE),
        (Purpose::AddFactor, ADD_FACTOR),
        (Purpose::RemoveFactor { factor }, REMOVE_FACTOR),
        (Purpose::RenewRecovery, RENEW_RECOVERY),
        (Purpose::Disable, DISABLE),
    ] {
        assert_eq!(purpose.name(), name);
    }
}
