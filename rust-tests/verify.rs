//! Verification: a whole bundle passes, and every way to spoil one is named.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use support::bundle::{Room, draft, room};
use support::forge::{Foreign, edit, remake, reseal, seal, sha256};
use support::tree::{text, tree};
use wp_codebox::artifact::{
    Attachment, AttachmentContent, ImportOperation, ImportRequest, ViolationCode as Code, verify_bundle,
};
use wp_codebox::contract::{self, Refusal};

fn bundle(room: &Room) -> PathBuf {
    let before = tree([("plugin.php", text("<?php\n"))]);
    let after = tree([("plugin.php", text("<?php\n// ü\n"))]);
    let mut draft = draft("s", &before, &after);
    let content = AttachmentContent::Json(json!({ "ok": true }));
    draft.attachments =
        vec![Attachment { path: "agent-result.json".into(), kind: "agent-result".into(), content }];
    room.store.write(draft).unwrap().bundle.directory
}

fn codes(dir: &Path) -> Vec<Code> {
    let verification = verify_bundle(dir).unwrap();
    assert_eq!(verification.schema, "wp-codebox/artifact-bundle-verification/v1");
    assert_eq!(verification.valid, verification.violations.is_empty());
    verification.violations.into_iter().map(|violation| violation.code).collect()
}

/// Spoils a fresh bundle and returns what verification says.
fn spoilt(spoil: impl FnOnce(&Path)) -> Vec<Code> {
    let room = room();
    let dir = bundle(&room);
    assert_eq!(codes(&dir), []);
    spoil(&dir);
    codes(&dir)
}

#[test]
fn a_bundle_that_nobody_touched_is_valid() {
    let room = room();
    let dir = bundle(&room);
    let id = dir.file_name().unwrap().to_str().unwrap();
    let inspection = room.store.inspect(id).unwrap();
    assert_eq!(inspection.schema, "wp-codebox/artifact-inspection/v1");
    assert!(inspection.verification.valid);
    assert_eq!(inspection.artifact.id, id);
    room.store.verified(id).unwrap();
}

#[test]
fn manifests_that_are_none() {
    assert_eq!(spoilt(|dir| fs::remove_file(dir.join("manifest.json")).unwrap()), [Code::MissingManifest]);
    assert_eq!(spoilt(|dir| fs::write(dir.join("manifest.json"), "{").unwrap()), [Code::MalformedManifest]);
    assert_eq!(spoilt(|dir| fs::write(dir.join("manifest.json"), "[]").unwrap()), [Code::MalformedManifest]);
    let deep = format!("{{\"id\":{}", "[".repeat(2_000_000));
    assert_eq!(spoilt(|dir| fs::write(dir.join("manifest.json"), deep).unwrap()), [Code::MalformedManifest]);
    assert_eq!(
        spoilt(|dir| {
            fs::rename(dir.join("manifest.json"), dir.join("../kept")).unwrap();
            symlink("../kept", dir.join("manifest.json")).unwrap();
        }),
        [Code::MalformedManifest]
    );
    for (field, value) in [
        ("id", json!("../x")),
        ("id", json!(7)),
        ("createdAt", json!("yesterday")),
        ("runtime", json!([])),
        ("contentDigest", json!({ "algorithm": "md5", "inputs": ["a"], "value": "0".repeat(64) })),
        ("contentDigest", json!({ "algorithm": "sha256", "inputs": "a", "value": "0".repeat(64) })),
        ("contentDigest", json!({ "algorithm": "sha256", "inputs": ["a"], "value": "A".repeat(64) })),
        ("files", json!([])),
        ("files", json!([{ "path": "x", "kind": "y" }])),
    ] {
        let found = spoilt(|dir| edit(dir, "manifest.json", |m| m[field] = value.clone()));
        assert_eq!(found, [Code::InvalidManifestShape], "{field} {value}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    let room = room();
    let dir = bundle(&room);
    for path in support::bundle::files(&dir) {
        let at = dir.join(&path);
        let good = fs::read(&at).unwrap();
        let mut bad = good.clone();
        match bad.last_mut() {
            Some(last) => *last = if *last == b'\n' { b' ' } else { b'x' },
            None => bad.push(b'\n'),
        }
        fs::write(&at, bad).unwrap();
        if path == "manifest.json" {
            // White space between JSON tokens says nothing.
            assert_eq!(codes(&dir), []);
            fs::write(&at, String::from_utf8(good.clone()).unwrap().replace("7.1.1", "7.1.2")).unwrap();
        }
        let found = codes(&dir);
        assert!(found.contains(&Code::FileHashMismatch), "{path}: {found:?}");
        fs::write(&at, good).unwrap();
    }
    assert_eq!(codes(&dir), []);
}

#[test]
fn a_tamperer_who_fixes_the_hashes_is_still_found() {
    // The content digest covers changed files and patch, and through the evidence digest the rest.
    let found = spoilt(|dir| {
        reseal(dir, "files/outcome.json", |outcome| outcome["status"] = "failed".into());
    });
    // Metadata says how it ended, too.
    assert_eq!(found, [Code::DigestMismatch, Code::ReviewEvidenceMismatch]);
    let found = spoilt(|dir| {
        reseal(dir, "files/changed-files.json", |changed| changed["files"] = json!([]));
    });
    assert!(found.contains(&Code::DigestMismatch), "{found:?}");
    assert!(found.contains(&Code::ReviewEvidenceMismatch), "{found:?}");
}

#[test]
fn review_and_metadata_are_vouched_for_by_the_id() {
    let spoils: [(&str, fn(&mut Value)); 8] = [
        ("files/review.json", |review| review["riskFlags"] = json!(["nothing-to-see"])),
        ("files/review.json", |review| review["summary"] = json!("Harmless.")),
        ("files/review.json", |review| review["stats"]["modified"] = json!(0)),
        ("files/review.json", |review| review["changedFiles"] = json!([])),
        ("files/review.json", |review| review["provenance"]["task"] = json!({ "requester": "the owner" })),
        ("metadata.json", |metadata| metadata["mounts"][0]["source"] = json!("/elsewhere")),
        ("metadata.json", |metadata| metadata["outcome"] = json!({ "status": "failed" })),
        ("metadata.json", |metadata| metadata["redaction"] = json!({})),
    ];
    for (path, spoil) in spoils {
        let found = spoilt(|dir| reseal(dir, path, spoil));
        assert!(found.contains(&Code::DigestMismatch), "{path}: {found:?}");
    }
    // What follows from the id itself is not in the digest, and is compared.
    let spoils: [(&str, fn(&mut Value)); 5] = [
        ("files/review.json", |review| drop(review.as_object_mut().unwrap().remove("artifactId"))),
        ("files/review.json", |review| review["evidence"]["artifactContentDigest"] = json!(7)),
        ("metadata.json", |metadata| metadata["id"] = json!([])),
        ("metadata.json", |metadata| metadata["contentDigest"] = Value::Null),
        ("manifest.json", |manifest| manifest["createdAt"] = json!("2099-01-01T00:00:00.000Z")),
    ];
    for (path, spoil) in spoils {
        let found = spoilt(|dir| reseal(dir, path, spoil));
        assert_eq!(found, [Code::MalformedReference], "{path}");
    }
}

#[test]
fn a_review_that_says_less_than_the_list_of_changed_files_is_found_whoever_made_the_bundle() {
    // The maker fits every digest to the lie, the id included.
    let remade = |dir: &Path, spoil: fn(&mut Value)| {
        edit(dir, "files/review.json", spoil);
        remake(dir);
    };
    assert_eq!(spoilt(|dir| remade(dir, |_| ())), []);
    let lies: [fn(&mut Value); 4] = [
        |review| review["riskFlags"] = json!(["nothing-to-see"]),
        |review| review["summary"] = json!("Harmless."),
        |review| review["stats"]["total"] = json!(0),
        |review| review["changedFiles"][0]["label"] = json!("modified README"),
    ];
    for lie in lies {
        assert_eq!(spoilt(|dir| remade(dir, lie)), [Code::ReviewEvidenceMismatch]);
    }
}

#[test]
fn a_review_of_another_making_leaves_no_changed_file_out() {
    let changed = json!({ "files": [
        { "path": "/w/a", "status": "added" },
        { "path": "/w/b", "status": "deleted" },
    ] });
    let mut foreign = Foreign::of(&changed, "");
    let review = json!({ "changedFiles": [{ "path": "/w/a", "status": "added" }], "evidence": {} });
    foreign.add_json("files/review.json", "review", &review);
    foreign.write(false);
    assert_eq!(codes(foreign.dir.path()), [Code::ReviewEvidenceMismatch]);
}

#[test]
fn files_that_are_missing_extra_or_unsafe() {
    let log = "logs/runtime.log";
    assert_eq!(
        spoilt(|dir| fs::remove_file(dir.join(log)).unwrap()),
        [Code::MissingFile, Code::DigestMismatch]
    );
    assert_eq!(spoilt(|dir| fs::write(dir.join("files/extra"), "").unwrap()), [Code::OrphanedFile]);
    assert_eq!(spoilt(|dir| fs::write(dir.join(".hidden"), "").unwrap()), [Code::OrphanedFile]);
    assert_eq!(
        spoilt(|dir| {
            fs::rename(dir.join(log), dir.join("../kept")).unwrap();
            symlink("../../kept", dir.join(log)).unwrap();
        }),
        [Code::UnsafeFile, Code::DigestMismatch]
    );
    assert_eq!(
        spoilt(|dir| {
            fs::rename(dir.join("logs"), dir.join("../kept")).unwrap();
            symlink("../kept", dir.join("logs")).unwrap();
        }),
        [Code::UnsafeFile, Code::UnsafeFile, Code::UnsafeFile, Code::DigestMismatch]
    );
    assert_eq!(
        spoilt(|dir| fs::hard_link(dir.join(log), dir.join("../other-name")).unwrap()),
        [Code::Hardlink]
    );
    assert_eq!(
        spoilt(|dir| {
            let made = std::process::Command::new("mkfifo").arg(dir.join("files/pipe")).status();
            assert!(made.unwrap().success());
        }),
        [Code::UnsafeFile]
    );
}

#[test]
fn directories_without_a_listed_file_are_refused_however_deep_they_go() {
    for empty in ["files/empty".to_owned(), "d/".repeat(80), format!("files/{}", "d/".repeat(63))] {
        assert_eq!(spoilt(|dir| fs::create_dir_all(dir.join(&empty)).unwrap()), [Code::OrphanedFile]);
    }
}

#[test]
fn a_name_that_is_no_text_is_not_hidden_by_one_that_looks_like_it() {
    use std::os::unix::ffi::OsStrExt;
    let room = room();
    let before = tree([("a", text("1\n"))]);
    let mut draft = draft("s", &before, &before);
    let content = AttachmentContent::Text("listed\n".into());
    draft.attachments = ["o\u{fffd}", "d\u{fffd}/x"]
        .map(|path| Attachment { path: path.into(), kind: "note".into(), content: content.clone() })
        .into();
    let dir = room.store.write(draft).unwrap().bundle.directory;
    assert_eq!(codes(&dir), []);
    let raw = |bytes: &'static [u8]| dir.join("files").join(std::ffi::OsStr::from_bytes(bytes));
    fs::write(raw(b"o\xff"), "hidden").unwrap();
    assert_eq!(codes(&dir), [Code::OrphanedFile]);
    fs::create_dir(raw(b"d\xff")).unwrap();
    fs::write(raw(b"d\xff/x"), "hidden").unwrap();
    assert_eq!(codes(&dir), [Code::OrphanedFile; 2]);
}

#[test]
fn a_document_with_a_member_twice_says_two_things_and_is_refused_by_every_reader() {
    let twice = |text: &str| text.replacen('{', r#"{"id":"zzz","createdAt":"2030-01-01T00:00:00Z","#, 1);
    let room = room();
    let dir = bundle(&room);
    let id = dir.file_name().unwrap().to_str().unwrap().to_owned();
    let manifest = dir.join("manifest.json");
    let honest = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, twice(&honest)).unwrap();
    assert_eq!(codes(&dir), [Code::MalformedManifest]);
    let list = room.store.list(&Default::default()).unwrap();
    assert_eq!((list.total, list.artifacts.len()), (0, 0));
    for error in [
        room.store.get(&id).unwrap_err(),
        room.store.verified(&id).unwrap_err(),
        room.store.discard(&id).unwrap_err(),
    ] {
        assert_eq!(Refusal::from(error).code, contract::Code::ArtifactNotFound);
    }
    let other = support::bundle::room();
    let request = ImportRequest { source_bundle_path: Some(dir.clone()), ..Default::default() };
    assert!(other.store.import(&request, ImportOperation::Import).is_err());
    // The damage is seen by who verifies the store.
    assert_eq!(room.store.verify_all(&Default::default(), &[]).unwrap().bundles.len(), 1);
    // Nor in a member's member, nor in any other document.
    fs::write(&manifest, honest.replacen("\"value\":", "\"value\": \"0\", \"value\":", 1)).unwrap();
    assert_eq!(codes(&dir), [Code::MalformedManifest]);
    fs::write(&manifest, &honest).unwrap();
    let review = dir.join("files/review.json");
    fs::write(&review, twice(&fs::read_to_string(&review).unwrap())).unwrap();
    assert!(codes(&dir).contains(&Code::MalformedReference));
}

#[test]
fn paths_that_lead_elsewhere() {
    for bad in
        ["../outside", "/etc/passwd", "a/../../b", "C:/x", "file:x", "a\\b", "", "./x", "a//b", "a/./b"]
    {
        let found = spoilt(|dir| {
            edit(dir, "manifest.json", |manifest| {
                let mut row = manifest["files"][1].clone();
                row["path"] = bad.into();
                manifest["files"].as_array_mut().unwrap().push(row);
            });
            seal(dir);
        });
        assert!(found.contains(&Code::InvalidPath), "{bad:?}: {found:?}");
    }
    let twice = |path: &'static str| {
        spoilt(|dir| {
            edit(dir, "manifest.json", |manifest| {
                let mut row = manifest["files"][1].clone();
                row["path"] = path.into();
                manifest["files"].as_array_mut().unwrap().push(row);
            });
            seal(dir);
        })
    };
    assert!(twice("files/patch.diff").contains(&Code::InvalidManifestShape));
    assert!(twice("FILES/Patch.diff").contains(&Code::InvalidPath), "one file on some file systems");
    let input = |input: &'static str| {
        spoilt(|dir| {
            edit(dir, "manifest.json", |m| m["contentDigest"]["inputs"] = json!([input]));
            seal(dir);
        })
    };
    assert!(input("../../etc/passwd").contains(&Code::InvalidPath));
    assert!(input("files/none").contains(&Code::MalformedReference));
}

#[test]
fn a_bundle_does_not_choose_what_its_content_digest_covers() {
    // Everything agrees; only that the id says nothing of the patch is wrong.
    let codes = spoilt(|dir| {
        edit(dir, "manifest.json", |m| {
            let path = "files/changed-files.json";
            let bytes = fs::read_to_string(dir.join(path)).unwrap();
            let value = sha256(&["wp-codebox/artifact-content/v1\n", path, "\n", &bytes]);
            m["contentDigest"] = json!({ "algorithm": "sha256", "inputs": [path], "value": value });
            m["id"] = format!("artifact-bundle-sha256-{value}").into();
        });
        seal(dir);
    });
    assert!(codes.contains(&Code::DigestMismatch), "{codes:?}");
}

#[test]
fn a_redaction_that_is_none() {
    for redaction in [json!("applied"), json!({}), json!({ "policy": "perhaps" }), json!(null)] {
        let codes = spoilt(|dir| edit(dir, "manifest.json", |m| m["files"][1]["redaction"] = redaction));
        assert_eq!(codes, [Code::InvalidManifestShape]);
    }
}

#[test]
fn manifests_that_do_not_list_themselves_or_lack_hashes() {
    let found = spoilt(|dir| {
        edit(dir, "manifest.json", |m| drop(m["files"].as_array_mut().unwrap().remove(0)));
    });
    assert_eq!(found, [Code::InvalidManifestShape, Code::OrphanedFile]);
    let found = spoilt(|dir| {
        edit(dir, "manifest.json", |m| m["files"][2]["sha256"]["value"] = "ABC".into());
        seal(dir);
    });
    assert_eq!(found, [Code::MissingFileHash]);
}

#[test]
fn ids_that_are_another_bundles() {
    let other = format!("artifact-bundle-sha256-{}", "1".repeat(64));
    let found = spoilt(|dir| {
        edit(dir, "manifest.json", |m| m["id"] = other.clone().into());
        seal(dir);
    });
    assert!(found.contains(&Code::BundleIdMismatch), "{found:?}");
    assert!(found.contains(&Code::ReviewEvidenceMismatch), "{found:?}");
}

#[test]
fn documents_that_point_astray() {
    let metadata = |change: fn(&mut Value)| spoilt(|dir| reseal(dir, "metadata.json", change));
    let review = |change: fn(&mut Value)| spoilt(|dir| reseal(dir, "files/review.json", change));
    assert!(metadata(|m| m["artifacts"]["patch"] = "files/none".into()).contains(&Code::MalformedReference));
    assert!(metadata(|m| m["artifacts"]["patch"] = "../x".into()).contains(&Code::InvalidPath));
    assert!(metadata(|m| m["id"] = "other".into()).contains(&Code::BundleIdMismatch));
    assert!(metadata(|m| m["contentDigest"]["value"] = "0".into()).contains(&Code::DigestMismatch));
    assert!(review(|r| r["evidence"] = Value::Null).contains(&Code::MalformedReference));
    assert!(review(|r| r["evidence"]["patchSha256"] = "0".into()).contains(&Code::ReviewEvidenceMismatch));
    assert!(
        review(|r| r["evidence"]["artifactContentDigest"] = "0".into())
            .contains(&Code::ReviewEvidenceMismatch)
    );
    assert!(
        review(|r| r["evidence"]["testResults"] = "files/none".into()).contains(&Code::MalformedReference)
    );
    assert!(
        review(|r| r["changedFiles"][0]["status"] = "deleted".into()).contains(&Code::ReviewEvidenceMismatch)
    );
    assert!(review(|r| r["artifactId"] = "other".into()).contains(&Code::ReviewEvidenceMismatch));
}

#[test]
fn a_bundle_that_does_not_verify_is_not_trusted() {
    let room = room();
    let dir = bundle(&room);
    fs::write(dir.join("files/extra"), "").unwrap();
    let id = dir.file_name().unwrap().to_str().unwrap();
    let refusal: Refusal = room.store.verified(id).unwrap_err().into();
    assert_eq!(refusal.code.as_str(), "wp_codebox_artifact_verification_failed");
    assert_eq!(refusal.code.http_status(), 400);
    let data = refusal.data();
    assert_eq!(data["schema"], "wp-codebox/artifact-bundle-verification/v1");
    assert_eq!(data["valid"], false);
    assert_eq!(data["violations"][0]["code"], "orphaned-file");
    assert_eq!(data["violations"][0]["file"], "files/extra");
    // Reading and inspecting still work: that is how one finds out.
    assert!(!room.store.inspect(id).unwrap().verification.valid);
}

// --- bundles of the reference implementation

#[test]
fn both_digest_forms_of_the_reference_verify() {
    for by_list in [true, false] {
        let foreign = Foreign::new();
        foreign.write(by_list);
        assert_eq!(codes(foreign.dir.path()), [], "by list: {by_list}");
        edit(foreign.dir.path(), "manifest.json", |m| m["files"][1]["kind"] = "other".into());
        let found = codes(foreign.dir.path());
        assert!(found.contains(&Code::FileHashMismatch));
        assert_eq!(found.contains(&Code::DigestMismatch), by_list, "{found:?}");
    }
}

#[test]
fn ids_without_the_prefix_are_taken_as_they_are() {
    let foreign = Foreign::new();
    foreign.write(true);
    edit(foreign.dir.path(), "manifest.json", |m| m["id"] = "runtime-7".into());
    let found = codes(foreign.dir.path());
    assert_eq!(found, [Code::FileHashMismatch], "only the manifest's own hash is off");
}

/// A document with a digest over its fields and an id from that.
fn sealed(schema: &str, id_prefix: &str, mut document: Value) -> Value {
    document["schema"] = schema.into();
    document["version"] = 1.into();
    let digest = sha256(&[schema, "\n", &contract::stable_json_unescaped(&document)]);
    document["id"] = format!("{id_prefix}{digest}").into();
    document["digest"] = json!({ "algorithm": "sha256", "value": digest });
    document["createdAt"] = "2026-05-05T05:05:05.000Z".into();
    document
}

#[test]
fn reference_manifests_and_replay_indexes() {
    for (kind, schema, prefix, field) in [
        (
            "runtime-reference-manifest",
            "wp-codebox/runtime-reference-manifest/v1",
            "runtime-reference-manifest-sha256-",
            "files",
        ),
        (
            "runtime-replay-index",
            "wp-codebox/runtime-replay-reference-index/v1",
            "runtime-replay-reference-index-sha256-",
            "references",
        ),
    ] {
        let build = |change: &dyn Fn(&mut Value)| {
            let mut foreign = Foreign::new();
            let hash = foreign.add("events.jsonl", "events", "{}\n");
            // The content digest form does not depend on the list, so the id is known beforehand.
            let id = foreign.manifest(false, Value::Null);
            let file = json!({ "path": "events.jsonl", "kind": "events", "contentType": "x", "sha256": { "algorithm": "sha256", "value": hash } });
            let mut document = json!({
                "runtime": { "id": "é" },
                "artifactBundle": { "kind": "artifact-bundle", "id": id["id"], "digest": { "algorithm": "sha256", "value": id["contentDigest"]["value"] } },
                "snapshots": [{ "id": "s", "artifactRefs": [{ "kind": "x", "id": "y", "path": "events.jsonl", "digest": { "algorithm": "sha256", "value": hash } }] }],
            });
            document[field] = if field == "files" { json!([file]) } else { json!({ "events": file }) };
            change(&mut document);
            let mut document = sealed(schema, prefix, document);
            if document["runtime"]["id"] == "after sealing" {
                document["runtime"]["id"] = "changed".into();
            }
            foreign.add_json("files/reference.json", kind, &document);
            foreign.write(false);
            codes(foreign.dir.path())
        };
        let first = |document: &mut Value, edit: &dyn Fn(&mut Value)| match &mut document[field] {
            Value::Array(list) => edit(&mut list[0]),
            map => edit(&mut map["events"]),
        };
        assert_eq!(build(&|_| {}), [], "{kind}");
        assert_eq!(build(&|d| d["artifactBundle"]["id"] = "x".into()), [Code::ReviewEvidenceMismatch]);
        assert_eq!(
            build(&|d| first(d, &|f| f["sha256"]["value"] = "0".repeat(64).into())),
            [Code::FileHashMismatch]
        );
        assert_eq!(build(&|d| first(d, &|f| f["path"] = "files/none".into())), [Code::MalformedReference]);
        assert_eq!(build(&|d| first(d, &|f| f["path"] = "../none".into())), [Code::InvalidPath]);
        assert_eq!(build(&|d| first(d, &|f| f["sha256"] = Value::Null)), [Code::MissingFileHash]);
        assert_eq!(
            build(&|d| d["snapshots"][0]["artifactRefs"][0]["digest"]["value"] = "0".repeat(64).into()),
            [Code::FileHashMismatch]
        );
        assert_eq!(build(&|d| d["runtime"]["id"] = "after sealing".into()), [Code::DigestMismatch]);
    }
}

#[test]
fn episode_traces() {
    let build = |change: &dyn Fn(&mut Value)| {
        let mut foreign = Foreign::new();
        let payload = json!({ "schema": "wp-codebox/runtime-episode-observation/v1", "type": "files", "data": {}, "observedAt": "t", "artifactRefs": [] });
        let digest =
            sha256(&["wp-codebox/runtime-episode-trace/v1\n", &contract::stable_json_unescaped(&payload)]);
        let observation = json!({ "id": "o", "type": "files", "data": {}, "observedAt": "t", "digest": { "algorithm": "sha256", "value": digest } });
        let mut trace = json!({
            "schema": "wp-codebox/runtime-episode-trace/v1", "version": 1,
            "reset": { "observations": [observation] },
            "steps": [{ "index": 0, "observation": observation }, { "index": 1 }],
            "snapshots": []
        });
        change(&mut trace);
        foreign.add_json("files/runtime-episode-trace.json", "runtime-episode-trace", &trace);
        foreign.write(true);
        codes(foreign.dir.path())
    };
    assert_eq!(build(&|_| {}), []);
    assert_eq!(build(&|t| t["version"] = 2.into()), [Code::MalformedReference]);
    assert_eq!(build(&|t| t["steps"][1]["index"] = 2.into()), [Code::MalformedReference]);
    assert_eq!(build(&|t| t["steps"][1]["reward"] = 2.into()), [Code::MalformedReference]);
    assert_eq!(build(&|t| t["steps"][0]["observation"]["data"]["x"] = 2.into()), [Code::MalformedReference]);
    assert_eq!(build(&|t| t["reset"]["observations"][0]["type"] = "x".into()), [Code::MalformedReference]);
}

#[test]
fn typed_artifacts_and_their_payloads() {
    let build = |change: &dyn Fn(&mut Value)| {
        let mut foreign = Foreign::new();
        let hash = foreign.add("files/typed/one.json", "typed-artifact", "{\"ok\":true}\n");
        let mut index = json!({
            "schema": "wp-codebox/typed-artifacts-index/v1",
            "artifacts": [{
                "name": "one", "type": "summary",
                "payload": { "ok": true, "items": [1, 2] },
                "payload_schema": {
                    "type": "object", "required": ["ok"], "additionalProperties": false,
                    "properties": { "ok": { "type": "boolean" }, "items": { "type": "array", "items": { "type": "integer", "minimum": 1 }, "maxItems": 3 } }
                },
                "artifact": { "path": "files/typed/one.json", "sha256": hash }
            }]
        });
        change(&mut index["artifacts"][0]);
        foreign.add_json("files/typed/index.json", "typed-artifacts-index", &index);
        foreign.write(true);
        codes(foreign.dir.path())
    };
    assert_eq!(build(&|_| {}), []);
    assert_eq!(build(&|a| a["artifact"]["sha256"] = "0".repeat(64).into()), [Code::FileHashMismatch]);
    assert_eq!(build(&|a| a["artifact"]["path"] = "files/none".into()), [Code::MalformedReference]);
    for payload in [
        json!({}),
        json!([]),
        json!({ "ok": "yes" }),
        json!({ "ok": true, "more": 1 }),
        json!({ "ok": true, "items": [0] }),
        json!({ "ok": true, "items": [1.5] }),
        json!({ "ok": true, "items": [1, 1, 1, 1] }),
    ] {
        assert_eq!(build(&|a| a["payload"] = payload.clone()), [Code::PayloadSchemaViolation], "{payload}");
    }
    // What somebody else's schema asks beyond what is checked does not spoil the bundle.
    let asks = json!({ "$ref": "#/x", "additionalProperties": false, "patternProperties": { "^(ok|items)$": { "format": "x" } } });
    assert_eq!(build(&|a| a["payload_schema"] = asks.clone()), []);
    let branches: Vec<Value> = vec![json!({ "items": true }); 1000];
    let costly = |a: &mut Value| {
        a["payload"] = vec![1; 5000].into();
        a["payload_schema"] = json!({ "allOf": branches });
    };
    assert_eq!(build(&costly), [Code::PayloadSchemaViolation]);
}

#[test]
fn tool_call_transcripts() {
    let build = |change: &dyn Fn(&mut Value)| {
        let mut foreign = Foreign::new();
        let hash = foreign.add("files/out.txt", "file", "x");
        let mut transcript = json!({
            "schema": "wp-codebox/tool-call-transcript/v1",
            "redaction": { "policy": "applied" },
            "tool_calls": [{
                "call_id": "1", "tool_name": "read", "tool_type": "x", "phase": "run", "status": "succeeded",
                "redaction": { "policy": "none" },
                "output_artifacts": [{ "path": "files/out.txt", "sha256": hash }]
            }]
        });
        change(&mut transcript);
        foreign.add_json("files/tool-calls/transcript.json", "tool-call-transcript", &transcript);
        foreign.write(true);
        codes(foreign.dir.path())
    };
    assert_eq!(build(&|_| {}), []);
    assert_eq!(build(&|t| t["redaction"] = Value::Null), [Code::MalformedReference]);
    assert_eq!(
        build(&|t| t["tool_calls"][0]["redaction"]["policy"] = "x".into()),
        [Code::MalformedReference]
    );
    assert_eq!(build(&|t| t["tool_calls"][0]["tool_name"] = "".into()), [Code::MalformedReference]);
    assert_eq!(
        build(&|t| t["tool_calls"][0]["output_artifacts"][0]["sha256"] = "0".repeat(64).into()),
        [Code::FileHashMismatch]
    );
    assert_eq!(
        build(&|t| t["tool_calls"][0]["output_artifacts"][0]["path"] = "files/none".into()),
        [Code::MalformedReference]
    );
}

#[test]
fn cases_and_viewers_in_the_manifest() {
    let cases = |cases: Value| {
        let foreign = Foreign::new();
        foreign.write_with(true, cases);
        codes(foreign.dir.path())
    };
    assert_eq!(
        cases(
            json!([{ "id": "a", "createdAt": "2026-01-01T00:00:00Z", "artifacts": ["files/patch.diff"] }, { "id": "b" }])
        ),
        []
    );
    assert_eq!(cases(json!([{ "id": "a" }, { "id": "a" }])), [Code::InvalidManifestShape]);
    assert_eq!(cases(json!([{ "id": "a", "createdAt": "noon" }])), [Code::InvalidManifestShape]);
    assert_eq!(cases(json!([{ "id": "a", "artifacts": ["files/none"] }])), [Code::MalformedReference]);
    let wrong =
        json!([{ "id": "a", "artifacts": [{ "path": "files/patch.diff", "sha256": "0".repeat(64) }] }]);
    assert_eq!(cases(wrong), [Code::FileHashMismatch]);

    for (base, good) in [
        ("https://playground.wordpress.net/", true),
        ("http://example.org:8080/x", true),
        ("http://localhost/", false),
        ("http://127.0.0.1:9/", false),
        ("http://user@127.1.2.3/", false),
        ("http://[::1]/", false),
        ("//example.org/", false),
        ("javascript:alert(1)", false),
    ] {
        let foreign = Foreign::new();
        foreign.write(false);
        edit(foreign.dir.path(), "manifest.json", |m| m["files"][1]["viewer"] = json!({ "base": base }));
        seal(foreign.dir.path());
        let expected: &[Code] = if good { &[] } else { &[Code::MalformedReference] };
        assert_eq!(codes(foreign.dir.path()), expected, "{base}");
    }
}

#[test]
fn a_hostile_manifest_has_a_bounded_report() {
    let foreign = Foreign::new();
    foreign.write(true);
    edit(foreign.dir.path(), "manifest.json", |manifest| {
        let rows = manifest["files"].as_array_mut().unwrap();
        rows.extend(
            (0..20_000).map(|n| json!({ "path": format!("../{n}"), "kind": "x", "contentType": "x" })),
        );
    });
    let verification = verify_bundle(foreign.dir.path()).unwrap();
    assert_eq!(verification.violations.len(), 500);
    assert!(verification.unlisted > 20_000);
}
