//! What is written in the wild, what is refused, and the way there and back.

use super::*;

const KEY: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

fn parse(uri: &str) -> Result<Otpauth, UriError> {
    Otpauth::parse(uri, ShortSecret::Refuse)
}

fn refused(uri: &str) -> UriError {
    parse(uri).map(|_| ()).unwrap_err()
}

fn printed(factor: &Otpauth) -> String {
    factor.print().expose_str().unwrap().to_owned()
}

#[test]
fn the_example_of_the_key_uri_format_is_read() {
    let uri = "otpauth://totp/ACME%20Co:john.doe@email.com?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ&issuer=ACME%20Co\
               &algorithm=SHA1&digits=6&period=30";
    let factor = parse(uri).unwrap();
    assert_eq!((factor.issuer.as_deref(), factor.account.as_str()), (Some("ACME Co"), "john.doe@email.com"));
    assert_eq!(factor.otp.moving(), Moving::Time { period: 30 });
    assert_eq!(printed(&factor), uri);
}

#[test]
fn labels_and_issuers_are_read_as_the_world_writes_them() {
    for (label, parameter, issuer, account) in [
        ("Example:anna", "", Some("Example"), "anna"),
        ("Example%3Aanna", "", Some("Example"), "anna"),
        ("Example%3a%20anna", "", Some("Example"), "anna"),
        ("Big%20Corp: anna@x.org ", "", Some("Big Corp"), "anna@x.org"),
        ("Big Corp:anna", "&issuer=Big Corp", Some("Big Corp"), "anna"),
        ("anna", "&issuer=Example", Some("Example"), "anna"),
        ("Old:anna", "&issuer=New", Some("New"), "anna"),
        ("Example:anna", "&issuer=", Some("Example"), "anna"),
        ("anna", "&ISSUER=Hello+World", Some("Hello World"), "anna"),
        ("anna", "&issuer=Disney%2B", Some("Disney+"), "anna"),
        ("anna+ssh@x.org", "", None, "anna+ssh@x.org"),
        (":anna", "", None, "anna"),
        ("", "", None, ""),
        ("100%", "&issuer=5%zz", Some("5%zz"), "100%"),
        ("J%C3%BCrgen", "&issuer=%E2%82%AC", Some("€"), "Jürgen"),
        ("Example:a:b", "", Some("Example"), "a:b"),
    ] {
        let factor = parse(&format!("otpauth://totp/{label}?secret={KEY}{parameter}")).unwrap();
        assert_eq!((factor.issuer.as_deref(), factor.account.as_str()), (issuer, account), "{label}{parameter}");
    }
}

#[test]
fn secrets_are_read_as_the_world_writes_them() {
    let bytes = b"Hello!\xde\xad\xbe\xefHello!\xde\xad\xbe\xef";
    for secret in [
        KEY,
        "jbswy3dpehpk3pxpjbswy3dpehpk3pxp",
        "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
        "JBSW%20Y3DP%20EHPK%203PXP%20JBSWY3DPEHPK3PXP",
        "JBSW+Y3DP+EHPK+3PXP+JBSWY3DPEHPK3PXP",
        "jbsw-y3dp-ehpk-3pxp-jbsw-y3dp-ehpk-3pxp",
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP====",
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP%3D%3D",
    ] {
        let factor = parse(&format!("otpauth://totp/a?secret={secret}")).unwrap();
        assert_eq!(factor.otp.secret().expose(), bytes, "{secret}");
    }
}

#[test]
fn missing_parameters_have_their_defaults_and_unknown_ones_are_ignored() {
    let factor =
        parse(&format!(" OTPAUTH://TOTP/a?image=https%3A%2F%2Fx&Secret={KEY}&digits=&lock=true&x&=&color=f00#end\n"));
    let factor = factor.unwrap();
    assert_eq!((factor.otp.algorithm(), factor.otp.digits(), factor.counter), (Algorithm::Sha1, 6, None));
    assert_eq!(factor.otp.moving(), Moving::Time { period: 30 });
    assert!(parse(&format!("otpauth://totp?secret={KEY}")).is_ok());

    let factor = parse(&format!("otpauth://hotp/a?secret={KEY}&period=0")).unwrap();
    assert_eq!((factor.otp.moving(), factor.counter), (Moving::Counter, Some(0)));
    let factor = parse(&format!("otpauth://hotp/a?secret={KEY}&counter=42&algorithm=HmacSHA256&digits=8")).unwrap();
    assert_eq!((factor.otp.algorithm(), factor.otp.digits(), factor.counter), (Algorithm::Sha256, 8, Some(42)));
}

#[test]
fn what_cannot_be_used_is_refused() {
    for (uri, error) in [
        ("", UriError::NotOtpauth),
        (KEY, UriError::NotOtpauth),
        ("https://totp/a?secret=K", UriError::NotOtpauth),
        ("otpauth-migration://offline?data=abc", UriError::Migration),
        ("steam://K", UriError::Steam),
        ("otpauth://steam/a?secret=K", UriError::Steam),
        ("otpauth://totp/a?secret=K&encoder=Steam", UriError::Steam),
        ("otpauth://yaotp/a?secret=K", UriError::Kind),
        ("otpauth:///a?secret=K", UriError::Kind),
        ("otpauth://totp/a", UriError::NoSecret),
        ("otpauth://totp/a?secret=", UriError::NoSecret),
        ("otpauth://totp/a?secret=%20", UriError::NoSecret),
        ("otpauth://totp/a?secret=K&secret=K", UriError::Twice("secret")),
        ("otpauth://totp/a?secret=K&digits=6&digits=8", UriError::Twice("digits")),
        ("otpauth://totp/a?secret=K1", UriError::Secret(base32::NotBase32)),
        ("otpauth://totp/a?secret=K&digits=six", UriError::Number("digits")),
        ("otpauth://totp/a?secret=K&digits=%2B6", UriError::Number("digits")),
        ("otpauth://totp/a?secret=K&digits=262", UriError::Number("digits")),
        ("otpauth://totp/a?secret=K&digits=10", UriError::Otp(OtpError::Digits(10))),
        ("otpauth://totp/a?secret=K&digits=1", UriError::Otp(OtpError::Digits(1))),
        ("otpauth://totp/a?secret=K&period=0", UriError::Otp(OtpError::Period(0))),
        ("otpauth://totp/a?secret=K&period=-30", UriError::Number("period")),
        ("otpauth://totp/a?secret=K&period=4294967326", UriError::Number("period")),
        ("otpauth://totp/a?secret=K&algorithm=MD5", UriError::Otp(OtpError::Algorithm)),
        ("otpauth://hotp/a?secret=K&counter=9223372036854775808", UriError::Number("counter")),
        ("otpauth://totp/%ff?secret=K", UriError::NotText("label")),
        ("otpauth://totp/a?secret=%C3", UriError::NotText("secret")),
        ("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", UriError::Otp(OtpError::Short(80))),
        ("otpauth://totp/a?secret=JBSWY3DP", UriError::Otp(OtpError::TooShort(40))),
    ] {
        assert_eq!(refused(&uri.replace("=K", &format!("={KEY}"))), error, "{uri}");
    }
    assert!(Otpauth::parse("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", ShortSecret::Allow).is_ok());
    let long = format!("otpauth://totp/{}?secret={KEY}", "a".repeat(MAX_URI));
    assert_eq!(refused(&long), UriError::TooLong(long.len()));
    let many = format!("otpauth://totp/a?secret={}", "A".repeat(210));
    assert_eq!(refused(&many), UriError::Otp(OtpError::TooLong(131)));
}

#[test]
fn every_printed_uri_reads_back_the_same() {
    let names = ["", "anna", "anna@x.org", "J ü+r%/?&=#\"<>'\u{1f511}", "a\tb"];
    for (index, name) in names.iter().enumerate() {
        for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
            for (digits, moving, counter) in [
                (6, Moving::Time { period: 30 }, None),
                (7, Moving::Time { period: 120 }, None),
                (8, Moving::Counter, Some(MAX_COUNTER)),
            ] {
                let secret = Secret::new(vec![0x5a; 14 + 28 * index]);
                let otp = Otp::new(secret, algorithm, digits, moving, ShortSecret::Refuse).unwrap();
                let issuer = (index != 0).then(|| (*name).to_owned());
                let factor = Otpauth { otp, issuer, account: (*name).to_owned(), counter };
                let uri = printed(&factor);
                assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
                let back = parse(&uri).unwrap();
                assert_eq!((&back.issuer, &back.account), (&factor.issuer, &factor.account));
                assert_eq!(back.otp.secret().expose(), factor.otp.secret().expose());
                assert_eq!((back.otp.algorithm(), back.otp.digits()), (algorithm, digits));
                assert_eq!((back.otp.moving(), back.counter), (moving, counter));
            }
        }
    }
}

#[test]
fn a_colon_in_a_name_does_not_move_the_border_between_the_names() {
    let otp = parse(&format!("otpauth://totp/a?secret={KEY}")).unwrap().otp;
    let factor = Otpauth { otp, issuer: Some("a:b".into()), account: "c:d".into(), counter: None };
    let back = parse(&printed(&factor)).unwrap();
    assert_eq!((back.issuer.as_deref(), back.account.as_str()), (Some("a-b"), "c-d"));
}

#[test]
fn no_error_and_no_debug_output_holds_the_secret() {
    for uri in [
        format!("otpauth://totp/a?secret={KEY}1"),
        format!("otpauth://totp/a?secret={KEY}&digits={KEY}"),
        format!("otpauth://totp/a?secret={KEY}&algorithm={KEY}"),
        format!("otpauth://{KEY}"),
        format!("{KEY}://totp"),
        format!("steam://{KEY}"),
    ] {
        let error = refused(&uri);
        assert!(!format!("{error} {error:?}").contains("JBSW"), "{error}");
    }
    let factor = parse(&format!("otpauth://totp/a?secret={KEY}")).unwrap();
    assert!(!format!("{factor:?} {:?}", factor.print()).contains("JBSW"));
}
