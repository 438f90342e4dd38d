//! What the doctor says of sshd, of one that is not there, that tells nothing or whatever a test has it say; and of what only root may see.

use crate::house::{House, Ran, run};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const GOOD: &str = "usepam yes\nkbdinteractiveauthentication yes\npubkeyauthentication yes\npasswordauthentication no\n\
                    authenticationmethods publickey,keyboard-interactive\npermitrootlogin no\n";

const STACK: &str = "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack\n";

fn house() -> House {
    let house = House::new();
    fs::create_dir(house.folder.join("pam.d")).unwrap();
    house.write("pam.d/sshd", STACK);
    house
}

/// The doctor's arguments, with the configuration of sshd that is named.
fn arguments(house: &House, more: &[&str]) -> Vec<String> {
    let (pam, state) = (house.folder.join("pam.d"), house.state_dir());
    let (pam, state, config) = (pam.to_str().unwrap(), state.to_str().unwrap(), house.config());
    let own = ["doctor", "--pam-dir", pam, "--config", &config, "--state-dir", state];
    own.iter().chain(more).map(|&word| word.to_owned()).collect()
}

/// Runs the doctor where these mounts were made before, which are its own.
fn doctor(house: &House, mounts: &str, more: &[&str]) -> Ran {
    let arguments = arguments(house, more);
    let doctor = house.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &format!("{mounts} && exec \"$@\""), "sh"]).arg(doctor.get_program());
    command.args(doctor.get_args());
    run(command, "")
}

/// The same with an sshd that does this.
fn with_sshd(house: &House, script: &str, more: &[&str]) -> Ran {
    let sshd = house.write("sshd", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&sshd, Permissions::from_mode(0o755)).unwrap();
    doctor(house, &format!("mount --bind {sshd} /usr/sbin/sshd"), more)
}

fn saying(settings: &str) -> String {
    format!("cat <<'END'\n{settings}END")
}

#[test]
fn an_sshd_that_is_not_there_or_tells_nothing_is_said_not_to_have_been_looked_at() {
    let house = house();
    let played = "What sshd asks for before is not known: its settings were not read.";
    let absent = |more: &[&str]| doctor(&house, "mount -t tmpfs none /usr/sbin", more).out;
    assert!(
        absent(&[]).contains("Not installed in the usual places: its settings were not looked at."),
        "{}",
        absent(&[])
    );
    assert!(absent(&["--simulate", "games", "sshd"]).contains(played));
    for said in [
        "Missing privilege separation directory: /run/sshd",
        "sshd: no hostkeys available -- exiting.",
        "x: Permission denied",
    ] {
        let script = format!("echo '{said}' >&2; exit 255");
        let told = with_sshd(&house, &script, &["--simulate", "games", "sshd"]).out;
        assert!(told.contains("Its settings could not be read here") && told.contains(played), "{said}: {told}");
        assert!(told.contains(said.trim_end_matches('.')) && !told.contains("would not start"), "{said}: {told}");
    }
    let good = with_sshd(&house, &saying(GOOD), &["--simulate", "games", "sshd"]).out;
    assert!(good.contains("ends in the dialogue that follows") && !good.contains(played), "{good}");
}

#[test]
fn an_sshd_and_a_sudo_that_hang_are_killed_and_said_not_to_have_been_looked_at() {
    let house = house();
    house.write("pam.d/sudo", STACK);
    let hanging = house.write("hanging", "#!/bin/sh\nexec sleep 3600\n");
    fs::set_permissions(&hanging, Permissions::from_mode(0o755)).unwrap();
    let mounts = format!("mount --bind {hanging} /usr/sbin/sshd && mount --bind {hanging} /usr/bin/sudo");
    let told = doctor(&house, &mounts, &["--simulate", "games", "sshd"]).out;
    for words in [
        "“sshd -T” did not end within 10 seconds and was killed: its settings were not looked at",
        "“sudo -V” did not end within 10 seconds and was killed: its settings were not looked at",
        "What sshd asks for before is not known: its settings were not read.",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(!told.contains("Every login ends in the PAM dialogue") && !told.contains("would not start"), "{told}");
}

#[test]
fn a_block_about_sshds_own_port_is_no_configuration_that_sshd_refuses() {
    let house = house();
    // As OpenSSH 9.2 does of a configuration with such a block.
    let refused = "'Match LocalPort' in configuration but 'lport' not in connection test specification.";
    let script =
        format!("case \"$*\" in *-C*,lport=*) ;; *-C*) echo \"{refused}\" >&2; exit 255 ;; esac\n{}", saying(GOOD));
    let told = with_sshd(&house, &script, &["--simulate", "games", "sshd"]).out;
    assert!(told.contains("ends in the dialogue that follows") && !told.contains("would not start"), "{told}");
}

#[test]
fn a_service_that_sshd_has_by_another_name_and_match_blocks_are_named() {
    let house = house();
    let config = house.write("sshd_config", "UsePAM yes\nMatch User games\n  PasswordAuthentication yes\n");
    let renamed = saying(&format!("{GOOD}pamservicename door\n"));
    let words = ["PAMServiceName door: policy asks nothing there", "[service.door] kind = \"sshd\""];
    for (script, is_said) in
        [(&renamed, true), (&saying(&format!("{GOOD}pamservicename sshd\n")), false), (&saying(GOOD), false)]
    {
        let told = with_sshd(&house, script, &[]).out;
        assert_eq!(words.map(|word| told.contains(word)), [is_said; 2], "{script}: {told}");
    }
    house.write("pam.d/door", STACK);
    house.write("mfa.toml", "require = \"required\"\n[service.door]\nkind = \"sshd\"\n");
    house.reload();
    let told = with_sshd(&house, &renamed, &[]).out;
    assert!(!told.contains("PAMServiceName"), "policy knows it now: {told}");

    let blocks = "Its configuration has Match blocks; what they change for some users was not looked at.";
    let told = with_sshd(&house, &saying(GOOD), &["--sshd-config", &config]).out;
    assert!(told.contains(blocks), "{told}");
    let told = with_sshd(&house, &saying(GOOD), &["--sshd-config", &config, "--simulate", "games", "sshd"]).out;
    assert!(!told.contains(blocks), "sshd was asked about this very user: {told}");
    let plain = house.write("plain_config", "UsePAM yes\n# Match nobody\nMatchless yes\n");
    let told = with_sshd(&house, &saying(GOOD), &["--sshd-config", &plain]).out;
    assert!(!told.contains(blocks), "{told}");
}

#[test]
fn what_only_root_may_see_is_said_not_to_have_been_looked_at() {
    let house = house();
    // The built program need not be where others may run it.
    let program = house.folder.join("mfactl");
    fs::copy(house.command(&[]).get_program(), &program).unwrap();
    let by_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command.arg("--run-dir").arg(&house.run_dir).args(arguments(&house, &[]));
        run(command, "").out
    };
    let (of_mfad, of_files) =
        ("Whether mfad answers was not tried: only root may ask.", "The configuration was not looked at: ");
    let told = by_nobody();
    assert!(told.contains(of_mfad) && !told.contains("Runs and answers"), "{told}");
    assert!(!told.contains(of_files), "{told}");
    fs::set_permissions(house.config(), Permissions::from_mode(0o600)).unwrap();
    let told = by_nobody();
    assert!(told.contains(of_files) && !told.contains("mfad does not start with it"), "{told}");
    let roots = doctor(&house, ":", &[]).out;
    assert!(!roots.contains(of_mfad) && !roots.contains(of_files), "{roots}");
}

#[test]
fn match_blocks_are_found_in_what_the_configuration_includes() {
    let house = house();
    let folder = house.folder.join("ssh");
    fs::create_dir_all(folder.join("of.d")).unwrap();
    let told = |config: &str| {
        let config = house.write("ssh/sshd_config", &format!("UsePAM yes\n{config}\n"));
        with_sshd(&house, &saying(GOOD), &["--sshd-config", &config]).out.contains("has Match blocks")
    };
    let folder = folder.display();
    house.write("ssh/of.d/10-plain.conf", "PasswordAuthentication no\n");
    house.write("ssh/of.d/20-games.conf", "Match User games\n");
    house.write("ssh/of.d/nested", &format!("include {folder}/of.d/2*.conf\n"));
    house.write("ssh/of.d/round", &format!("Include {folder}/sshd_config\n"));
    for (line, has) in [
        (format!("Include {folder}/of.d/*.conf"), true),
        (format!("Include \"{folder}/of.d/20-games.conf\""), true),
        (format!("Include={folder}/of.d/20-games.conf"), true),
        (format!("\tinclude {folder}/none {folder}/o?.d/[1-2]0-g*s.conf # drop-ins"), true),
        (format!("Include {folder}/of.d/nested"), true),
        (format!("Include {folder}/of.d/10-*"), false),
        (format!("# Include {folder}/of.d/*.conf"), false),
        (format!("Include {folder}/of.d/round"), false),
        (format!("Include {folder}/of.d/[!2]*.conf {folder}/.*/*"), false),
        // Relative to sshd's own folder, not to the file's.
        (String::from("Include of.d/*.conf"), false),
    ] {
        assert_eq!(told(&line), has, "{line}");
    }
}

#[test]
fn what_is_no_file_or_fits_no_end_of_files_keeps_nobody_waiting() {
    let house = house();
    let folder = house.folder.join("ssh");
    fs::create_dir_all(folder.join("of.d/below/deeper")).unwrap();
    let made = Command::new("mkfifo").arg(folder.join("of.d/10-pipe.conf")).status().unwrap();
    assert!(made.success());
    house.write("ssh/of.d/20-games.conf", "Match User games\n");
    house.write("ssh/of.d/below/deeper/30-games.conf", "Match User games\n");
    let told = |config: &str| {
        let config = house.write("ssh/sshd_config", &format!("UsePAM yes\n{config}\n"));
        with_sshd(&house, &saying(GOOD), &["--sshd-config", &config]).out.contains("has Match blocks")
    };
    let folder = folder.display();
    for (line, has) in [
        (format!("Include /dev/zero {folder}/of.d {folder}/of.d/*.conf"), true),
        (format!("Include {folder}/of.d/10-pipe.conf"), false),
        // As sshd reads it, two stars are one.
        (format!("Include {folder}/of.d/20**.conf"), true),
        (format!("Include {folder}/**/30-games.conf"), false),
        (format!("Include {folder}/**/**/**/30-games.conf"), true),
    ] {
        assert_eq!(told(&line), has, "{line}");
    }
}
