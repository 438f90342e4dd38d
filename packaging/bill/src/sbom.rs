//! The bill as CycloneDX, for programs.

use crate::{Bill, Crate, Key};
use serde_json::json;

/// CycloneDX 1.5 as JSON: components with their licences, and who links whom.
#[must_use]
pub fn print(bill: &Bill) -> String {
    let component = |it: &Crate| {
        let mut component = json!({
            "type": if it.source.is_some() { "library" } else { "application" },
            "bom-ref": reference(&(it.name.clone(), it.version.clone())),
            "name": it.name,
            "version": it.version,
        });
        if let (Some(fields), Some(license)) = (component.as_object_mut(), &it.license) {
            // Before SPDX had expressions, a stroke meant "or".
            fields.insert("licenses".to_owned(), json!([{ "expression": license.replace('/', " OR ") }]));
        }
        if let (Some(fields), true) = (component.as_object_mut(), it.source.is_some()) {
            fields.insert("purl".to_owned(), json!(reference(&(it.name.clone(), it.version.clone()))));
        }
        component
    };
    let components: Vec<_> = bill.linked.values().map(component).collect();
    let depends = |(key, below): (&Key, &std::collections::BTreeSet<Key>)| json!({ "ref": reference(key), "dependsOn": below.iter().map(reference).collect::<Vec<_>>() });
    let bom = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": "pam_mfa",
            "name": "pam_mfa",
            "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{ "expression": env!("CARGO_PKG_LICENSE") }],
        }},
        "components": components,
        "dependencies": bill.links.iter().map(depends).collect::<Vec<_>>(),
    });
    format!("{bom:#}\n")
}

/// A package URL.
fn reference((name, version): &Key) -> String {
    format!("pkg:cargo/{name}@{version}")
}
