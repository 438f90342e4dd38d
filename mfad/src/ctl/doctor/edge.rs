//! The doctor's eyes: PAM's folders, the modules' folders, `sshd -T` and `sudo -V`.
//!
//! Called by the doctor's entry; everything it returns is judged elsewhere. What must never happen: a file
//! that cannot be read being taken for one that is not there without libpam doing the same.

use super::program;
use super::stack::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where libpam looks for a service, in order: the administrator's folder, then those of packages, of which libpam's builder takes one or
/// two. packaging/stacks.sh has the same.
const PAM_DIRS: [&str; 4] = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d", "/usr/share/pam.d"];

/// The folders of packages' own stacks.
#[must_use]
pub fn of_packages() -> &'static [&'static str] {
    PAM_DIRS.get(1..).unwrap_or_default()
}

/// PAM's folders: the one named, or libpam's own.
#[derive(Debug, Clone)]
pub struct PamFolders(Vec<PathBuf>);

impl PamFolders {
    /// `named` alone, or libpam's own folders.
    #[must_use]
    pub fn new(named: Option<&Path>) -> Self {
        Self(named.map_or_else(|| PAM_DIRS.iter().map(PathBuf::from).collect(), |dir| vec![dir.to_owned()]))
    }

    /// The file of a service, or at an absolute path.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<File> {
        // `join` with an absolute path is that path. Bytes that are not UTF-8 stand in comments.
        self.0.iter().map(|folder| folder.join(name)).find_map(|path| {
            let bytes = std::fs::read(&path).ok()?;
            Some(File { path: path.display().to_string(), text: String::from_utf8_lossy(&bytes).into_owned() })
        })
    }

    /// The services that have a file, sorted; fragments for including and an editor's leavings are left out.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        let entries = self.0.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| {
                !fragment(name) && !name.ends_with('~') && !name.contains(".dpkg-") && !name.contains(".rpm")
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Files of Debian, Fedora, Arch and openSUSE that are only ever included.
fn fragment(name: &str) -> bool {
    ["common-", "system-", "password-auth", "fingerprint-auth", "smartcard-auth", "postlogin"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// The programs that ask PAM by the name of a service, where they are known.
fn programs(service: &str) -> &'static [&'static str] {
    match service {
        "sudo" | "sudo-i" => &["sudo"],
        "polkit-1" | "polkit-1-biometric" => &["polkitd", "pkexec"],
        "gdm-password" => &["gdm", "gdm3"],
        "lightdm" => &["lightdm"],
        "sddm" => &["sddm"],
        "cron" => &["cron"],
        _ => &[],
    }
}

/// Whether none of the programs is installed that would use `service`; their stacks stay behind where packages were removed.
/// False where it is not known who does.
#[must_use]
pub fn nobody_asks(service: &str) -> bool {
    const FOLDERS: [&str; 7] =
        ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/libexec", "/usr/lib/polkit-1", "/bin"];
    let installed =
        |program: &&str| FOLDERS.iter().any(|folder| Path::new(folder).join(program).symlink_metadata().is_ok());
    let programs = programs(service);
    !programs.is_empty() && !programs.iter().any(installed)
}

/// Whether the file of `module`, as written in a PAM line, is absent from every folder libpam may look in.
#[must_use]
pub fn module_missing(module: &str) -> bool {
    // libpam puts the word size here on some systems; not a path that can be checked.
    if module.contains("$ISA") {
        return false;
    }
    let folders = module_folders();
    // `join` with an absolute path is that path.
    !folders.is_empty() && !folders.iter().any(|folder| folder.join(module).exists())
}

fn module_folders() -> Vec<PathBuf> {
    let roots = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from);
    let multiarch =
        roots.iter().filter_map(|root| std::fs::read_dir(root).ok()).flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = roots.iter().cloned().chain(multiarch).map(|root| root.join("security")).collect();
    folders.retain(|folder| folder.is_dir());
    folders
}

/// What `sshd -T` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sshd {
    /// No sshd is installed.
    Absent,
    /// Its settings.
    Settings(String),
    /// It refused, in these words.
    Refused(String),
    /// It could not run here for a reason that is not its configuration.
    NotNow(String),
    /// It did not end in time, and was killed.
    Late,
}

/// Runs `sshd -T` with `config`, for `user` from this host where one is named.
#[must_use]
pub fn sshd(config: Option<&Path>, user: Option<&str>) -> Sshd {
    let places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
    let Some(program) = places.iter().find(|place| Path::new(place).exists()) else { return Sshd::Absent };
    let mut command = Command::new(program);
    command.arg("-T");
    if let Some(config) = config {
        command.arg("-f").arg(config);
    }
    // sshd splits this at commas.
    if let Some(user) = user.filter(|user| !user.contains(',')) {
        // Its own end as well: without a port it refuses what has a Match LocalPort.
        command.arg("-C").arg(format!("user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"));
    }
    let output = match program::output(command, program::PATIENCE) {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::TimedOut => return Sshd::Late,
        Err(error) => return Sshd::NotNow(error.to_string()),
    };
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() {
        return Sshd::Settings(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // Made by the service's start; and host keys are root's alone.
    let not_now = ["Missing privilege separation directory", "no hostkeys available", "Permission denied"];
    if not_now.iter().any(|words| said.contains(words)) { Sshd::NotNow(said) } else { Sshd::Refused(said) }
}

/// What `sudo -V` says of its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sudo {
    /// Nothing: it is not installed, or would not say.
    Silent,
    /// This; of its settings it tells root alone.
    Version(String),
    /// It did not end in time, and was killed.
    Late,
}

/// Runs `sudo -V`. Not by PATH, which a root shell of `su` has from the user.
#[must_use]
pub fn sudo_version() -> Sudo {
    let places = ["/usr/bin/sudo", "/usr/local/bin/sudo", "/bin/sudo"];
    let Some(program) = places.iter().find(|place| Path::new(place).exists()) else { return Sudo::Silent };
    let mut command = Command::new(program);
    command.arg("-V").env("LC_ALL", "C");
    match program::output(command, program::PATIENCE) {
        Ok(output) if output.status.success() => Sudo::Version(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) if error.kind() == ErrorKind::TimedOut => Sudo::Late,
        Ok(_) | Err(_) => Sudo::Silent,
    }
}
