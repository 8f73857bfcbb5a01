//! Each way out that was thought of.

use super::encodings::ALL;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write;
use wp_codebox::artifact::{Found, Redactor, Secret};

const VALUE: &str = "tR7'kq/<9&+ZpX\"w\\n2 mVb?%41";
const MARKER: &str = "[REDACTED:configured-secret-value]";

fn redactor(values: &[&str]) -> Redactor {
    let secrets: Vec<Secret> = values.iter().map(|value| Secret::new("NAME", *value).unwrap()).collect();
    Redactor::new(&secrets)
}

fn clean(redactor: &Redactor, text: &str) -> String {
    redactor.text(text, &mut Found::default()).into_owned()
}

/// The named encoding of [`VALUE`] in the middle of a text comes out as a marker.
fn assert_hidden(names: &[&str]) {
    let redactor = redactor(&[VALUE]);
    for name in names {
        let (_, encode) =
            ALL.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no encoding {name}"));
        let text = format!("before |{}| after", encode(VALUE));
        let shown = clean(&redactor, &text);
        assert!(shown.starts_with("before |") && shown.ends_with("| after"), "{name}: {shown}");
        assert!(shown.contains(MARKER), "{name}: {text}");
        // One marker a line.
        assert!(shown.len() < (MARKER.len() + 40) * shown.lines().count(), "{name}: {shown}");
    }
}

#[test]
fn chunk_split_at_every_byte() {
    let redactor = redactor(&[VALUE]);
    let text = format!("{}{VALUE}{}", "a b c\n".repeat(40), "d e f\n".repeat(40));
    let whole = clean(&redactor, &text);
    for split in 0..=text.len() {
        for block in [1, 7, 250, 256, 300] {
            let mut stream = redactor.stream().with_block(block);
            let mut out = Vec::new();
            let (one, two) = text.as_bytes().split_at(split);
            stream.push(one, &mut out);
            stream.push(two, &mut out);
            assert_eq!(stream.finish(&mut out).total(), 1);
            assert_eq!(String::from_utf8(out).unwrap(), whole, "split at {split}, block {block}");
        }
    }
}

#[test]
fn secret_across_every_seam_between_blocks() {
    let redactor = redactor(&[VALUE]);
    let filler = "x;\n".repeat(9000);
    for block in 100..180 {
        let text = format!("{}{VALUE}{filler}", "-".repeat(150));
        let mut stream = redactor.stream().with_block(block);
        let mut out = Vec::new();
        stream.push(text.as_bytes(), &mut out);
        stream.finish(&mut out);
        assert_eq!(out, format!("{}{MARKER}{filler}", "-".repeat(150)).into_bytes(), "block {block}");
    }
}

#[test]
fn base64_in_three_phases() {
    assert_hidden(&["base64", "base64 after one byte", "base64 after two bytes"]);
}

#[test]
fn base64_url_safe_in_three_phases() {
    let names = ["base64 url-safe", "base64 url-safe after one byte", "base64 url-safe after two bytes"];
    // Bytes that have other characters in the two alphabets.
    let value = "~~~???>>>ÿÿÿ7x7x";
    let redactor = redactor(&[value]);
    for name in names {
        let (_, encode) = ALL.iter().find(|(known, _)| *known == name).unwrap();
        assert!(clean(&redactor, &encode(value)).contains(MARKER), "{name}");
    }
    assert_hidden(&names);
}

#[test]
fn base64_in_a_url_and_octal_in_the_name_of_a_file() {
    let value = "~~~???>>>ÿÿÿ7x7x";
    let redactor = redactor(&[value]);
    for name in ["base64 in a URL", "octal of git"] {
        let (_, encode) = ALL.iter().find(|(known, _)| *known == name).unwrap();
        let shown = clean(&redactor, &format!("a/{}.php", encode(value)));
        assert!(
            shown.starts_with(&format!("a/{MARKER}")) && shown.len() < MARKER.len() + 20,
            "{name}: {shown}"
        );
    }
    let patch = "diff --git \"a/~~~???>>>\\303\\277\\303\\277\\303\\2777x7x\"";
    assert!(clean(&redactor, patch).contains(MARKER));
}

#[test]
fn control_characters_in_json_of_any_style() {
    let value = "ab1\tCd2ä€\u{c}Ef3x";
    let redactor = redactor(&[value]);
    for json in [serde_json::to_string(value).unwrap(), "\"ab1\\tCd2\\u00e4\\u20AC\\fEf3x\"".to_owned()] {
        assert_eq!(clean(&redactor, &json), format!("\"{MARKER}\""));
    }
}

#[test]
fn secrets_with_characters_of_regular_expressions() {
    for value in ["^.*$(a|b)[0-9]{3}+?\\d", "$1\\1${name}%s%1$s", "]]]]]]]]>>1.*"] {
        let shown = clean(&redactor(&[value]), &format!("<{value}> and not abab0123d"));
        assert!(shown.contains(MARKER) && shown.ends_with("and not abab0123d"), "{shown}");
    }
}

#[test]
fn gzip_of_several_members_with_a_secret_across_two() {
    let gzip = |text: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    };
    let (head, tail) = VALUE.as_bytes().split_at(9);
    let parts = [gzip(b"first of all"), gzip(head), gzip(tail)].concat();
    assert!(redactor(&[VALUE]).holds_packed(&parts));
}

#[test]
fn base64_of_mail_with_lines_of_64_and_76() {
    let redactor = redactor(&[VALUE]);
    for before in 0..80 {
        let encoded = STANDARD.encode(format!("{}{VALUE}{}", "x".repeat(before), "y".repeat(90)));
        for width in [64, 76] {
            for end in ["\n", "\r\n"] {
                let lines: Vec<&str> =
                    encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
                let shown = clean(&redactor, &lines.join(end));
                assert!(shown.contains(MARKER), "{before} {width} {end:?}");
                assert_eq!(shown.matches(end).count(), lines.len() - 1);
            }
        }
    }
}

#[test]
fn numbers_and_keys_that_are_secrets() {
    let redactor = redactor(&["482915730664", "kQ7xk29Zp4Rt"]);
    let mut value = serde_json::json!({ "pin": 482_915_730_664_u64, "kQ7xk29Zp4Rt": [-482_915_730_664_i64], "other": 482_915 });
    redactor.value(&mut value, &mut Found::default());
    let marked = format!("-{MARKER}");
    assert_eq!(value, serde_json::json!({ "pin": MARKER, MARKER: [marked], "other": 482_915 }));
}

#[test]
fn base64_split_across_lines() {
    let redactor = redactor(&[VALUE]);
    let encoded = STANDARD.encode(format!("user:{VALUE}:and more of it"));
    for width in 4..encoded.len() {
        for end in ["\n", "\r\n", "\n+", "\n    ", "\\n", "\\r\\n", "\" .\n  \""] {
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let shown = clean(&redactor, &lines.join(end));
            assert!(shown.contains(MARKER), "{width} {end:?}");
            let joined: String = shown.split(end).collect();
            assert!(!joined.contains(&encoded[12..24]), "{width} {end:?}: {shown}");
        }
    }
}

#[test]
fn basic_authorization() {
    let redactor = redactor(&[VALUE]);
    let header = format!("Authorization: Basic {}", STANDARD.encode(format!("admin:{VALUE}")));
    let shown = clean(&redactor, &header);
    assert!(shown.starts_with("Authorization: Basic ") && shown.contains("[REDACTED:"), "{shown}");
    assert!(!shown.contains(&STANDARD.encode(VALUE)[8..20]));
}

#[test]
fn hex_in_both_cases_and_as_a_dump() {
    assert_hidden(&["hex", "hex, upper case", "hex dump"]);
}

#[test]
fn percent_once_and_twice_in_both_cases() {
    assert_hidden(&[
        "percent",
        "percent, lower case",
        "percent, twice",
        "percent, every byte",
        "percent, every byte, twice",
        "form",
        "percent of a form",
    ]);
}

#[test]
fn json_and_php_escapes() {
    assert_hidden(&[
        "JSON",
        "JSON in JSON",
        "JSON of PHP",
        "JSON, every character",
        "JSON, letters in other cases",
        "JSON in a script of WordPress",
        "JSON of Go",
        "PHP var_export",
        "PHP serialize",
        "SQL",
        "shell",
        "concatenated",
    ]);
}

#[test]
fn html_escapes() {
    assert_hidden(&["HTML of PHP", "HTML of JavaScript", "HTML, twice", "HTML, every character"]);
    assert_hidden(&["a URL of WordPress"]);
}

#[test]
fn utf16_text() {
    let utf16: Vec<u8> = "see sk9Xq2-Lm4Pz8Rt here".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let clean = redactor(&["sk9Xq2-Lm4Pz8Rt"]).bytes(&utf16, &mut Found::default()).into_owned();
    assert!(clean.windows(MARKER.len()).any(|part| part == MARKER.as_bytes()));
}

#[test]
fn gzip_zlib_and_zip_inside_files() {
    let redactor = redactor(&[VALUE]);
    let text = format!("{}{VALUE}{}", "lots of text. ".repeat(9000), "more. ".repeat(9000));
    let gzip = |text: &str| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    assert!(redactor.holds_packed(&gzip(&text)));
    assert!(!redactor.holds_packed(&gzip("nothing to see")));
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(text.as_bytes()).unwrap();
    assert!(redactor.holds_packed(&zlib.finish().unwrap()));

    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(text.as_bytes()).unwrap();
    let deflated = deflated.finish().unwrap();
    let mut zip = b"PK\x03\x04\x14\0\x08\0\x08\0".to_vec();
    zip.extend([0; 16]);
    zip.extend(5u16.to_le_bytes());
    zip.extend([0; 2]);
    zip.extend(b"a.txt");
    zip.extend(&deflated);
    assert!(redactor.holds_packed(&zip));
    assert!(!Redactor::default().holds_packed(&zip));
}

#[test]
fn a_bomb_is_not_unpacked_and_not_trusted() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..65 {
        gzip.write_all(&zeros).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert!(redactor(&[VALUE]).holds_packed(&bomb));
    assert!(!Redactor::default().holds_packed(&bomb));
}

#[test]
fn names_of_files() {
    let redactor = redactor(&["sk9Xq2-Lm4Pz8Rt"]);
    assert_eq!(clean(&redactor, "inc/sk9Xq2-Lm4Pz8Rt.php"), format!("inc/{MARKER}.php"));
    let header = "diff --git a/inc/sk9Xq2-Lm4Pz8Rt.php b/inc/sk9Xq2-Lm4Pz8Rt.php\n";
    assert_eq!(clean(&redactor, header), format!("diff --git a/inc/{MARKER}.php b/inc/{MARKER}.php\n"));
}

#[test]
fn stack_traces_that_cut_arguments() {
    let redactor = redactor(&["sk_live_9Xq2Lm4Pz8Rt6Vb1Nc3K"]);
    let shown = clean(&redactor, "#0 /workspace/a.php(3): charge('sk_live_9Xq2Lm4...', 100)");
    assert_eq!(shown, format!("#0 /workspace/a.php(3): charge('{MARKER}...', 100)"));
}

#[test]
fn secrets_that_overlap_or_contain_each_other() {
    let redactor = redactor(&["abc123def456", "def456ghi789", "abc123def456ghi789jkl0"]);
    assert_eq!(clean(&redactor, "<abc123def456ghi789>"), format!("<{MARKER}>"));
    assert_eq!(clean(&redactor, "<abc123def456ghi789jkl0>"), format!("<{MARKER}>"));
    assert_eq!(clean(&redactor, "abc123def456|def456ghi789"), format!("{MARKER}|{MARKER}"));
}

#[test]
fn a_secret_that_repeats_itself() {
    let redactor = redactor(&["ab1cd2ab1cd2ab1cd2"]);
    let text = "ab1cd2".repeat(20_000);
    let shown = clean(&redactor, &text);
    assert!(!shown.contains("ab1cd2"), "{}", &shown[..200]);
}

const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n\
    MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n\
    NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ\n\
    -----END PRIVATE KEY-----\n";

#[test]
fn multi_line_secrets_whole_by_line_and_in_a_patch() {
    let redactor = redactor(&[KEY]);
    let body: Vec<&str> = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let gone = |shown: &str| body.iter().for_each(|line| assert!(!shown.contains(&line[8..40]), "{shown}"));
    gone(&clean(&redactor, KEY));
    let patch: String = KEY.lines().map(|line| format!("+{line}\n")).collect();
    let shown = clean(&redactor, &patch);
    gone(&shown);
    assert_eq!(shown.lines().count(), patch.lines().count());
    assert!(shown.lines().all(|line| line.starts_with('+')), "{shown}");
    gone(&clean(&redactor, &serde_json::to_string(KEY).unwrap()));
    gone(&clean(&redactor, &KEY.replace('\n', "\r\n")));
    gone(&clean(&redactor, &format!("[10:00] {}", body.join("\n[10:01] "))));
    let encoded = STANDARD.encode(KEY);
    assert!(!clean(&redactor, &encoded).contains(&encoded[60..90]));
}

#[test]
fn a_backslash_before_a_secret_that_begins_like_an_escape() {
    let redactor = redactor(&["nQ7xk29Zp4Rt"]);
    for text in ["C:\\nQ7xk29Zp4Rt", "\\nnQ7xk29Zp4Rt", "x\\\\nQ7xk29Zp4Rt"] {
        assert!(!clean(&redactor, text).contains("Q7xk29Zp4Rt"), "{text}");
    }
}

#[test]
fn a_value_split_behind_its_own_backslash() {
    let shown = clean(&redactor(&["aA0A\\nQ7xk29Zp"]), "'aA0A\\' . 'nQ7xk29Zp'");
    assert!(shown.contains(MARKER) && !shown.contains("Q7xk29Zp"), "{shown}");
}

#[test]
fn a_secret_stretched_over_pages_is_not_followed_for_ever() {
    // What lies within 8 KiB is found; a reader would not take more for one word.
    let redactor = redactor(&["sk9Xq2Lm4Pz8Rt"]);
    assert!(clean(&redactor, &format!("sk9Xq2L{}m4Pz8Rt", "\n".repeat(4000))).contains(MARKER));
    let far = format!("sk9Xq2L{}m4Pz8Rt", "\n".repeat(9000));
    assert_eq!(clean(&redactor, &far), far);
}

/// Denial of service: a text in which a token begins at each fourth byte and never ends as one.
#[test]
fn beginnings_of_tokens_do_not_hold_the_process() {
    let redactor = redactor(&[]);
    for piece in [
        "eyJ.",
        ".eyJaaaaaaa",
        "eyJabcdefg.abcdefgh.",
        "SG.",
        "ya29.",
        "eyJ..",
        "-----BEGIN PRIVATE KEY-----",
    ] {
        let text = piece.repeat((8 << 20) / piece.len());
        assert_eq!(clean(&redactor, &text).len(), text.len(), "{piece}");
    }
}

#[test]
fn a_value_beyond_ascii_as_names_bytes_markup_and_mails_have_it() {
    let value = "Käse7!Löwe9=ZqXw4";
    let redactor = redactor(&[value]);
    for spelled in [
        r#"b/n-K\303\244se7!L\303\266we9=ZqXw4.txt"#,
        r"K\xc3\xa4se7!L\xC3\xB6we9=ZqXw4",
        "K&#228;se7!L&#246;we9=ZqXw4",
        "K&#xe4;se7!L&#xF6;we9=ZqXw4",
        "K&auml;se7!L&ouml;we9=ZqXw4",
        "K=C3=A4se7!L=C3=B6we9=3DZqXw4",
    ] {
        let shown = clean(&redactor, &format!("before |{spelled}| after"));
        assert!(shown.contains(MARKER), "{shown}");
        assert!(!shown.contains("ZqXw4") && !shown.contains("se7!"), "{shown}");
    }
}

#[test]
fn hexadecimal_with_something_between_the_bytes() {
    let value = "tR7kq9ZpXw2mVb41";
    let redactor = redactor(&[value]);
    let hex =
        |format: fn(u8) -> String, between: &str| value.bytes().map(format).collect::<Vec<_>>().join(between);
    for spelled in [
        hex(|b| format!("{b:02x}"), ":"),
        hex(|b| format!("{b:02X}"), " "),
        hex(|b| format!("0x{b:02x}"), ", "),
        hex(|b| format!("0x{b:02X}"), ","),
    ] {
        let shown = clean(&redactor, &format!("before |{spelled}| after"));
        assert!(shown.contains(MARKER) && !shown.contains("37"), "{shown}");
    }
}
