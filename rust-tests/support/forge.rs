//! Bundles that somebody has changed, and bundles of another making.

use super::bundle::json;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use wp_codebox::artifact::{bundle_id, conclusions_digest, content_digest, evidence_digest};
use wp_codebox::contract;

pub fn sha256(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Rewrites a JSON file.
pub fn edit(dir: &Path, path: &str, change: impl FnOnce(&mut Value)) {
    let mut value = json(&dir.join(path));
    change(&mut value);
    fs::write(dir.join(path), serde_json::to_vec_pretty(&value).unwrap()).unwrap();
}

/// Rewrites a file and makes the manifest's hashes right again, as somebody would who tampers with
/// a bundle and knows the format; the content digest and the id stay.
pub fn reseal(dir: &Path, path: &str, change: impl FnOnce(&mut Value)) {
    edit(dir, path, change);
    let bytes = fs::read_to_string(dir.join(path)).unwrap();
    edit(dir, "manifest.json", |manifest| {
        for row in manifest["files"].as_array_mut().unwrap() {
            if row["path"] == path {
                row["sha256"]["value"] = sha256(&[&bytes]).into();
            }
        }
    });
    seal(dir);
}

/// Fits every digest of a bundle of our making to what is in it, the id included, as its maker can.
pub fn remake(dir: &Path) {
    let bytes = |path: &str| fs::read(dir.join(path)).unwrap();
    let hash = |path: &str| contract::digest_hex([bytes(path).as_slice()]);
    edit(dir, "files/review.json", |review| {
        review["evidence"]["patchSha256"] = hash("files/patch.diff").into();
    });
    let manifest = json(&dir.join("manifest.json"));
    let listed = manifest["files"].as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap());
    let own = [
        "manifest.json",
        "metadata.json",
        "files/review.json",
        "files/changed-files.json",
        "files/patch.diff",
    ];
    let covered: Vec<(&str, String)> =
        listed.clone().filter(|path| !own.contains(path)).map(|path| (path, hash(path))).collect();
    let evidence = evidence_digest(covered.iter().map(|(path, hash)| (*path, hash.as_str())));
    let read = |path: &str| json(&dir.join(path));
    let conclusions = conclusions_digest(&read("files/review.json"), &read("metadata.json"));
    edit(dir, "files/changed-files.json", |changed| {
        changed["evidence"] = json!(evidence);
        changed["conclusions"] = json!(conclusions);
    });
    let digest = content_digest(&bytes("files/changed-files.json"), &bytes("files/patch.diff"));
    let id = bundle_id(&digest.value);
    edit(dir, "files/review.json", |review| {
        review["artifactId"] = json!(id);
        review["evidence"]["artifactContentDigest"] = json!(digest.value);
    });
    edit(dir, "metadata.json", |metadata| {
        metadata["id"] = json!(id);
        metadata["contentDigest"] = json!(digest);
    });
    edit(dir, "manifest.json", |manifest| {
        manifest["id"] = json!(id);
        manifest["contentDigest"] = json!(digest);
        for row in manifest["files"].as_array_mut().unwrap() {
            let path = row["path"].as_str().unwrap().to_owned();
            if path != "manifest.json" {
                row["sha256"]["value"] = hash(&path).into();
            }
        }
    });
    seal(dir);
}

/// Gives the manifest its self hash.
pub fn seal(dir: &Path) {
    edit(dir, "manifest.json", |manifest| {
        let own = |manifest: &mut Value, value: String| {
            for row in manifest["files"].as_array_mut().unwrap() {
                if row["path"] == "manifest.json" {
                    row["sha256"] = json!({ "algorithm": "sha256", "value": value.clone() });
                }
            }
        };
        own(manifest, "0".repeat(64));
        let canonical = contract::stable_json(manifest);
        own(manifest, sha256(&["wp-codebox/artifact-manifest-self/v1\n", &canonical]));
    });
}

/// Builds a bundle the way the reference does, from files with their kinds.
pub struct Foreign {
    pub dir: tempfile::TempDir,
    files: Vec<(String, String)>,
}

impl Foreign {
    /// Of a run that changed nothing.
    pub fn new() -> Self {
        Foreign::of(&json!({ "files": [] }), "")
    }

    pub fn of(changed: &Value, patch: &str) -> Self {
        let mut foreign = Foreign { dir: tempfile::tempdir().unwrap(), files: Vec::new() };
        foreign.add_json("files/changed-files.json", "changed-files", changed);
        foreign.add("files/patch.diff", "patch", patch);
        foreign
    }

    pub fn add(&mut self, path: &str, kind: &str, content: &str) -> String {
        let at = self.dir.path().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, content).unwrap();
        self.files.push((path.into(), kind.into()));
        sha256(&[content])
    }

    pub fn add_json(&mut self, path: &str, kind: &str, content: &Value) -> String {
        self.add(path, kind, &format!("{}\n", serde_json::to_string_pretty(content).unwrap()))
    }

    pub fn manifest(&self, by_list: bool, cases: Value) -> Value {
        let mut rows =
            vec![json!({ "path": "manifest.json", "kind": "manifest", "contentType": "application/json" })];
        for (path, kind) in &self.files {
            rows.push(
                json!({ "path": path, "kind": kind, "contentType": "x", "provenance": { "source": "é" } }),
            );
        }
        let (inputs, value) = if by_list {
            let list = contract::stable_json_unescaped(&json!(rows));
            (json!(["manifest.files"]), sha256(&["wp-codebox/artifact-manifest-file-list/v1\n", &list]))
        } else {
            let read = |path: &str| fs::read_to_string(self.dir.path().join(path)).unwrap();
            let (changed, patch) = (read("files/changed-files.json"), read("files/patch.diff"));
            let inputs = json!(["files/changed-files.json", "files/patch.diff"]);
            let parts = [
                "wp-codebox/artifact-content/v1\nfiles/changed-files.json\n",
                &changed,
                "\nfiles/patch.diff\n",
                &patch,
            ];
            (inputs, sha256(&parts))
        };
        for row in &mut rows {
            let path = row["path"].as_str().unwrap().to_owned();
            let value = match path.as_str() {
                "manifest.json" => "0".repeat(64),
                path => sha256(&[&fs::read_to_string(self.dir.path().join(path)).unwrap()]),
            };
            row["sha256"] = json!({ "algorithm": "sha256", "value": value });
        }
        let mut manifest = json!({
            "id": format!("artifact-bundle-sha256-{value}"),
            "contentDigest": { "algorithm": "sha256", "inputs": inputs, "value": value },
            "createdAt": "2026-05-05T05:05:05.000Z",
            "runtime": { "id": "runtime-é", "backend": "wordpress-playground" },
            "files": rows
        });
        if !cases.is_null() {
            manifest["cases"] = cases;
        }
        let canonical = contract::stable_json_unescaped(&manifest);
        let own = sha256(&["wp-codebox/artifact-manifest-self/v1\n", &canonical]);
        manifest["files"][0]["sha256"]["value"] = own.into();
        manifest
    }

    pub fn write(&self, by_list: bool) -> Value {
        self.write_with(by_list, Value::Null)
    }

    pub fn write_with(&self, by_list: bool, cases: Value) -> Value {
        let manifest = self.manifest(by_list, cases);
        fs::write(self.dir.path().join("manifest.json"), serde_json::to_vec_pretty(&manifest).unwrap())
            .unwrap();
        manifest
    }
}
