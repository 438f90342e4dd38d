//! Reading the policy files from disk.
//!
//! Called at start and at SIGHUP, and by `mfactl config`. A file that is not root's, or that others can
//! write, is refused; an explicit `--config` that is missing or loose as well, but for a draft that is only checked. What must never
//! happen: a fault in a file being taken for the file's absence, or a loose file being in force. An empty file says nothing: the strict defaults hold.

use crate::countries::Countries;
use crate::store::Loose;
use mfa_core::place::FileError;
use mfa_core::policy::{Layers, Policy, Source};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The admin's file.
pub const MAIN: &str = "/etc/pam_mfa/mfa.toml";

/// The distribution's.
pub const VENDOR: &str = "/usr/lib/pam_mfa/mfa.toml";

/// Longest file read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why the configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file that others than root could have written.
    #[error(transparent)]
    Loose(#[from] Loose),
    /// A file's text.
    #[error(transparent)]
    Text(#[from] FileError),
}

/// A policy and the files it came from.
#[derive(Debug)]
pub struct Config {
    /// Its country database, where it names one.
    pub countries: Option<Countries>,
    /// The merged policy.
    pub policy: Policy,
    /// The files, weakest first.
    pub layers: Layers,
}

impl Config {
    /// Reads `explicit` alone, or the usual files and drop-ins.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(explicit: Option<&Path>) -> Result<Self, ConfigError> {
        Self::of(match explicit {
            Some(path) => alone(path, source(path)?)?,
            None => usual(Path::new(VENDOR), Path::new(MAIN))?,
        })
    }

    /// Reads the text of `path` alone, whoever could have written it, and why mfad would not read it there. To be looked at, and
    /// nothing to work by.
    ///
    /// # Errors
    /// What is wrong with it, or why it cannot be read. Where mfad's own files are, also that it is loose.
    pub fn draft(path: &Path) -> Result<(Self, Option<Loose>), ConfigError> {
        let loose = match source(path) {
            Err(ConfigError::Loose(loose)) if !is_installed(path) => loose,
            strict => return Ok((Self::of(alone(path, strict?)?)?, None)),
        };
        let opened = open(path)?.map(|(file, seen)| text(path, file, &seen)).transpose()?;
        Ok((Self::of(alone(path, opened)?)?, Some(loose)))
    }

    fn of(layers: Layers) -> Result<Self, ConfigError> {
        let policy = layers.merge()?;
        let countries = policy.countries.as_ref().map(|set| {
            Countries::open(Path::new(&set.value)).map_err(|why| FileError { place: set.place.clone(), why })
        });
        Ok(Self { countries: countries.transpose()?, policy, layers })
    }

    /// The paths of the files, weakest first.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let all = self.layers.vendor.iter().chain(&self.layers.main).chain(&self.layers.drop_ins);
        all.map(|source| source.file.clone()).collect()
    }
}

fn usual(vendor: &Path, main: &Path) -> Result<Layers, ConfigError> {
    // One of each name; the admin's replaces the vendor's.
    let mut drop_ins: BTreeMap<String, PathBuf> = BTreeMap::new();
    for base in [vendor, main] {
        drop_ins.extend(drop_in_files(&base.with_extension("toml.d"))?);
    }
    let mut read = Vec::new();
    for path in drop_ins.values() {
        // A link to /dev/null switches a vendor's drop-in off (systemd's convention).
        if std::fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null")) {
            continue;
        }
        read.extend(source(path)?);
    }
    Ok(Layers { vendor: source(vendor)?, main: source(main)?, drop_ins: read })
}

fn drop_in_files(folder: &Path) -> Result<Vec<(String, PathBuf)>, ConfigError> {
    let failed = |source| ConfigError::Io { path: folder.display().to_string(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What an editor or configuration management leaves beside a file while it works (`.#10-floor.toml`, a link to nowhere) is
        // hidden, as from `*.toml` in a shell.
        if path.extension().is_some_and(|extension| extension == "toml") && !name.starts_with('.') {
            files.push((name, path));
        }
    }
    Ok(files)
}

/// The one file that was named; it has to be there.
fn alone(path: &Path, read: Option<Source>) -> Result<Layers, ConfigError> {
    let missing = || ConfigError::Io { path: path.display().to_string(), source: rustix::io::Errno::NOENT.into() };
    Ok(Layers { main: Some(read.ok_or_else(missing)?), ..Layers::default() })
}

/// Whether it is where the files are by which mfad works.
fn is_installed(path: &Path) -> bool {
    let inside = |path: &Path| {
        [VENDOR, MAIN].iter().filter_map(|file| Path::new(file).parent()).any(|folder| path.starts_with(folder))
    };
    [std::path::absolute(path), std::fs::canonicalize(path)].into_iter().flatten().any(|path| inside(&path))
}

/// A file's text, if only root can have written it, or `None` when there is no such file.
fn source(path: &Path) -> Result<Option<Source>, ConfigError> {
    let Some((file, seen)) = open(path)? else { return Ok(None) };
    let loose = |why: &str| Loose { path: path.display().to_string(), why: why.to_owned() };
    if seen.uid() != 0 {
        return Err(loose("not owned by root; chown it").into());
    }
    if seen.mode() & 0o022 != 0 {
        return Err(loose("writable by others than root; chmod 0644 it").into());
    }
    // The folders of the file and, where it is a link, those of the link.
    let real =
        std::fs::canonicalize(path).map_err(|source| ConfigError::Io { path: path.display().to_string(), source })?;
    for named in [path, &real] {
        crate::store::check_parents(named, &[0])?;
    }
    text(path, file, &seen).map(Some)
}

/// A regular file, open, with what it is.
fn open(path: &Path) -> Result<Option<(File, Metadata)>, ConfigError> {
    let failed = |source| ConfigError::Io { path: path.display().to_string(), source };
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let opened = std::fs::OpenOptions::new().read(true).custom_flags(i32::try_from(flags).unwrap_or(0)).open(path);
    let file = match opened {
        // A link to nowhere is a fault: what it should have said may be stricter than its absence.
        Err(e) if e.kind() == io::ErrorKind::NotFound && std::fs::symlink_metadata(path).is_err() => return Ok(None),
        other => other.map_err(failed)?,
    };
    let seen = file.metadata().map_err(failed)?;
    if seen.is_file() { Ok(Some((file, seen))) } else { Err(unfit(path, "not a regular file")) }
}

fn text(path: &Path, file: File, seen: &Metadata) -> Result<Source, ConfigError> {
    if seen.len() > MAX_BYTES {
        return Err(unfit(path, "larger than 1 MiB"));
    }
    let mut text = String::new();
    let read = file.take(MAX_BYTES).read_to_string(&mut text);
    read.map_err(|source| ConfigError::Io { path: path.display().to_string(), source })?;
    Ok(Source { file: path.display().to_string(), text })
}

/// A file that nobody's hands could make one to read.
fn unfit(path: &Path, why: &str) -> ConfigError {
    ConfigError::Io { path: path.display().to_string(), source: io::Error::other(why.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    /// A folder below which only root writes: elsewhere everything is loose, and there is nothing to test. A builder that is root in
    /// its sandbox alone can make none.
    fn folder() -> Option<tempfile::TempDir> {
        let closed = std::fs::Permissions::from_mode(0o700);
        let lib = std::fs::metadata("/var/lib").unwrap();
        // In such a sandbox it is nobody's.
        let roots = rustix::process::geteuid().is_root() && lib.uid() == 0;
        roots.then(|| tempfile::Builder::new().permissions(closed).tempdir_in("/var/lib").unwrap())
    }

    #[test]
    fn a_link_to_nowhere_is_a_fault_and_one_to_dev_null_switches_off() {
        let Some(dir) = folder() else { return };
        let (vendor, main) = (dir.path().join("vendor.toml"), dir.path().join("mfa.toml"));
        std::fs::write(&vendor, "require = \"off\"\n").unwrap();
        assert!(usual(&vendor, &main).is_ok());
        symlink(dir.path().join("nowhere"), &main).unwrap();
        assert!(usual(&vendor, &main).is_err(), "the admin's file is there, and cannot be read");
        std::fs::remove_file(&main).unwrap();
        let drop_ins = dir.path().join("mfa.toml.d");
        std::fs::create_dir(&drop_ins).unwrap();
        symlink("/dev/null", drop_ins.join("10-off.toml")).unwrap();
        assert!(usual(&vendor, &main).is_ok());
        symlink(dir.path().join("nowhere"), drop_ins.join("20-floor.toml")).unwrap();
        assert!(usual(&vendor, &main).is_err());
    }

    #[test]
    fn what_editors_and_configuration_management_hide_beside_a_drop_in_is_none() {
        let Some(dir) = folder() else { return };
        let main = dir.path().join("mfa.toml");
        let drop_ins = dir.path().join("mfa.toml.d");
        std::fs::create_dir(&drop_ins).unwrap();
        std::fs::write(drop_ins.join("10-floor.toml"), "require = \"required\"\n").unwrap();
        // Emacs's lock of a file that is being edited, and half of what Ansible is about to put in its place.
        symlink("root@host.4711:1764300000", drop_ins.join(".#10-floor.toml")).unwrap();
        std::fs::write(drop_ins.join(".ansible_tmpx10-floor.toml"), "require = \"requ").unwrap();
        let read = usual(&dir.path().join("vendor.toml"), &main).unwrap();
        assert_eq!(read.drop_ins.len(), 1);
        assert!(read.merge().is_ok());
    }

    #[test]
    fn what_mfad_works_by_is_no_draft() {
        for (path, installed) in [
            (MAIN, true),
            (VENDOR, true),
            ("/etc/pam_mfa/mfa.toml.d/20-floor.toml", true),
            ("/etc/pam_mfa_draft/mfa.toml", false),
            ("/root/mfa.toml", false),
        ] {
            assert_eq!(is_installed(Path::new(path)), installed, "{path}");
        }
    }

    #[test]
    fn a_link_that_others_can_turn_is_loose_whatever_it_leads_to() {
        let Some(dir) = folder() else { return };
        std::fs::write(dir.path().join("whole.toml"), "").unwrap();
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o1777)).unwrap();
        let link = open.join("mfa.toml");
        symlink(dir.path().join("whole.toml"), &link).unwrap();
        assert!(matches!(Config::read(Some(&link)), Err(ConfigError::Loose(_))));
        assert!(Config::read(Some(&dir.path().join("whole.toml"))).is_ok());
    }
}
