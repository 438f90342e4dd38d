//! The bill of materials: every crate that is linked into what is installed, as cargo resolves it.
//!
//! Used by the binary beside it and by the test that holds the tree to deny.toml.
#![forbid(unsafe_code)]

pub mod conjunction;
pub mod deny;
pub mod notices;
pub mod sbom;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// The crates whose programs are installed.
const INSTALLED: [&str; 3] = ["pam_mfa", "mfad", "mfa-authenticator"];

/// What is built on elsewhere than on this platform has no part in it.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Name and version.
pub type Key = (String, String);

/// A crate.
#[derive(Debug, Clone, Deserialize)]
pub struct Crate {
    /// cargo's name for exactly this one.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SPDX expression, as its author wrote it.
    pub license: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Where its source is kept.
    pub repository: Option<String>,
    /// Where it came from; none for our own.
    pub source: Option<String>,
    /// Its Cargo.toml, in this machine's copy.
    pub manifest_path: PathBuf,
    /// What it asks for.
    pub dependencies: Vec<Wanted>,
}

/// A line of a crate's dependencies.
#[derive(Debug, Clone, Deserialize)]
pub struct Wanted {
    /// Of which crate.
    pub name: String,
    /// Which versions.
    pub req: String,
    /// Where it is, for one of ours.
    pub path: Option<String>,
}

/// What is linked together.
#[derive(Debug)]
pub struct Bill {
    /// Linked into an installed program, by name and version; ours included.
    pub linked: BTreeMap<Key, Crate>,
    /// Everything that cargo resolves for this platform: with what only builds and tests.
    pub resolved: BTreeMap<Key, Crate>,
    /// What each linked crate links.
    pub links: BTreeMap<Key, BTreeSet<Key>>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

impl Bill {
    /// Of the tree in the current folder, with the window.
    ///
    /// # Errors
    /// When cargo cannot say, as with crates that are not fetched.
    pub fn of_the_tree() -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", PLATFORM]);
        command.args(["--features", "mfa-authenticator/gui"]);
        let said = command.output().context("cargo metadata")?;
        if !said.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&said.stderr));
        }
        Self::read(&said.stdout)
    }

    /// From what `cargo metadata` printed.
    ///
    /// # Errors
    /// When it is not what cargo prints.
    pub fn read(printed: &[u8]) -> anyhow::Result<Self> {
        let Metadata { packages, resolve } = serde_json::from_slice(printed).context("what cargo metadata printed")?;
        let key = |it: &Crate| (it.name.clone(), it.version.clone());
        let by_id: BTreeMap<&str, &Crate> = packages.iter().map(|it| (it.id.as_str(), it)).collect();
        let nodes: BTreeMap<&str, &Node> = resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let (mut linked, mut links) = (BTreeMap::new(), BTreeMap::new());
        let mut open: Vec<&str> = packages
            .iter()
            .filter(|it| it.source.is_none() && INSTALLED.contains(&it.name.as_str()))
            .map(|it| it.id.as_str())
            .collect();
        while let Some(id) = open.pop() {
            let it = *by_id.get(id).with_context(|| format!("cargo did not describe {id}"))?;
            let node = nodes.get(id).with_context(|| format!("cargo did not resolve {id}"))?;
            if linked.insert(key(it), it.clone()).is_some() {
                continue;
            }
            // A procedural macro and what it is made of run in the compiler, and are in the list all the same: what they
            // write is linked.
            let normal = node.deps.iter().filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            let below: Vec<&str> = normal.map(|edge| edge.pkg.as_str()).collect();
            links.insert(key(it), below.iter().filter_map(|id| by_id.get(id).map(|it| key(it))).collect());
            open.extend(below);
        }
        let resolved = resolve.nodes.iter().filter_map(|node| by_id.get(node.id.as_str()));
        let resolved = resolved.map(|it| (key(it), (*it).clone())).collect();
        Ok(Self { linked, resolved, links })
    }

    /// Those of others.
    pub fn of_others(&self) -> impl Iterator<Item = &Crate> {
        self.linked.values().filter(|it| it.source.is_some())
    }
}
